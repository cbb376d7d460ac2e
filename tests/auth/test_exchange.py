"""Where a token server is asked: at the registry's own place, or at a site of its own."""

from __future__ import annotations

import pytest

from boxship.auth.exchange import _realm_site
from boxship.auth.realm import Realm
from boxship.connect.address import Address
from boxship.connect.verdict import Origin, Verdict
from boxship.reference import Scheme
from tests.connect.driving import site

REGISTRY = site("reg.corp:5000")
HTTPS = site("reg.corp")


def verdict(port: int, scheme: Scheme = "https") -> Verdict:
    return Verdict(Origin(scheme, "reg.corp", port), Address.of("10.0.0.5", port), told=True)


@pytest.mark.parametrize(
    ("realm", "port"),
    [
        ("https://reg.corp:5000/token", 5000),
        ("http://reg.corp:5000/token", 5000),
        ("https://REG.corp.:5000/token", 5000),
        ("https://reg.corp/token", 443),
        ("https://reg.corp:443/token", 443),
        ("http://reg.corp/token", 443),  # as behind a balancer that ends TLS, and does not say so
        ("https://reg.corp/token", 80),
        ("http://reg.corp:80/token", 80),
    ],
)
def test_a_token_server_at_the_same_place_is_the_same_site(realm: str, port: int) -> None:
    assert _realm_site(Realm.parse(realm), REGISTRY, verdict(port)) is REGISTRY


@pytest.mark.parametrize(
    ("realm", "port"),
    [
        ("https://reg.corp:5001/token", 5000),
        ("https://reg.corp/token", 5000),
        ("http://reg.corp/token", 5000),
        ("https://reg.corp:5000/token", 443),
        ("https://reg.corp:444/token", 443),
    ],
)
def test_another_port_is_a_site_of_its_own_with_the_same_trust(realm: str, port: int) -> None:
    own = _realm_site(Realm.parse(realm), REGISTRY, verdict(port))
    assert own.registry == Realm.parse(realm).registry
    assert (own.trust, own.named) == (REGISTRY.trust, REGISTRY.named)
    assert own != REGISTRY


def test_another_host_has_none_of_what_is_for_the_registry() -> None:
    own = _realm_site(Realm.parse("https://auth.corp:5000/token"), REGISTRY, verdict(5000))
    assert own.registry.host == "auth.corp"
    assert not own.named
    assert own.trust == REGISTRY.trust.for_others()
