"""A scripted HTTP/1.1 server, plain or over TLS: a function from requests to answers, listening on a port.

It remembers all that was asked. Ready-made functions are in `scripted`, `tokens` and `hostile`.
"""

from __future__ import annotations

__all__ = ["BAD_REQUEST", "PLAIN_TO_TLS", "Server", "serving", "tls"]

import ssl
from collections.abc import Iterator
from contextlib import contextmanager

from boxship.testing.connection import Connection
from boxship.testing.delivery import deliver
from boxship.testing.exchange import Answer, Answering, Request, decide
from boxship.testing.listener import Listener
from boxship.testing.place import LOOPBACK
from boxship.testing.receiving import NotHTTP, requests

# What Go's net/http answers to bytes that are no request (server.go, badRequestError), and to plain HTTP where it
# speaks TLS.
BAD_REQUEST = (
    b"HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain; charset=utf-8\r\nConnection: close\r\n\r\n400 Bad Request"
)
PLAIN_TO_TLS = b"HTTP/1.0 400 Bad Request\r\n\r\nClient sent an HTTP request to an HTTPS server.\n"
_HANDSHAKE_RECORD = b"\x16"


class Server(Listener):
    """A listener that answers HTTP; `requests` is what it was asked."""

    def __init__(
        self,
        answer: Answer | Answering,
        *,
        host: str = LOOPBACK,
        port: int = 0,
        single_threaded: bool = False,
        early: bool = False,
        on_hello: bytes = BAD_REQUEST,
        context: ssl.SSLContext | None = None,
        delay: float = 0.0,
    ) -> None:
        super().__init__(self._serve, host=host, port=port, single_threaded=single_threaded)
        self._answer = answer
        self._early = early
        self._on_hello = on_hello
        self._context = context
        self._delay = delay
        self._requests: list[Request] = []

    @property
    def url(self) -> str:
        """`http://127.0.0.1:43210`, or with `https` where it speaks TLS."""
        return f"{'https' if self._context else 'http'}://{self.address}"

    @property
    def requests(self) -> tuple[Request, ...]:
        """Every request so far, in the order they came."""
        return tuple(self._requests)

    def _serve(self, connection: Connection) -> None:
        connection.sleep(self._delay)
        if self._context and not self._secure(connection, self._context):
            return
        try:
            self._converse(connection)
        except NotHTTP:
            connection.send(self._on_hello)
            connection.finish()

    def _secure(self, connection: Connection, context: ssl.SSLContext) -> bool:
        first = connection.peek()
        if first[:1] == _HANDSHAKE_RECORD:
            connection.secure(context)
            return True
        if first:
            connection.receive()
            connection.send(PLAIN_TO_TLS)
            connection.finish()
        return False

    def _converse(self, connection: Connection) -> None:
        for request in requests(connection, early=self._early):
            self._requests.append(request)
            if not deliver(connection, request.method, self._decide(request)):
                return

    def _decide(self, request: Request) -> Answer:
        try:
            return decide(self._answer, request)
        except Exception as error:  # noqa: BLE001 - raised again where the `with` block ends
            self._failures.append(error)
            return Answer(500, f"the test's own answer failed: {error!r}".encode(), afterwards="close")


@contextmanager
def serving(
    answer: Answer | Answering,
    *,
    host: str = LOOPBACK,
    port: int = 0,
    single_threaded: bool = False,
    early: bool = False,
    on_hello: bytes = BAD_REQUEST,
) -> Iterator[Server]:
    """A plain HTTP/1.1 server that answers each request with `answer(request)`, or always with the same answer.

    What is no HTTP, such as a TLS hello, is answered with `on_hello`, and closed; an empty one just closes. With
    `early`, a request is answered when its head is there, before its body is read. With `single_threaded`, the next
    connection waits, connected and unanswered, until the one before has ended.
    """
    server = Server(answer, host=host, port=port, single_threaded=single_threaded, early=early, on_hello=on_hello)
    with server:
        yield server


@contextmanager
def tls(
    answer: Answer | Answering,
    context: ssl.SSLContext,
    *,
    host: str = LOOPBACK,
    port: int = 0,
    delay: float = 0.0,
    single_threaded: bool = False,
    early: bool = False,
) -> Iterator[Server]:
    """Like `serving`, over TLS with the server's `context`; `delay` seconds pass before each handshake.

    Plain HTTP is answered with 400, as Go's server does.
    """
    server = Server(
        answer, context=context, host=host, port=port, delay=delay, single_threaded=single_threaded, early=early
    )
    with server:
        yield server
