"""TLS on a socket that does not block: both directions, small buffers, ends of every kind, and errors in words."""

from __future__ import annotations

import hashlib
import random
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

import pytest

from boxship.connect.readiness import READ, WRITE, Readiness
from boxship.connect.tls import TLSSocket, Untrusted, explain
from boxship.connect.verdict import PlainSocket
from boxship.testing import PROTOCOL_VERSION, alert
from tests.connect.driving import NAME, Certificates

MUCH = 3_000_000
SMALL = 8 * 1024  # of the kernel's buffers, so that a send takes little at a time
Serve = Callable[[ssl.SSLSocket], None]


def wait(sock: TLSSocket, events: int = READ) -> None:
    assert Readiness(sock, events).wait(time.monotonic() + 5.0)


def plain(sock: socket.socket) -> PlainSocket:
    """The socket as boxship's own kind."""
    return PlainSocket(sock.family, sock.type, sock.proto, sock.detach())


def pair() -> tuple[PlainSocket, socket.socket]:
    """Two sockets that are connected, the first of boxship's own kind."""
    here, there = socket.socketpair()
    return plain(here), there


@contextmanager
def connected(certificates: Certificates, serve: Serve, context: ssl.SSLContext | None = None) -> Iterator[TLSSocket]:
    """A handshaken socket whose peer does `serve`."""
    here, there = pair()
    for end in (here, there):
        end.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SMALL)
    thread = threading.Thread(target=_serve, args=(there, certificates.good(), serve))
    thread.start()
    here.setblocking(False)
    sock = TLSSocket(here, context or certificates.client(), NAME)
    try:
        while not sock.handshake():
            wait(sock)
            sock.receive()
        yield sock
    finally:
        sock.close()
        thread.join(5.0)


def _serve(end: socket.socket, context: ssl.SSLContext, serve: Serve) -> None:
    with end, context.wrap_socket(end, server_side=True) as wrapped:
        serve(wrapped)


def receive(sock: TLSSocket, size: int, at_once: int = 64 * 1024) -> bytes:
    """So many bytes, or all there are."""
    received, buffer = bytearray(), bytearray(at_once)
    while len(received) < size:
        try:
            count = sock.recv_into(memoryview(buffer)[: size - len(received)])
        except BlockingIOError:
            wait(sock)
            continue
        if not count:
            break
        received += buffer[:count]
    return bytes(received)


def send(sock: TLSSocket, content: bytes) -> None:
    rest = memoryview(content)
    while rest:
        try:
            rest = rest[sock.send(rest[:100_000]) :]
        except BlockingIOError:
            wait(sock, WRITE)
    while sock.unsent:
        wait(sock, WRITE)


def noise(size: int) -> bytes:
    return random.Random(size).randbytes(size)


def echo_digest(peer: ssl.SSLSocket) -> None:
    digest, left = hashlib.sha256(), MUCH
    while left:
        piece = peer.recv(65536)
        digest.update(piece)
        left -= len(piece)
    peer.sendall(digest.digest())


def test_much_is_sent_through_small_buffers(certificates: Certificates) -> None:
    content = noise(MUCH)
    with connected(certificates, echo_digest) as sock:
        send(sock, content)
        assert receive(sock, 32) == hashlib.sha256(content).digest()


@pytest.mark.parametrize("at_once", [1000, 16 * 1024, 256 * 1024])
def test_much_is_received_in_pieces_of_any_size(certificates: Certificates, at_once: int) -> None:
    content = noise(MUCH)
    with connected(certificates, lambda peer: peer.sendall(content)) as sock:
        assert receive(sock, MUCH, at_once) == content


def test_what_the_socket_does_not_take_is_kept_and_told(certificates: Certificates) -> None:
    go_on = threading.Event()

    def read_late(peer: ssl.SSLSocket) -> None:
        go_on.wait(5.0)
        echo_digest(peer)

    content = noise(MUCH)
    with connected(certificates, read_late) as sock:
        taken = sock.send(memoryview(content)[:1_000_000])
        assert sock.unsent
        with pytest.raises(BlockingIOError):
            sock.send(memoryview(content)[taken:])
        go_on.set()
        while sock.unsent:
            wait(sock, WRITE)
        send(sock, content[taken:])
        assert receive(sock, 32) == hashlib.sha256(content).digest()


def test_what_was_received_is_ready_although_the_socket_is_not_readable(certificates: Certificates) -> None:
    with connected(certificates, lambda peer: _say_and_wait(peer, b"12345678")) as sock:
        assert receive(sock, 3) == b"123"
        assert sock.ready
        assert not Readiness(sock).now()
        assert receive(sock, 5) == b"45678"
        assert not sock.ready


def _say_and_wait(peer: ssl.SSLSocket, words: bytes) -> None:
    peer.sendall(words)
    peer.recv(1)


def test_tickets_are_no_answer(certificates: Certificates) -> None:
    words = threading.Event()

    def late(peer: ssl.SSLSocket) -> None:
        words.wait(5.0)
        _say_and_wait(peer, b"now")

    with connected(certificates, late) as sock:
        wait(sock)  # the tickets of TLS 1.3 make the socket readable
        assert not sock.answering()
        words.set()
        wait(sock)
        assert sock.answering()
        assert sock.ready
        assert receive(sock, 3) == b"now"


