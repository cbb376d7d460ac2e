"""Reaching a site through proxies: where they are asked to lead, and what their words are taken for."""

from __future__ import annotations

import ssl
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from boxship.connect.connector import Connector
from boxship.connect.contexts import Contexts
from boxship.connect.deadline import Bounds, Work
from boxship.connect.resolve import Resolver
from boxship.errors import ConnectFailed
from boxship.settings.hosts import Scheme
from boxship.settings.proxies import Proxies
from boxship.settings.trust import Trust
from boxship.testing import Answer, Connection, ScriptedRegistry, http_proxy, listening, serving, tls
from tests.connect.driving import NAME, SHORT, Certificates, nothing_left, reach, site

REGISTRY = ScriptedRegistry()


@pytest.fixture(autouse=True)
def _no_descriptor_is_left() -> Iterator[None]:
    with nothing_left():
        yield


@contextmanager
def behind(certificates: Certificates, variables: Mapping[str, str], bounds: Bounds = SHORT) -> Iterator[Connector]:
    """A connector under these variables."""
    contexts = Contexts(certificates.client())
    connector = Connector(Resolver(), contexts, bounds, proxies=Proxies.of(variables))
    try:
        yield connector
    finally:
        connector.close()


def test_where_tls_was_pinned_at_another_port_each_connection_is_led_there(certificates: Certificates) -> None:
    with tls(REGISTRY, certificates.good()) as secure, serving(REGISTRY) as plain:
        places = {f"{NAME}:8443": secure, f"{NAME}:80": plain}
        with http_proxy(places) as proxy:
            with behind(certificates, {"HTTPS_PROXY": proxy.url, "HTTP_PROXY": proxy.url}) as connector:
                here = site(NAME, Scheme.HTTP)
                assert not reach(connector, here).tls
                connector.pin_tls(here, 8443, Work())
                assert [reach(connector, here).tls for _ in range(2)] == [True, True]
            asked = [request.target for request in proxy.requests if request.method == "CONNECT"]
        assert asked == [f"{NAME}:8443"] * 2


@pytest.mark.parametrize("status", [502, 504])
def test_what_a_proxy_could_not_reach_is_not_said_of_the_proxy(certificates: Certificates, status: int) -> None:
    with (
        http_proxy(instead=Answer(status)) as proxy,
        behind(certificates, {"HTTPS_PROXY": proxy.url}) as connector,
        pytest.raises(ConnectFailed) as caught,
    ):
        reach(connector, site(NAME, Scheme.HTTPS))
    assert f"{NAME}:443 was not reached by the proxy" in caught.value.why
    assert f"add {NAME} to NO_PROXY" in caught.value.remedy
    assert "firewall" not in caught.value.remedy
    assert "dropped" not in caught.value.evidence[0]


def test_what_was_refused_to_a_proxy_is_not_said_of_the_proxy(certificates: Certificates) -> None:
    with (
        http_proxy(instead=Answer(502, b"Connection refused")) as proxy,
        behind(certificates, {"HTTPS_PROXY": proxy.url}) as connector,
        pytest.raises(ConnectFailed) as caught,
    ):
        reach(connector, site(NAME, Scheme.HTTPS))
    assert f"{NAME}:443 was refused by the proxy" in caught.value.why
    assert f"{proxy.address} refused" not in caught.value.why
    assert f"add {NAME} to NO_PROXY" in caught.value.remedy


def test_a_proxy_that_breaks_off_says_nothing_of_the_registry(certificates: Certificates) -> None:
    def reset(connection: Connection) -> None:
        connection.receive()
        connection.reset()

    with listening(reset) as proxy, serving(REGISTRY) as plain:
        variables = {"HTTPS_PROXY": f"http://{proxy.address}", "HTTP_PROXY": f"http://{plain.address}"}
        with behind(certificates, variables) as connector, pytest.raises(ConnectFailed, match="without an answer"):
            reach(connector, site(NAME))
        assert plain.requests == ()


def test_of_a_proxy_with_tls_several_records_at_once_are_read(certificates: Certificates, tmp_path: Path) -> None:
    def in_two_records(connection: Connection) -> None:
        head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n"
        _answer_at_once(connection, certificates.good(), head, b"{}")

    authority = tmp_path / "ca.pem"
    certificates.authority.cert_pem.write_to_path(str(authority))
    trusting = replace(site(NAME), trust=Trust.of({}, ca_files=[str(authority)]))
    with listening(in_two_records) as proxy, http_proxy(instead=Answer(502)) as tunnels:
        variables = {"HTTPS_PROXY": tunnels.url, "HTTP_PROXY": f"https://{proxy.address}"}
        with behind(certificates, variables) as connector:
            assert str(reach(connector, trusting).origin) == f"http://{NAME}:80"


def _answer_at_once(connection: Connection, context: ssl.SSLContext, *records: bytes) -> None:
    """Answer a request over TLS in these records, which arrive together."""
    received, sent = ssl.MemoryBIO(), ssl.MemoryBIO()
    server = context.wrap_bio(received, sent, server_side=True)
    _until_done(connection, received, sent, server.do_handshake)
    _until_done(connection, received, sent, lambda: server.read(65536))
    for record in records:
        server.write(record)
    connection.send(sent.read())
    connection.receive()


def _until_done(
    connection: Connection, received: ssl.MemoryBIO, sent: ssl.MemoryBIO, step: Callable[[], object]
) -> None:
    while True:
        try:
            step()
        except ssl.SSLWantReadError:
            connection.send(sent.read())
            received.write(connection.receive())
        else:
            connection.send(sent.read())
            return
