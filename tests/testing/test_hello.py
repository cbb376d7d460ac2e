from __future__ import annotations

import ssl
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, suppress

import pytest

from boxship.testing import (
    HANDSHAKE_FAILURE,
    PROTOCOL_VERSION,
    Connection,
    Listener,
    alert,
    answering,
    close_after_hello,
    garbage,
    listening,
    mute,
    reset_after_hello,
)
from tests.testing.conftest import Dial


def test_a_mute_port_reads_and_never_answers(dial: Dial) -> None:
    with mute() as listener:
        client = dial(listener)
        client.sendall(b"x" * 1_000_000)
        client.settimeout(0.2)
        with pytest.raises(TimeoutError):
            client.recv(1)
        assert listener.connections[0].received.startswith(b"xxx")


def test_a_listener_remembers_how_its_client_ended(dial: Dial) -> None:
    with mute() as listener:
        dial(listener).close()
        client = dial(listener)
        assert listener.connection().ending() == "closed"
        assert listener.connection(1).ending(timeout=0) == "open"
        client.close()


def test_close_after_hello_ends_with_a_fin(dial: Dial) -> None:
    with close_after_hello() as listener:
        client = dial(listener)
        client.sendall(b"\x16\x03\x01")
        assert client.recv(100) == b""
        client.close()
        assert listener.connections[0].received == b"\x16\x03\x01"


def test_reset_after_hello_ends_with_a_rst(dial: Dial) -> None:
    with reset_after_hello() as listener:
        client = dial(listener)
        client.sendall(b"\x16\x03\x01")
        with pytest.raises(ConnectionResetError):
            client.recv(100)


@pytest.mark.parametrize(
    ("description", "words"), [(HANDSHAKE_FAILURE, "HANDSHAKE_FAILURE"), (PROTOCOL_VERSION, "PROTOCOL_VERSION")]
)
def test_an_alert_is_understood_by_openssl(
    description: int, words: str, dial: Dial, client_context: ssl.SSLContext
) -> None:
    with alert(description) as listener, pytest.raises(ssl.SSLError, match=words):
        client_context.wrap_socket(dial(listener), server_hostname="registry.test")


def test_garbage_is_no_tls(dial: Dial, client_context: ssl.SSLContext) -> None:
    with garbage() as listener, pytest.raises(ssl.SSLError, match="WRONG_VERSION_NUMBER"):
        client_context.wrap_socket(dial(listener), server_hostname="registry.test")
    assert b"registry.test" in listener.connections[0].received


def test_answering_gives_the_same_reply_to_anything(dial: Dial) -> None:
    with answering(b"no\n") as listener:
        client = dial(listener)
        client.sendall(b"anything")
        assert client.recv(100) == b"no\n"


@pytest.mark.parametrize("kind", [mute, close_after_hello, reset_after_hello, garbage, alert])
def test_a_listener_ends_at_once_with_idle_connections_open(
    kind: Callable[[], AbstractContextManager[Listener]], dial: Dial
) -> None:
    with kind() as listener:
        for _ in range(10):
            dial(listener)
        started = time.monotonic()
    assert time.monotonic() - started < 5.0


def test_a_bug_in_the_callers_function_is_raised_where_the_block_ends(dial: Dial) -> None:
    def broken(connection: Connection) -> None:
        raise KeyError(connection.peer)

    listener = Listener(broken)
    with pytest.raises(KeyError, match=r"127\.0\.0\.1"), listener, suppress(ConnectionError):
        dial(listener).recv(1)


def test_a_single_threaded_listener_leaves_the_second_connection_unanswered(dial: Dial) -> None:
    def echo(connection: Connection) -> None:
        while piece := connection.receive():
            connection.send(piece)

    with listening(echo, single_threaded=True) as listener:
        first, second = dial(listener), dial(listener)
        for client in (first, second):
            client.sendall(b"hi")
        assert first.recv(2) == b"hi"
        second.settimeout(0.1)
        with pytest.raises(TimeoutError):
            second.recv(2)
        first.close()
        second.settimeout(5)
        assert second.recv(2) == b"hi"
