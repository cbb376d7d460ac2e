"""Before a secret is sent to a site: what is waited for and said; and how a connector's waits are ended."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest

from boxship.connect.address import Permission
from boxship.connect.deadline import Bounds, Work
from boxship.errors import Cancelled, PlainNotPermitted, TLSFailed
from boxship.event import Event
from boxship.settings.hosts import Scheme
from boxship.testing import NEVER, ScriptedRegistry, mute, refused, serving, tls
from tests.connect.driving import NAME, Certificates, cancelling, connecting, nothing_left, reach, site
from tests.transport.reaching import AT_ONCE

REGISTRY = ScriptedRegistry()
SITE, SITE_HTTPS = site(NAME), site(NAME, Scheme.HTTPS)
SECRET = "the password of ana"


@pytest.fixture(autouse=True)
def _no_descriptor_is_left() -> Iterator[None]:
    with nothing_left():
        yield


def test_a_secret_goes_over_tls_at_once(certificates: Certificates) -> None:
    with (
        tls(REGISTRY, certificates.good()) as secure,
        refused() as plain,
        connecting(certificates.client(), {443: secure, 80: plain}) as connector,
    ):
        verdict = reach(connector, SITE)
        assert connector.secure(SITE, Work(), SECRET) == verdict


def test_with_consent_a_secret_goes_over_plain_where_tls_is_absent_and_that_is_told(certificates: Certificates) -> None:
    told = list[Event]()
    with (
        serving(REGISTRY) as secure,
        serving(REGISTRY) as plain,
        connecting(certificates.client(), {443: secure, 80: plain}) as connector,
    ):
        reach(connector, SITE)
        verdicts = [connector.secure(SITE, Work(listener=told.append), SECRET) for _ in range(2)]
        assert [(verdict.absent, verdict.private) for verdict in verdicts] == [(True, True)] * 2
        assert not reach(connector, SITE).tls
    [warning] = [event for event in told if event.level == "W"]
    for words in (SECRET, "over plain HTTP", "does not speak TLS", "http://registry.test"):
        assert words in warning.text


def test_before_a_secret_is_sent_slow_tls_is_waited_for(certificates: Certificates) -> None:
    with (
        tls(REGISTRY, certificates.good(), delay=0.8) as secure,
        serving(REGISTRY) as plain,
        connecting(certificates.client(), {443: secure, 80: plain}, bounds=Bounds()) as connector,
    ):
        reach(connector, SITE)
        assert connector.secure(SITE, Work(), SECRET).tls
        assert reach(connector, SITE).tls


def test_bad_tls_that_comes_late_is_the_error(certificates: Certificates) -> None:
    with tls(REGISTRY, certificates.unknown(), delay=0.8) as secure, serving(REGISTRY) as plain:
        with connecting(certificates.client(), {443: secure, 80: plain}, bounds=Bounds()) as connector:
            reach(connector, SITE)
            for _ in range(2):
                with pytest.raises(TLSFailed, match="not accepted"):
                    connector.secure(SITE, Work(), SECRET)
        assert len(plain.requests) == 1


def test_without_consent_the_secret_is_named_and_stays_here(certificates: Certificates) -> None:
    with refused() as secure, serving(REGISTRY) as plain:
        with connecting(certificates.client(), {443: secure, 80: plain}) as connector:
            verdict = reach(connector, SITE)
            # Private literals have this permission; they cannot be had on loopback.
            connector._known(SITE).verdict = replace(verdict, permission=Permission.READS)
            with pytest.raises(PlainNotPermitted, match=SECRET) as caught:
                connector.secure(SITE, Work(), SECRET)
            assert "--plain-http" in caught.value.remedy
        assert len(plain.requests) == 1


# The end.


def test_waiting_for_another_threads_race_is_cancelled_at_once(certificates: Certificates) -> None:
    waiting = Work()
    with mute() as secure, connecting(certificates.client(), {443: secure}, bounds=Bounds()) as connector:
        racing = Work()
        race = threading.Thread(target=_cancelled, args=(lambda: connector.line(SITE_HTTPS, racing),))
        race.start()
        secure.connection()
        with cancelling(waiting, lambda: None) as cancelled, pytest.raises(Cancelled):
            connector.line(SITE_HTTPS, waiting)
        assert time.monotonic() - cancelled[0] < AT_ONCE
        racing.cancel()
        race.join()


def _cancelled(call: Callable[[], object]) -> None:
    with pytest.raises(Cancelled):
        call()


def test_closing_ends_the_race_of_another_thread(certificates: Certificates) -> None:
    with mute() as secure, serving(REGISTRY) as plain:
        with connecting(certificates.client(), {443: secure, 80: plain}, bounds=Bounds()) as connector:
            reach(connector, SITE)
            thread = threading.Thread(target=_cancelled, args=(lambda: connector.secure(SITE, Work(), SECRET),))
            thread.start()
            time.sleep(0.05)
            began = time.monotonic()
            connector.close()
            thread.join()
            assert time.monotonic() - began < AT_ONCE
        assert len(plain.requests) == 1


def test_what_was_closed_permits_no_secret(certificates: Certificates) -> None:
    with (
        refused() as secure,
        serving(REGISTRY) as plain,
        connecting(certificates.client(), {443: secure, 80: plain}) as connector,
    ):
        reach(connector, SITE)
        connector.close()
        with pytest.raises(Cancelled):
            connector.secure(SITE, Work(), SECRET)


def test_a_race_that_is_cancelled_leaves_no_verdict(certificates: Certificates) -> None:
    work = Work()
    with (
        refused() as secure,
        serving(NEVER) as plain,
        connecting(certificates.client(), {443: secure, 80: plain}, bounds=Bounds()) as connector,
    ):
        with cancelling(work, plain.connection), pytest.raises(Cancelled):
            connector.line(SITE, work)
        assert connector.verdict(SITE) is None
