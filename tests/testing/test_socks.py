from __future__ import annotations

import os
import socket
import time

import pytest

from boxship.testing import SocksRequest, black_hole, listening, mute, refused, socks5_proxy
from tests.testing.conftest import Dial, rest_of
from tests.testing.echoes import echo, exchanged

NAME = b"\x05\x01\x00\x03\x08reg.test\x01\xbb"
OPEN = b"\x05\x00\x00\x01\x00\x00\x00\x00\x00\x00"


def say(client: socket.socket, content: bytes, expected: int) -> bytes:
    """Send, and read as many bytes as are expected, or to the end."""
    client.sendall(content)
    answer = b""
    while len(answer) < expected and (piece := client.recv(expected - len(answer))):
        answer += piece
    return answer


def test_a_name_leads_to_the_place_that_it_stands_for(dial: Dial) -> None:
    content = os.urandom(1_000_000)
    with listening(echo) as target, socks5_proxy({"reg.test:443": target}) as proxy:
        client = dial(proxy)
        assert say(client, b"\x05\x01\x00", 2) == b"\x05\x00"
        assert say(client, NAME, 10) == OPEN
        assert exchanged(client, content) == content
    assert proxy.requests == (SocksRequest(host="reg.test", port=443, named=True),)
    assert (proxy.requests[0].target, proxy.url) == ("reg.test:443", f"socks5://{proxy.address}")


def test_all_may_be_said_at_once_and_the_first_bytes_go_on(dial: Dial) -> None:
    with listening(echo) as target, socks5_proxy({"reg.test:443": target}) as proxy:
        client = dial(proxy)
        client.sendall(b"\x05\x01\x00" + NAME + b"hello")
        client.shutdown(socket.SHUT_WR)
        assert rest_of(client) == b"\x05\x00" + OPEN + b"hello"


@pytest.mark.parametrize(("host", "kind"), [("127.0.0.1", 1), ("::1", 4)])
def test_an_address_on_loopback_is_itself(host: str, kind: int, dial: Dial) -> None:
    with listening(echo, host=host) as target, socks5_proxy() as proxy:
        family = socket.AF_INET6 if kind == 4 else socket.AF_INET
        address = socket.inet_pton(family, host) + target.port.to_bytes(2, "big")
        client = dial(proxy)
        say(client, b"\x05\x01\x00", 2)
        assert say(client, bytes((5, 1, 0, kind)) + address, 10) == OPEN
    assert proxy.requests == (SocksRequest(host=host, port=target.port, named=False),)
    assert proxy.requests[0].target == target.address


@pytest.mark.parametrize(
    ("methods", "login", "answer"),
    [
        (b"\x05\x01\x00", b"", b"\x05\xff"),
        (b"\x05\x02\x00\x02", b"\x01\x04user\x06secret", b"\x05\x02\x01\x00"),
        (b"\x05\x01\x02", b"\x01\x04user\x06wrong!", b"\x05\x02\x01\x01"),
        (b"\x05\x01\x02", b"\x01\x00\x00", b"\x05\x02\x01\x01"),
    ],
)
def test_only_who_logs_in_may_ask(methods: bytes, login: bytes, answer: bytes, dial: Dial) -> None:
    with listening(echo) as target, socks5_proxy({"reg.test:443": target}, user="user", password="secret") as proxy:
        client = dial(proxy)
        assert say(client, methods + login, len(answer)) == answer
        if answer.endswith(b"\x01\x00"):
            assert say(client, NAME, 10) == OPEN
        else:
            assert client.recv(100) == b""
    asked = (SocksRequest(host="reg.test", port=443, named=True, user="user", password="secret"),)
    assert proxy.requests == (asked if answer.endswith(b"\x01\x00") else ())
    assert "secret" not in repr(proxy.requests)


def test_what_is_not_reached_has_its_own_code(dial: Dial) -> None:
    with refused() as nobody, black_hole() as hole:
        for place, code in ((nobody, 5), (hole, 6), (None, 4)):
            with socks5_proxy({"reg.test:443": place} if place else {}, patience=0.3) as proxy:
                client = dial(proxy)
                say(client, b"\x05\x01\x00", 2)
                assert say(client, NAME, 10)[1] == code
                assert client.recv(100) == b""


@pytest.mark.parametrize("code", [1, 2, 3, 8, 200])
def test_a_told_code_is_given_instead(code: int, dial: Dial) -> None:
    with listening(echo) as target, socks5_proxy({"reg.test:443": target}, reply=code) as proxy:
        client = dial(proxy)
        say(client, b"\x05\x01\x00", 2)
        assert say(client, NAME, 10) == bytes((5, code)) + OPEN[2:]
        assert target.connections == ()


@pytest.mark.parametrize(
    ("request_", "code"), [(b"\x05\x02\x00\x01\x7f\0\0\x01\x01\xbb", 7), (b"\x05\x01\x00\x02\x7f\0\0\x01\x01\xbb", 8)]
)
def test_what_is_not_known_here_has_its_own_code(request_: bytes, code: int, dial: Dial) -> None:
    with socks5_proxy() as proxy:
        client = dial(proxy)
        say(client, b"\x05\x01\x00", 2)
        assert say(client, request_, 10)[1] == code


def test_what_is_no_socks5_is_closed(dial: Dial) -> None:
    with socks5_proxy() as proxy:
        client = dial(proxy)
        client.sendall(b"CONNECT reg.test:443 HTTP/1.1\r\n\r\n")
        assert client.recv(100) == b""


def test_a_reply_can_be_late_and_can_never_come(dial: Dial) -> None:
    with listening(echo) as target, socks5_proxy({"reg.test:443": target}, delay=0.3) as proxy:
        client = dial(proxy)
        say(client, b"\x05\x01\x00", 2)
        started = time.monotonic()
        assert say(client, NAME, 10) == OPEN
        assert time.monotonic() - started >= 0.3
    with socks5_proxy(mute=True) as proxy:
        client = dial(proxy)
        say(client, b"\x05\x01\x00", 2)
        client.settimeout(0.3)
        with pytest.raises(TimeoutError):
            say(client, NAME, 10)
        assert len(proxy.requests) == 1


def test_an_open_way_ends_with_the_proxy_and_leaves_nothing(dial: Dial) -> None:
    with mute() as target:
        with socks5_proxy({"reg.test:443": target}) as proxy:
            client = dial(proxy)
            say(client, b"\x05\x01\x00" + NAME, 12)
            target.connection()
            started = time.monotonic()
        assert time.monotonic() - started < 2
        assert target.connection().ending() in ("closed", "reset")
