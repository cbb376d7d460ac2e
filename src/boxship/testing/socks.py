"""A SOCKS5 proxy on loopback (RFC 1928, RFC 1929), for the command CONNECT.

Passing bytes on is `forwarding`'s work; the HTTP proxy is in `proxy`.
"""

from __future__ import annotations

__all__ = ["SocksProxy", "SocksRequest", "socks5_proxy"]

import errno
import ipaddress
import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from boxship.testing.connection import Connection
from boxship.testing.forwarding import At, Targets, UnknownTarget, forward
from boxship.testing.listener import Listener
from boxship.testing.place import LOOPBACK
from boxship.testing.proxy import NOWHERE, PATIENCE
from boxship.value import dataclass, field

_VERSION = 5
_NO_LOG_IN, _PASSWORD, _NO_METHOD = 0, 2, 0xFF
_CONNECT = 1
_IPV4, _NAME, _IPV6 = 1, 3, 4
# RFC 1928, 6.
_OPEN, _FAILED, _NO_HOST, _REFUSED, _EXPIRED, _NO_COMMAND, _NO_TYPE = 0, 1, 4, 5, 6, 7, 8


@dataclass(frozen=True, slots=True, kw_only=True)
class SocksRequest:
    """What a SOCKS5 proxy was asked.

    Attributes:
        host: a name or an address, as it came.
        port: the port.
        named: whether the host came as a name, which the proxy resolves.
        user: who logged in, if anybody did.
        password: with which password.
    """

    host: str
    port: int
    named: bool
    user: str = ""
    password: str = field(default="", repr=False)

    @property
    def target(self) -> str:
        """`reg.test:443`, or `[fd00::1]:443`."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


class SocksProxy(Listener):
    """A listener that passes on what it is asked; `requests` is what that was."""

    def __init__(
        self,
        targets: Targets,
        *,
        user: str = "",
        password: str = "",
        reply: int = _OPEN,
        delay: float = 0.0,
        mute: bool = False,
        host: str = LOOPBACK,
        port: int = 0,
    ) -> None:
        super().__init__(self._serve, host=host, port=port)
        self._targets = targets
        self._user, self._password = user, password
        self._told_reply = reply
        self._delay = delay
        self._mute = mute
        self._requests: list[SocksRequest] = []

    @property
    def url(self) -> str:
        """`socks5://127.0.0.1:43210`, as `HTTPS_PROXY` has it; without a log-in."""
        return f"socks5://{self.address}"

    @property
    def requests(self) -> tuple[SocksRequest, ...]:
        """Every request so far, in the order they came; none of a client that did not log in."""
        return tuple(self._requests)

    def _serve(self, connection: Connection) -> None:
        peer = _Peer(connection)
        login = self._log_in(peer)
        request = peer.request(login) if login else None
        if not request:
            connection.finish()
            return
        self._requests.append(request)
        if self._mute:
            connection.drain()
            return
        connection.sleep(self._delay)
        self._pass_on(peer, request)

    def _log_in(self, peer: _Peer) -> tuple[str, str] | None:
        """The user and password that were sent, both empty where none are wanted; None where they are wrong."""
        wanted = _PASSWORD if self._user or self._password else _NO_LOG_IN
        offered = peer.methods()
        if offered is None:
            return None
        if wanted not in offered:
            peer.send(_VERSION, _NO_METHOD)
            return None
        peer.send(_VERSION, wanted)
        if wanted == _NO_LOG_IN:
            return "", ""
        login = peer.login()
        peer.send(1, int(login != (self._user, self._password)))
        return login if login == (self._user, self._password) else None

    def _pass_on(self, peer: _Peer, request: SocksRequest) -> None:
        code, reached = (self._told_reply, None) if self._told_reply else self._reach(request, peer.connection)
        peer.reply(code)
        if reached is None:
            peer.connection.finish()
            return
        with reached:
            forward(peer.connection, reached, peer.rest)

    def _reach(self, request: SocksRequest, connection: Connection) -> tuple[int, socket.socket | None]:
        try:
            return _OPEN, self._targets.reach(request.target, connection)
        except ConnectionAbortedError:
            raise
        except OSError as error:
            return _code(error), None


class _Peer:
    """What the client says, message after message; `ConnectionError` where it ends before."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.rest = b""

    def send(self, *values: int) -> None:
        self.connection.send(bytes(values))

    def methods(self) -> bytes | None:
        """The ways to log in that are offered; None of a peer that speaks another language."""
        version, count = self._take(2)
        return self._take(count) if version == _VERSION else None

    def login(self) -> tuple[str, str]:
        self._take(1)
        return self._text(), self._text()

    def request(self, login: tuple[str, str]) -> SocksRequest | None:
        """What is asked; None, and answered, for what is not known here."""
        _, command, _, kind = self._take(4)
        if command != _CONNECT or kind not in (_IPV4, _NAME, _IPV6):
            self.reply(_NO_TYPE if command == _CONNECT else _NO_COMMAND)
            return None
        host = self._text() if kind == _NAME else self._address(kind)
        port = int.from_bytes(self._take(2), "big")
        return SocksRequest(host=host, port=port, named=kind == _NAME, user=login[0], password=login[1])

    def reply(self, code: int) -> None:
        self.send(_VERSION, code, 0, _IPV4, 0, 0, 0, 0, 0, 0)

    def _address(self, kind: int) -> str:
        return str(ipaddress.ip_address(self._take(4 if kind == _IPV4 else 16)))

    def _text(self) -> str:
        return self._take(self._take(1)[0]).decode("utf-8", "surrogateescape")

    def _take(self, size: int) -> bytes:
        while len(self.rest) < size:
            piece = self.connection.receive()
            if not piece:
                raise ConnectionError("the peer ended before it had said all")
            self.rest += piece
        taken, self.rest = self.rest[:size], self.rest[size:]
        return taken


def _code(error: OSError) -> int:
    if isinstance(error, TimeoutError):
        return _EXPIRED
    if isinstance(error, UnknownTarget):
        return _NO_HOST
    return _REFUSED if error.errno == errno.ECONNREFUSED else _FAILED


@contextmanager
def socks5_proxy(
    resolve: Mapping[str, At] = NOWHERE,
    *,
    user: str = "",
    password: str = "",
    reply: int = 0,
    delay: float = 0.0,
    mute: bool = False,
    patience: float = PATIENCE,
    host: str = LOOPBACK,
    port: int = 0,
) -> Iterator[SocksProxy]:
    """A SOCKS5 proxy that really passes bytes on, to where `resolve` says that `"reg.test:443"` is.

    Places on loopback are reached as they are, and no others: they get reply 4; a place that refuses gets 5, and one
    that does not answer within `patience` seconds 6.

    Args:
        resolve: where the names are that it is asked for: anything with `host` and `port`.
        user: who must log in; nobody else may ask.
        password: with which password.
        reply: the code of RFC 1928 that every request is answered with, where that is not to be 0.
        delay: seconds before that answer.
        mute: hear what is asked, and never answer.
        patience: seconds that a place is waited for.
        host: the address it listens on.
        port: its port, or a free one.
    """
    proxy = SocksProxy(
        Targets(resolve, patience),
        user=user,
        password=password,
        reply=reply,
        delay=delay,
        mute=mute,
        host=host,
        port=port,
    )
    with proxy:
        yield proxy
