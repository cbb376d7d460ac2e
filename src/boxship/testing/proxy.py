"""An HTTP proxy on loopback: CONNECT, and requests in absolute form, passed on to the places that it is told.

Passing bytes on is `forwarding`'s work; the SOCKS5 proxy is in `socks`.
"""

from __future__ import annotations

__all__ = ["HTTPProxy", "http_proxy"]

import base64
import socket
import ssl
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from types import MappingProxyType
from urllib.parse import urlsplit

from boxship.testing.connection import Connection
from boxship.testing.delivery import deliver
from boxship.testing.exchange import NEVER, Answer, Request
from boxship.testing.forwarding import At, Targets, UnknownTarget, forward, readable
from boxship.testing.listener import Listener
from boxship.testing.place import LOOPBACK
from boxship.testing.receiving import NotHTTP, RequestReader
from boxship.testing.serving import BAD_REQUEST
from boxship.wire.challenge import write_challenge

NOWHERE: Mapping[str, At] = MappingProxyType({})
PATIENCE = 3.0  # seconds that a place is waited for; less than what a listener waits for its threads
_OPEN = b"HTTP/1.1 200 Connection established\r\n\r\n"
_PIECE = 65536
# What is between the client and the proxy alone (RFC 9110, 7.6.1), and what the body's new framing replaces.
_HOP = frozenset({"proxy-authorization", "proxy-connection", "expect", "transfer-encoding", "content-length"})


class HTTPProxy(Listener):
    """A listener that passes on what it is asked; `requests` is what that was, CONNECTs included."""

    def __init__(
        self,
        targets: Targets,
        *,
        user: str = "",
        password: str = "",
        instead: Answer | None = None,
        delay: float = 0.0,
        context: ssl.SSLContext | None = None,
        host: str = LOOPBACK,
        port: int = 0,
    ) -> None:
        super().__init__(self._serve, host=host, port=port)
        self._targets = targets
        self._expected = _basic(user, password) if user or password else ""
        self._instead = instead
        self._delay = delay
        self._context = context
        self._requests: list[Request] = []

    @property
    def url(self) -> str:
        """`http://127.0.0.1:43210` (`https` where it speaks TLS), as `HTTPS_PROXY` has it; without a log-in."""
        return f"{'https' if self._context else 'http'}://{self.address}"

    @property
    def requests(self) -> tuple[Request, ...]:
        """Every request so far, in the order they came; the target of a CONNECT is `reg.test:443`."""
        return tuple(self._requests)

    def _serve(self, connection: Connection) -> None:
        if self._context:
            connection.secure(self._context)
        try:
            self._converse(connection)
        except NotHTTP:
            connection.send(BAD_REQUEST)
            connection.finish()

    def _converse(self, connection: Connection) -> None:
        reader = RequestReader(connection)
        with closing(_Upstream(self._targets, connection)) as upstream:
            while True:
                request = reader.with_body(reader.head())
                self._requests.append(request)
                if not self._answer(connection, request, reader, upstream):
                    return

    def _answer(self, connection: Connection, request: Request, reader: RequestReader, upstream: _Upstream) -> bool:
        """Whether the connection is kept for another request."""
        name = request.target if request.method == "CONNECT" else _origin(request.target)
        refusal = self._refusal(request) or (None if name else Answer(400, b"this is a proxy", afterwards="close"))
        connection.sleep(self._delay)
        if not refusal:
            refusal = upstream.reach(name)
        if refusal:
            return deliver(connection, request.method, refusal)
        if request.method == "CONNECT":
            connection.send(_OPEN)
            forward(connection, upstream.reached, reader.rest)
            return False
        return upstream.ask(request)

    def _refusal(self, request: Request) -> Answer | None:
        if self._expected and request.headers.get("proxy-authorization") != self._expected:
            return Answer(407, b"log in", headers={"Proxy-Authenticate": write_challenge("Basic", realm="proxy")})
        return self._instead


