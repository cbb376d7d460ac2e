from __future__ import annotations

import ssl
import time

import pytest

from boxship.testing import Answer, Server, tls
from boxship.testing.serving import PLAIN_TO_TLS
from tests.testing.conftest import Dial, rest_of


def ask(server: Server, dial: Dial, context: ssl.SSLContext) -> bytes:
    with context.wrap_socket(dial(server), server_hostname="registry.test", suppress_ragged_eofs=False) as client:
        client.sendall(b"GET /v2/ HTTP/1.1\r\n\r\n")
        return rest_of(client)


def test_http_is_spoken_over_tls(dial: Dial, server_context: ssl.SSLContext, client_context: ssl.SSLContext) -> None:
    with tls(Answer(200, b"x", afterwards="close"), server_context) as server:
        assert ask(server, dial, client_context).endswith(b"\r\n\r\nx")
    assert server.url == f"https://{server.address}"
    assert (server.requests[0].secure, server.connections[0].tls) == (True, "TLSv1.3")
    assert b"registry.test" in server.connections[0].received


def test_a_truncated_answer_ends_without_a_word_of_tls(
    dial: Dial, server_context: ssl.SSLContext, client_context: ssl.SSLContext
) -> None:
    # Later versions of Python have `SSLEOFError` for it.
    with tls(Answer(200, b"xyz", truncate_after=1), server_context) as server, pytest.raises(ssl.SSLError, match="EOF"):
        ask(server, dial, client_context)


def test_the_handshake_waits_for_the_delay(
    dial: Dial, server_context: ssl.SSLContext, client_context: ssl.SSLContext
) -> None:
    with tls(Answer(200, afterwards="close"), server_context, delay=0.3) as server:
        started = time.monotonic()
        ask(server, dial, client_context)
        assert time.monotonic() - started > 0.3


def test_a_delay_does_not_hold_up_the_end(dial: Dial, server_context: ssl.SSLContext) -> None:
    with tls(Answer(200), server_context, delay=60) as server:
        dial(server)
        server.connection()
        started = time.monotonic()
    assert time.monotonic() - started < 5.0


def test_a_single_threaded_server_shakes_one_hand_at_a_time(
    dial: Dial, server_context: ssl.SSLContext, client_context: ssl.SSLContext
) -> None:
    with tls(Answer(200, afterwards="close"), server_context, single_threaded=True) as server:
        first, second = dial(server), dial(server)
        second.settimeout(0.2)
        with pytest.raises(TimeoutError):
            client_context.wrap_socket(second, server_hostname="registry.test")
        first.close()
        assert b" 200 OK" in ask(server, dial, client_context)


def test_an_unknown_authority_is_remembered(dial: Dial, server_context: ssl.SSLContext) -> None:
    with tls(Answer(200), server_context) as server:
        with pytest.raises(ssl.SSLCertVerificationError):
            ask(server, dial, ssl.create_default_context())
        assert server.connection().ending() == "closed"
    assert "UNKNOWN_CA" in server.connections[0].failure.upper().replace(" ", "_")


def test_plain_http_is_told_so(dial: Dial, server_context: ssl.SSLContext) -> None:
    with tls(Answer(200), server_context) as server:
        client = dial(server)
        client.sendall(b"GET /v2/ HTTP/1.1\r\n\r\n")
        assert client.recv(1000) == PLAIN_TO_TLS
        client.close()
    assert server.requests == ()
