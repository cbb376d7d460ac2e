"""Which handshakes prove whose they are."""

from __future__ import annotations

import ssl

import pytest

from boxship.connect.contexts import Contexts
from boxship.settings.trust import Trust

CHECKS, SKIPS = Trust(), Trust(skipped="flag --skip-tls-verify")


def context(*, host: bool, verified: bool) -> ssl.SSLContext:
    own = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    own.check_hostname = host
    own.verify_mode = ssl.CERT_REQUIRED if verified else ssl.CERT_NONE
    return own


@pytest.mark.parametrize("named", [True, False])
def test_a_handshake_proves_it_unless_nobody_looks(*, named: bool) -> None:
    assert Contexts(None).verifies(CHECKS, named=named)
    assert not Contexts(None).verifies(SKIPS, named=named)


@pytest.mark.parametrize(
    ("host", "verified", "proves"), [(True, True, True), (False, True, False), (False, False, False)]
)
def test_with_a_context_of_the_callers_own_that_one_counts(*, host: bool, verified: bool, proves: bool) -> None:
    contexts = Contexts(context(host=host, verified=verified))
    assert contexts.verifies(SKIPS, named=True) is proves
    assert contexts.verifies(CHECKS, named=False)  # to others it is not shown