class _Upstream:
    """The connection to the place that was asked for last, kept while the same one is asked for."""

    def __init__(self, targets: Targets, connection: Connection) -> None:
        self._targets, self._connection = targets, connection
        self._name = ""
        self._socket: socket.socket | None = None

    @property
    def reached(self) -> socket.socket:
        """The socket, after `reach` found nothing to say."""
        assert self._socket, "nothing was reached"
        return self._socket

    def close(self) -> None:
        """Close what was reached last."""
        if self._socket:
            self._socket.close()
            self._socket = None

    def reach(self, name: str) -> Answer | None:
        """Be connected to `name`, or say why not."""
        if self._socket and self._name == name:
            return None
        self.close()
        try:
            self._socket = self._targets.reach(name, self._connection)
        except ConnectionAbortedError:
            raise
        except TimeoutError as error:
            return Answer(504, str(error).encode())
        except OSError as error:
            return Answer(502, f"{name}: {error if isinstance(error, UnknownTarget) else error.strerror}".encode())
        self._name = name
        return None

    def ask(self, request: Request) -> bool:
        """Send a request, and pass back what comes until the peer speaks again; False where the place has ended."""
        self.reached.settimeout(PATIENCE)
        self.reached.sendall(_in_origin_form(request))
        while not self._connection.stopping:
            ready = readable(self._connection, self.reached)
            if self.reached in ready:
                if not self._pass_back():
                    return False
            elif ready:
                return True
        return False

    def _pass_back(self) -> bool:
        try:
            piece = self.reached.recv(_PIECE)
        except ConnectionError:
            self._connection.reset()
            return False
        if not piece:
            self._connection.finish()
            return False
        self._connection.send(piece)
        return True


def _origin(target: str) -> str:
    """`reg.test:80` of an absolute target; empty for others."""
    try:
        parts = urlsplit(target)
        port = parts.port or 80
    except ValueError:
        return ""
    host = f"[{parts.hostname}]" if parts.hostname and ":" in parts.hostname else parts.hostname
    return f"{host}:{port}" if parts.scheme == "http" and host else ""


def _in_origin_form(request: Request) -> bytes:
    parts = urlsplit(request.target)
    target = f"{parts.path or '/'}?{parts.query}" if parts.query else parts.path or "/"
    kept = [f"{name}: {value}" for name, value in request.headers.items() if name not in _HOP]
    if request.body or request.method in ("POST", "PUT", "PATCH"):
        kept.append(f"content-length: {len(request.body)}")
    head = "\r\n".join((f"{request.method} {target} HTTP/1.1", *kept, "", ""))
    return head.encode("latin-1") + request.body


def _basic(user: str, password: str) -> str:
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


@contextmanager
def http_proxy(
    resolve: Mapping[str, At] = NOWHERE,
    *,
    user: str = "",
    password: str = "",
    instead: Answer | None = None,
    delay: float = 0.0,
    mute: bool = False,
    context: ssl.SSLContext | None = None,
    patience: float = PATIENCE,
    host: str = LOOPBACK,
    port: int = 0,
) -> Iterator[HTTPProxy]:
    """An HTTP proxy that really passes bytes on, to where `resolve` says that `"reg.test:443"` is.

    Places on loopback are reached as they are, and no others: they get 502, as does a place that refuses, in these
    words; one that does not answer within `patience` seconds gets 504.

    Args:
        resolve: where the names are that it is asked for: anything with `host` and `port`.
        user: who must log in; anybody else gets 407.
        password: with which password.
        instead: what is answered instead of passing anything on, such as `Answer(403)`.
        delay: seconds before each answer of its own, such as CONNECT's.
        mute: hear what is asked, and never answer.
        context: the server's side of the TLS in which the proxy itself is spoken to.
        patience: seconds that a place is waited for.
        host: the address it listens on.
        port: its port, or a free one.
    """
    proxy = HTTPProxy(
        Targets(resolve, patience),
        user=user,
        password=password,
        instead=NEVER if mute else instead,
        delay=delay,
        context=context,
        host=host,
        port=port,
    )
    with proxy:
        yield proxy
