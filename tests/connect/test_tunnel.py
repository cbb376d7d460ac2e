"""Tunnels against proxies that are there: the bytes of one side are what the other one means."""

from __future__ import annotations

import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from types import MappingProxyType

import pytest

from boxship.connect.evidence import Evidence
from boxship.connect.tunnel import TunnelFailed, tunnel
from boxship.settings.proxies import Proxy
from boxship.testing import Answer, Connection, HTTPProxy, SocksProxy, http_proxy, listening, refused, socks5_proxy
from boxship.testing.forwarding import At

NOWHERE: Mapping[str, At] = MappingProxyType({})
KINDS = ("http", "socks5")
USER, PASSWORD = "us:er@corp", "s/e%cret:é"


def greet(connection: Connection) -> None:
    connection.send(b"you said " + connection.receive())
    connection.finish()


@contextmanager
def proxy_of(
    kind: str, places: Mapping[str, At] = NOWHERE, user: str = "", password: str = ""
) -> Iterator[HTTPProxy | SocksProxy]:
    opened = http_proxy if kind == "http" else socks5_proxy
    with opened(places, user=user, password=password, patience=0.5) as running:
        yield running


def through(proxy: HTTPProxy | SocksProxy, login: str, host: str, port: int) -> socket.socket:
    """A connection to the target, by way of the proxy."""
    scheme, _, place = proxy.url.partition("://")
    way = tunnel(Proxy.parse(f"{scheme}://{login}{place}", "HTTPS_PROXY"), host, port, "boxship/1")
    client = socket.create_connection((proxy.host, proxy.port), timeout=5)
    try:
        client.sendall(way.begin())
        while not way.open:
            client.sendall(way.receive(client.recv(65536)))
    except BaseException:
        client.close()
        raise
    return client


@pytest.mark.parametrize("kind", KINDS)
def test_the_target_is_reached_by_its_name(kind: str) -> None:
    with listening(greet) as target, proxy_of(kind, {"reg.test:443": target}) as proxy:
        with through(proxy, "", "reg.test", 443) as client:
            client.sendall(b"hello")
            assert client.recv(100) == b"you said hello"
        assert [request.target for request in proxy.requests] == ["reg.test:443"]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("address", ["127.0.0.1", "::1"])
def test_the_target_is_reached_by_its_address(kind: str, address: str) -> None:
    with listening(greet, host=address) as target, proxy_of(kind) as proxy:
        with through(proxy, "", address, target.port) as client:
            client.sendall(b"hello")
            assert client.recv(100) == b"you said hello"
        assert proxy.requests[0].target == target.address


@pytest.mark.parametrize(
    ("kind", "user", "login"),
    [("http", "user", "user"), ("socks5", USER, "us%3Aer%40corp")],
)
def test_the_log_in_arrives_as_it_was_meant(kind: str, user: str, login: str) -> None:
    with listening(greet) as target, proxy_of(kind, {"reg.test:443": target}, user, PASSWORD) as proxy:
        through(proxy, f"{login}:s%2Fe%25cret%3A%C3%A9@", "reg.test", 443).close()
        for wrong in ("", "user:wrong@"):
            with pytest.raises(TunnelFailed, match="log-in") as caught:
                through(proxy, wrong, "reg.test", 443)
            assert caught.value.evidence is Evidence.PROXY


@pytest.mark.parametrize("kind", KINDS)
def test_a_target_that_refuses_is_told_from_one_that_is_not_there(kind: str) -> None:
    with refused() as nobody, proxy_of(kind, {"reg.test:443": nobody}) as proxy:
        with pytest.raises(TunnelFailed) as caught:
            through(proxy, "", "reg.test", 443)
        assert caught.value.evidence is Evidence.REFUSED
        with pytest.raises(TunnelFailed) as caught:
            through(proxy, "", "other.test", 443)
        assert caught.value.evidence in (Evidence.SILENT, Evidence.UNREACHABLE)


def test_a_proxy_that_refuses_is_named_with_its_variable() -> None:
    with http_proxy(instead=Answer(407)) as proxy, pytest.raises(TunnelFailed) as caught:
        through(proxy, "", "reg.test", 443)
    assert f"the proxy {proxy.url} asks for a log-in, and none was sent" in caught.value.words
    assert f"HTTPS_PROXY=http://user:password@{proxy.address}" in caught.value.remedy


@pytest.mark.parametrize(("kind", "scheme"), [("http", "socks5"), ("socks5", "http")])
def test_the_wrong_scheme_is_found_out(kind: str, scheme: str) -> None:
    with proxy_of(kind) as running:
        way = tunnel(Proxy.parse(f"{scheme}://{running.address}", "HTTPS_PROXY"), "reg.test", 443, "boxship/1")
        with socket.create_connection((running.host, running.port), timeout=5) as client:
            client.sendall(way.begin())
            with pytest.raises(TunnelFailed) as caught:
                way.receive(client.recv(65536))
        assert caught.value.evidence is Evidence.PROXY
