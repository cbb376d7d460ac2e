"""The door to a site: one race, one verdict for the life of a client, and what may become of it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager

import pytest

from boxship.connect.address import Address
from boxship.connect.connector import Connector
from boxship.connect.contexts import Contexts
from boxship.connect.deadline import Bounds, Work
from boxship.connect.resolve import Resolver
from boxship.errors import ConnectFailed
from boxship.event import Event
from boxship.settings.hosts import Scheme
from boxship.testing import Answer, Place, ScriptedRegistry, Server, mute, redirect_to, refused, serving, tls
from tests.connect.driving import NAME, Certificates, connecting, nothing_left, reach, site

REGISTRY = ScriptedRegistry()
SITE = site(NAME)
PINNED = "pinned.localhost"  # whose other ports are resolved, and lead to loopback
THREADS = 50


@pytest.fixture(autouse=True)
def _no_descriptor_is_left() -> Iterator[None]:
    with nothing_left():
        yield


def test_tls_is_the_verdict_where_it_is_healthy(certificates: Certificates) -> None:
    with tls(REGISTRY, certificates.good()) as secure, serving(REGISTRY) as plain:
        with connecting(certificates.client(), {443: secure, 80: plain}) as connector:
            verdict = reach(connector, SITE)
            assert (str(verdict.origin), verdict.private) == ("https://registry.test:443", True)
        assert plain.requests == ()


def test_a_plain_verdict_is_kept_and_nothing_is_tried_again(certificates: Certificates) -> None:
    with serving(REGISTRY) as secure, serving(REGISTRY) as plain:
        with connecting(certificates.client(), {443: secure, 80: plain}) as connector:
            verdicts = [reach(connector, SITE) for _ in range(3)]
            assert set(verdicts) == {connector.verdict(SITE)}
        assert (str(verdicts[0].origin), verdicts[0].private) == ("http://registry.test:80", False)
        assert (len(secure.connections), len(plain.requests)) == (1, 1)


@pytest.mark.parametrize(("scheme", "port"), [(Scheme.HTTP, 80), (Scheme.HTTPS, 443)])
def test_a_told_scheme_has_one_port(certificates: Certificates, scheme: Scheme, port: int) -> None:
    with tls(REGISTRY, certificates.good()) as secure, serving(REGISTRY) as plain:
        with connecting(certificates.client(), {443: secure, 80: plain}) as connector:
            verdict = reach(connector, site(NAME, scheme))
            assert (verdict.origin.port, verdict.told, verdict.private) == (port, True, True)
        dialled, left = (secure, plain) if scheme is Scheme.HTTPS else (plain, secure)
        dialled.connection()
        assert (left.connections, plain.requests) == ((), ())


def test_fifty_threads_have_one_race(certificates: Certificates) -> None:
    with mute() as secure, serving(REGISTRY) as plain:
        reaching = connecting(certificates.client(), {443: secure, 80: plain})
        with reaching as connector, ThreadPoolExecutor(THREADS) as pool:
            verdicts = set(pool.map(lambda _: reach(connector, SITE), range(THREADS)))
        assert len(verdicts) == len(secure.connections) == len(plain.requests) == 1


def test_who_waited_for_a_race_shares_its_failure(certificates: Certificates) -> None:
    with mute() as secure, connecting(certificates.client(), {443: secure}) as connector:

        def failure(_: int) -> str:
            with pytest.raises(ConnectFailed) as caught:
                reach(connector, site(NAME, Scheme.HTTPS))
            return str(caught.value)

        with ThreadPoolExecutor(THREADS) as pool:
            assert len(set(pool.map(failure, range(THREADS)))) == 1
        assert len(secure.connections) == 1
        failure(0)
        assert len(secure.connections) == 2


def test_a_lost_race_closes_what_it_opened_and_says_what_it_saw(certificates: Certificates) -> None:
    with refused() as secure, serving(Answer(200, b"<html>")) as plain:
        with connecting(certificates.client(), {443: secure, 80: plain}) as connector:
            with pytest.raises(ConnectFailed, match="captive portal") as caught:
                reach(connector, SITE)
            assert connector.verdict(SITE) is None
        assert len(caught.value.evidence) == 2


def test_a_handshake_that_comes_late_is_taken_for_the_next_operation(certificates: Certificates) -> None:
    with tls(REGISTRY, certificates.good(), delay=0.8) as secure, serving(REGISTRY) as plain:
        with connecting(certificates.client(), {443: secure, 80: plain}, bounds=Bounds()) as connector:
            verdict = reach(connector, SITE)
            assert not verdict.tls
            until = time.monotonic() + 10
            while connector.verdict(SITE) == verdict and time.monotonic() < until:
                time.sleep(0.05)
                connector.look_for_tls(SITE, Work())
            assert [reach(connector, SITE).tls, reach(connector, SITE).tls] == [True, True]
        assert len(secure.connections) == 2  # the race's, and one more


def test_whose_verdict_it_is_is_told(certificates: Certificates) -> None:
    told: list[Event] = []
    with (
        refused() as secure,
        serving(REGISTRY) as plain,
        connecting(certificates.client(), {443: secure, 80: plain}) as connector,
    ):
        connector.line(SITE, Work(listener=told.append)).sock.close()
    (verdict,) = (event for event in told if event.name == "Verdict")
    assert verdict.facts == {"host": NAME}


@pytest.mark.parametrize("name", ["ConnectDone", "PlainAnswer", "Verdict"])
def test_a_listener_that_raises_leaves_nothing_open(certificates: Certificates, name: str) -> None:
    class Enough(Exception):
        pass

    def listener(event: Event) -> None:
        if event.name == name:
            raise Enough

    with (
        refused() as secure,
        serving(REGISTRY) as plain,
        connecting(certificates.client(), {443: secure, 80: plain}) as connector,
        pytest.raises(Enough),
    ):
        connector.line(SITE, Work(listener=listener))


def test_a_host_that_leads_where_nothing_permits_plain_http_is_an_error_at_once(certificates: Certificates) -> None:
    with refused() as secure, serving(REGISTRY) as plain:
        told = {(NAME, port): (Address.of(at.host, at.port),) for port, at in ((443, secure), (80, plain))}
        connector = Connector(Resolver(told), Contexts(certificates.client()), Bounds(patience=60))
        where = site(NAME, Scheme.BY_ADDRESS)
        assert not reach(connector, where).tls
        told[NAME, 80] = (Address.of("192.0.2.1", 80),)
        with pytest.raises(ConnectFailed, match="no address at which anything is permitted"):
            reach(connector, where)
        connector.close()


# Redirects to TLS on the same host: rule 8.


def test_a_redirect_to_tls_on_another_port_is_obeyed_by_the_race(certificates: Certificates) -> None:
    with tls(REGISTRY, certificates.good()) as secure, refused() as nobody, _moved_to(secure) as moved:
        ports: dict[int, Place | Server] = {443: nobody, 80: moved}
        with connecting(certificates.client(), ports, name=PINNED) as connector:
            verdicts = {reach(connector, site(PINNED)) for _ in range(2)}
            assert {str(verdict.origin) for verdict in verdicts} == {f"https://{PINNED}:{secure.port}"}
        assert len(moved.requests) == 1


def _moved_to(secure: Server) -> AbstractContextManager[Server]:
    return serving(redirect_to(f"https://{PINNED}:{secure.port}/v2/"))


def test_a_redirect_of_a_later_answer_pins_tls_once(certificates: Certificates) -> None:
    here = site(PINNED)
    with tls(REGISTRY, certificates.good()) as secure, refused() as nobody, serving(REGISTRY) as plain:
        with connecting(certificates.client(), {443: nobody, 80: plain}, name=PINNED) as connector:
            assert not reach(connector, here).tls
            for _ in range(2):
                connector.pin_tls(here, secure.port, Work())
            assert reach(connector, here).tls
        assert len(secure.connections) == 1


def test_what_a_race_left_open_is_closed_when_tls_is_pinned(certificates: Certificates) -> None:
    here = site(PINNED)
    with (
        tls(REGISTRY, certificates.good()) as secure,
        mute() as silent,
        serving(REGISTRY) as plain,
        connecting(certificates.client(), {443: silent, 80: plain}, name=PINNED) as connector,
    ):
        assert not reach(connector, here).tls
        connector.pin_tls(here, secure.port, Work())
        assert silent.connection().ending() != "open"
