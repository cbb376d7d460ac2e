"""Where a site is tried, and with what: permission belongs to the address that is dialled."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import ip_network

import pytest

from boxship.connect.address import Address, Permission
from boxship.connect.attempt import Place
from boxship.connect.deadline import Work
from boxship.connect.leg import Leg
from boxship.connect.legs import again, legs_of
from boxship.connect.places import Atlas, permission, permitted_by
from boxship.connect.resolve import Resolver
from boxship.connect.verdict import Origin, Verdict
from boxship.errors import PlainNotPermitted
from boxship.settings.hosts import Scheme, Site
from boxship.settings.sourced import Sourced
from boxship.testing import ScriptedRegistry, refused, serving
from tests.connect.driving import NAME, Certificates, connecting, reach, site

PUBLIC, PRIVATE, LOOPBACK = "8.8.8.8", "10.0.0.5", "127.0.0.1"
BY_ADDRESS, AUTO, HTTP, HTTPS = Scheme.BY_ADDRESS, Scheme.AUTO, Scheme.HTTP, Scheme.HTTPS


def at(ip: str, port: int) -> Address:
    return Address.of(ip, port)


def places(where: Site, addresses: tuple[Address, ...], found: Verdict | None = None) -> tuple[Place, ...]:
    """Where to try what, directly; the first time, or as the verdict says."""
    leg = again(where, found) if found else legs_of(where, None)[0]
    return Atlas(Resolver()).places(leg, addresses)


@pytest.mark.parametrize(
    ("name", "scheme", "dialled", "ports"),  # of TLS, of plain HTTP, and of what is only asked
    [
        pytest.param(PRIVATE, BY_ADDRESS, PRIVATE, (443, 80), id="a private literal"),
        pytest.param(PUBLIC, BY_ADDRESS, PUBLIC, (443, None, 80), id="a public literal"),
        pytest.param("reg.corp", BY_ADDRESS, PRIVATE, (443, None, 80), id="a name at a private address"),
        pytest.param("reg.corp", BY_ADDRESS, LOOPBACK, (443, 80), id="a name at loopback"),
        pytest.param("localhost", BY_ADDRESS, PUBLIC, (443, None, 80), id="localhost that is dialled elsewhere"),
        pytest.param("reg.corp", AUTO, PUBLIC, (443, 80), id="told auto"),
        pytest.param("reg.corp", HTTPS, LOOPBACK, (443, None), id="told https"),
        pytest.param("reg.corp", HTTP, PUBLIC, (None, 80), id="told http"),
        pytest.param("reg.corp:5000", AUTO, PUBLIC, (5000, 5000), id="an explicit port"),
        pytest.param("reg.corp:5000", BY_ADDRESS, PUBLIC, (5000, None), id="an explicit port without permission"),
        pytest.param("reg.corp:80", AUTO, PUBLIC, (None, 80), id="port 80: no hello"),
        pytest.param("reg.corp:80", BY_ADDRESS, PUBLIC, (80, None), id="port 80 without permission"),
        pytest.param("reg.corp:80", HTTPS, PUBLIC, (80, None), id="port 80 of a told https"),
    ],
)
def test_each_address_is_tried_with_what_is_permitted_there(
    name: str, scheme: Scheme, dialled: str, ports: tuple[int | None, ...]
) -> None:
    expected = Place(*(at(dialled, port) if port else None for port in ports))
    assert places(site(name, scheme), (at(dialled, 0),)) == (expected,)


@pytest.mark.parametrize(("tls", "plain"), [(at(PUBLIC, 443), None), (None, at(PUBLIC, 80))], ids=["TLS", "plain HTTP"])
def test_a_race_for_one_of_the_two_has_no_place_for_the_other(tls: Address | None, plain: Address | None) -> None:
    leg = Leg(site("reg.corp", AUTO), tls=bool(tls), plain=bool(plain))
    assert Atlas(Resolver()).places(leg, (at(PUBLIC, 0),)) == (Place(tls, plain),)


def test_of_two_addresses_each_has_its_own_permission() -> None:
    tried = places(site("reg.corp", BY_ADDRESS), (at(LOOPBACK, 0), at(PRIVATE, 0)))
    assert tried == (Place(at(LOOPBACK, 443), at(LOOPBACK, 80)), Place(at(PRIVATE, 443), None, at(PRIVATE, 80)))


def test_a_plain_verdict_is_not_carried_to_an_address_without_permission() -> None:
    found = Verdict(Origin("http", "reg.corp", 80), at(LOOPBACK, 80), told=False, permission=Permission.FULL)
    tried = places(site("reg.corp", BY_ADDRESS), (at(PRIVATE, 0), at(LOOPBACK, 0)), found)
    assert tried == (Place(None, at(LOOPBACK, 80)),)


def inside(name: str, network: str) -> Site:
    """A site whose settings permit plain HTTP at the addresses of a network."""
    return replace(site(name, BY_ADDRESS), networks=(Sourced(ip_network(network), "daemon.json:3"),))


def test_a_network_permits_the_addresses_in_it_and_not_the_name() -> None:
    tried = places(inside("reg.corp", "10.0.0.0/8"), (at(PRIVATE, 0), at(PUBLIC, 0)))
    assert tried == (Place(at(PRIVATE, 443), at(PRIVATE, 80)), Place(at(PUBLIC, 443), None, at(PUBLIC, 80)))
    assert permission(inside("reg.corp", "10.0.0.0/8"), at(PRIVATE, 80)) is Permission.FULL
    assert permission(inside("reg.corp", "fd00::/8"), at(PRIVATE, 80)) is Permission.NONE


def test_a_plain_verdict_of_a_network_is_not_carried_out_of_it() -> None:
    found = Verdict(Origin("http", "reg.corp", 80), at(PRIVATE, 80), told=False, permission=Permission.FULL)
    tried = places(inside("reg.corp", "10.0.0.0/8"), (at(PUBLIC, 0), at("10.9.9.9", 0)), found)
    assert tried == (Place(None, at("10.9.9.9", 80)),)


@pytest.mark.parametrize("scheme", [HTTPS, HTTP])
def test_a_network_changes_nothing_where_the_scheme_is_told(scheme: Scheme) -> None:
    told = replace(inside("reg.corp", "10.0.0.0/8"), scheme=Sourced(scheme, "the test"))
    assert permission(told, at(PRIVATE, 80)) is permission(site("reg.corp", scheme), at(PRIVATE, 80))


@pytest.mark.parametrize(
    ("where", "said"),
    [
        (inside("reg.corp", "10.0.0.0/8"), "daemon.json:3"),
        (inside("reg.corp", "fd00::/8"), "its address"),
        (site("reg.corp", AUTO), "the test"),
    ],
)
def test_who_permits_plain_http_is_known(where: Site, said: str) -> None:
    assert permitted_by(where, at(PRIVATE, 80)) == said


def test_the_address_that_worked_is_tried_first() -> None:
    found = Verdict(Origin("https", "reg.corp", 443), at(PRIVATE, 443), told=False)
    tried = places(site("reg.corp", AUTO), (at(PUBLIC, 0), at(PRIVATE, 0)), found)
    assert [place.tls for place in tried] == [at(PRIVATE, 443), at(PUBLIC, 443)]
    assert {place.plain for place in tried} == {None}


def test_plain_http_is_not_even_tried_without_permission(certificates: Certificates) -> None:
    with (
        serving(ScriptedRegistry()) as secure,
        serving(ScriptedRegistry()) as plain,
        connecting(certificates.client(), {443: secure, 80: plain}) as connector,
    ):
        with pytest.raises(PlainNotPermitted, match="does not speak TLS"):
            connector.line(site(NAME, HTTPS), Work())
        assert plain.connections == ()


@pytest.mark.parametrize("name", ["localhost", "LocalHost.", "deep.er.localhost"])
def test_localhost_and_what_is_below_it_is_reached_without_asking_a_name_server(
    certificates: Certificates, name: str
) -> None:
    with serving(ScriptedRegistry()) as server, connecting(certificates.client(), {}) as connector:
        verdict = reach(connector, site(f"{name}:{server.port}", BY_ADDRESS))
        assert (verdict.tls, verdict.permission) == (False, Permission.FULL)
        assert server.requests[0].headers["host"] == f"{name.rstrip('.')}:{server.port}"


def test_a_place_that_is_told_is_dialled_there_and_named_as_it_was(certificates: Certificates) -> None:
    with (
        refused() as secure,
        serving(ScriptedRegistry()) as plain,
        connecting(certificates.client(), {443: secure, 80: plain}) as connector,
    ):
        verdict = reach(connector, site(NAME))
        assert str(verdict.origin) == "http://registry.test:80"
        assert verdict.address == at(LOOPBACK, plain.port)
        assert plain.requests[0].headers["host"] == NAME


def test_a_name_whose_443_is_told_is_not_looked_up() -> None:
    told = Atlas(Resolver({("nowhere.invalid", 443): (at(LOOPBACK, 8443),)}))
    names = told.names(legs_of(site("nowhere.invalid", AUTO), None)[0])
    assert not names.pending
    assert names.first(Work(), 1.0) == (Place(at(LOOPBACK, 8443), None),)