@pytest.mark.parametrize("tidy", [True, False], ids=["it says that it ends", "it just closes"])
def test_an_end_is_an_end(certificates: Certificates, *, tidy: bool) -> None:
    def end(peer: ssl.SSLSocket) -> None:
        peer.sendall(b"half")
        if tidy:
            with suppress(OSError):  # it goes on to wait for ours
                peer.unwrap()

    with connected(certificates, end) as sock:
        assert receive(sock, 10) == b"half"
        assert receive(sock, 10) == b""
        sock.shutdown(socket.SHUT_RDWR)  # what the peer's own end waits for


def test_a_record_that_is_cut_short_is_the_end_and_not_content(certificates: Certificates) -> None:
    def cut(peer: ssl.SSLSocket) -> None:
        raw = socket.socket(fileno=peer.detach())
        with raw:
            raw.sendall(b"\x17\x03\x03\x40\x00" + b"x" * 100)

    with connected(certificates, cut) as sock:
        assert receive(sock, 10) == b""


def test_the_story_names_version_and_cipher(certificates: Certificates) -> None:
    with connected(certificates, lambda peer: None) as sock:
        assert sock.story().startswith("TLSv1.3, TLS_")


def test_an_older_tls_works_too(certificates: Certificates) -> None:
    context = certificates.client()
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    with connected(certificates, lambda peer: peer.sendall(b"old"), context) as sock:
        assert sock.story().startswith("TLSv1.2, ")
        assert receive(sock, 3) == b"old"


def test_a_literal_is_verified_and_sends_no_name(certificates: Certificates) -> None:
    names = list[str | None]()
    server = certificates.good()
    server.sni_callback = lambda _sock, name, _context: names.append(name)
    here, there = pair()
    here.setblocking(False)
    sock = TLSSocket(here, certificates.client(), "127.0.0.1")
    thread = threading.Thread(target=_serve, args=(there, server, lambda peer: None))
    thread.start()
    while not sock.handshake():
        wait(sock)
        sock.receive()
    thread.join(5.0)
    sock.close()
    assert names == [None]


def test_an_alert_is_explained_in_plain_words(certificates: Certificates) -> None:
    with alert(PROTOCOL_VERSION) as peer, socket.create_connection((peer.host, peer.port)) as connection:
        sock = TLSSocket(plain(connection), certificates.client(), NAME)
        sock.handshake()
        wait(sock)
        sock.receive()
        with pytest.raises(Untrusted, match="no TLS version in common"):
            sock.handshake()
        sock.close()


def test_a_server_of_tls_1_2_that_refuses_after_asking_for_a_certificate_is_said_to_want_one(
    certificates: Certificates,
) -> None:
    server = certificates.good()
    server.maximum_version = ssl.TLSVersion.TLSv1_2
    server.verify_mode = ssl.CERT_REQUIRED
    assert _refusal(server, certificates.client())[0].startswith("the registry asks for a client certificate")


def test_a_certificate_that_is_not_valid_yet_asks_for_a_look_at_the_clock(certificates: Certificates) -> None:
    why, remedy = _refusal(certificates.not_yet(), certificates.client())
    assert "not yet valid" in why
    assert remedy == "check this machine's clock: the certificate is not valid yet"


def _shake_hands(sock: TLSSocket) -> None:
    while not sock.handshake():
        wait(sock)
        sock.receive()


def _refusal(server: ssl.SSLContext, client: ssl.SSLContext) -> tuple[str, str]:
    """What a handshake that fails says, and what to do about it."""
    here, there = pair()
    here.setblocking(False)
    sock = TLSSocket(here, client, NAME)

    def refuse() -> None:
        with suppress(ssl.SSLError, OSError):
            _serve(there, server, lambda peer: None)

    thread = threading.Thread(target=refuse)
    thread.start()
    with pytest.raises(Untrusted) as caught:
        _shake_hands(sock)
    sock.close()
    thread.join(5.0)
    return caught.value.words, caught.value.remedy


def _failure(reason: str) -> ssl.SSLError:
    error = ssl.SSLError(1, "[SSL] whatever")
    error.reason = reason
    return error


@pytest.mark.parametrize(
    ("reason", "words"),
    [
        ("TLSV1_ALERT_PROTOCOL_VERSION", "no TLS version in common"),
        ("UNSUPPORTED_PROTOCOL", "unsupported protocol"),
        ("SSLV3_ALERT_HANDSHAKE_FAILURE", "no cipher or parameter in common"),
        ("TLSV13_ALERT_CERTIFICATE_REQUIRED", "asks for a client certificate"),
        ("SSLV3_ALERT_BAD_CERTIFICATE", "asks for a client certificate, and got none that it accepts"),
        ("TLSV1_UNRECOGNIZED_NAME", "does not know this name"),
        ("WRONG_VERSION_NUMBER", "the TLS handshake failed: wrong version number"),
    ],
)
def test_what_openssl_names_is_said_in_words(reason: str, words: str) -> None:
    assert words in explain(_failure(reason))[0]
