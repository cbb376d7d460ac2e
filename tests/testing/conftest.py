from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Callable, Iterator

import pytest
import trustme

from boxship.testing import Listener, Place

Dial = Callable[[Place | Listener], socket.socket]


def rest_of(client: socket.socket) -> bytes:
    """What comes until the server ends."""
    return b"".join(iter(lambda: client.recv(65536), b""))


@pytest.fixture(scope="module", autouse=True)
def _registries() -> None:
    """They are what these tests are about: each is started, as users' are."""


@pytest.fixture(autouse=True)
def _no_thread_is_left() -> Iterator[None]:
    before = set(threading.enumerate())
    yield
    assert set(threading.enumerate()) <= before


@pytest.fixture
def dial() -> Iterator[Dial]:
    """Connections with a timeout, closed after the test."""
    opened: list[socket.socket] = []

    def connect(place: Place | Listener) -> socket.socket:
        opened.append(socket.create_connection((place.host, place.port), timeout=5))
        return opened[-1]

    yield connect
    for connection in opened:
        connection.close()


@pytest.fixture(scope="session")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture(scope="session")
def server_context(authority: trustme.CA) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("registry.test", "127.0.0.1").configure_cert(context)
    return context


@pytest.fixture(scope="session")
def client_context(authority: trustme.CA) -> ssl.SSLContext:
    context = ssl.create_default_context()
    # Whether a server says that it ends is what is tested; some versions of Python overlook it.
    context.options &= ~getattr(ssl, "OP_IGNORE_UNEXPECTED_EOF", 0)
    authority.configure_trust(context)
    return context
