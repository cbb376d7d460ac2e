"""A tunnel by SOCKS5 (RFC 1928), with a user's name and password where the proxy wants them (RFC 1929).

Bytes in, bytes out, no socket. The proxy resolves names; addresses go as addresses.
"""

from __future__ import annotations

__all__ = ["SocksTunnel"]

import ipaddress
from collections.abc import Callable, Mapping

from boxship.connect.evidence import Evidence
from boxship.connect.tunnel_failure import TunnelFailed, around, closed, foreign, log_in_form, spoke_too_early
from boxship.credential import Credential
from boxship.settings.proxies import Proxy

_VERSION = 5
_LOG_IN_VERSION = 1  # RFC 1929, 2
_NO_LOG_IN, _PASSWORD, _NO_METHOD = 0, 2, 0xFF
_CONNECT = 1
_IPV4, _NAME, _IPV6 = 1, 3, 4
_ADDRESS_SIZES: Mapping[int, int] = {_IPV4: 4, _IPV6: 16}
_LONGEST = 255  # bytes of a name, a user's name or a password: its length is one byte

# RFC 1928, 6.
_REPLIES: Mapping[int, tuple[Evidence, str]] = {
    1: (Evidence.PROXY, "it failed in general, and does not say how"),
    2: (Evidence.PROXY, "its rules do not permit it"),
    3: (Evidence.UNREACHABLE, "the network is unreachable"),
    4: (Evidence.UNREACHABLE, "the host is unreachable, or has no such name"),
    5: (Evidence.REFUSED, "the connection was refused"),
    6: (Evidence.SILENT, "nothing came back in time (TTL expired)"),
    7: (Evidence.PROXY, "it does not know the command CONNECT"),
    8: (Evidence.PROXY, "it does not know this type of address"),
}


class SocksTunnel:
    """A choice of the log-in, the log-in, and a request, each with its reply."""

    def __init__(self, proxy: Proxy, host: str, port: int) -> None:
        self._proxy = proxy
        self._target = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
        self._request = bytes((_VERSION, _CONNECT, 0)) + _address(host) + port.to_bytes(2, "big")
        self._buffer = b""
        self._spoke = False
        # Takes the reply that is waited for off the buffer, or None while it is not whole; gives what is sent next.
        self._step: Callable[[], bytes | None] = self._method
        self._open = False

    @property
    def open(self) -> bool:
        """Whether the target is reached."""
        return self._open

    def begin(self) -> bytes:
        """The methods to log in that are known: none, and with a password where there is one."""
        methods = (_NO_LOG_IN, _PASSWORD) if self._proxy.credential else (_NO_LOG_IN,)
        return bytes((_VERSION, len(methods), *methods))

    def receive(self, data: bytes) -> bytes:
        """What is sent next, or nothing; raises `TunnelFailed` as soon as that is known."""
        self._buffer += data
        self._spoke = self._spoke or bool(data)
        answer = b""
        while not self._open and (more := self._step()) is not None:
            answer += more
        if self._open and self._buffer:
            raise spoke_too_early(self._proxy, self._target)
        if not data:
            raise closed(self._proxy, f"CONNECT {self._target}", begun=self._spoke)
        return answer

    def _method(self) -> bytes | None:
        self._expect_version(_VERSION)
        if len(self._buffer) < 2:
            return None
        method = self._take(2)[1]
        credential = self._proxy.credential
        if method == _NO_LOG_IN:
            self._step = self._reply
            return self._request
        if method == _PASSWORD and credential:
            self._step = self._logged_in
            return self._log_in(credential)
        if method == _NO_METHOD:
            raise self._no_method()
        raise self._failed(f"it chose method {method} to log in, which was not offered")

    def _no_method(self) -> TunnelFailed:
        offered = "does not accept a user's name with a password" if self._proxy.credential else "none was sent"
        words = f"the proxy {self._proxy} asks for a log-in, and {offered}"
        return TunnelFailed(Evidence.PROXY, words, log_in_form(self._proxy))

    def _log_in(self, credential: Credential) -> bytes:
        texts = (credential.username, credential.secret.reveal())
        user, password = (text.encode("utf-8", "surrogateescape") for text in texts)
        if max(len(user), len(password)) > _LONGEST:
            words = f"the log-in for the proxy {self._proxy} is too long: SOCKS5 carries {_LONGEST} bytes of each part"
            raise TunnelFailed(Evidence.PROXY, words, f"check what {self._proxy.rule} says")
        return bytes((_LOG_IN_VERSION, len(user))) + user + bytes((len(password),)) + password

    def _logged_in(self) -> bytes | None:
        self._expect_version(_LOG_IN_VERSION)
        if len(self._buffer) < 2:
            return None
        if self._take(2)[1] != 0:
            words = f"the proxy {self._proxy} does not accept the log-in that was sent"
            raise TunnelFailed(Evidence.PROXY, words, log_in_form(self._proxy))
        self._step = self._reply
        return self._request

    def _reply(self) -> bytes | None:
        self._expect_version(_VERSION)
        if len(self._buffer) >= 2 and self._buffer[1] != 0:
            # What follows may be cut short: the code says it all.
            raise self._refusal(self._buffer[1])
        size = self._reply_size()
        if size is None or len(self._buffer) < size:
            return None
        self._take(size)
        self._open = True
        return b""

    def _reply_size(self) -> int | None:
        """How long the reply is, once that is known: its address may be a name."""
        if len(self._buffer) < 5:
            return None
        kind = self._buffer[3]
        if kind == _NAME:
            return 5 + self._buffer[4] + 2
        if kind not in _ADDRESS_SIZES:
            raise self._failed(f"its reply has an address of type {kind}, which SOCKS5 does not know")
        return 4 + _ADDRESS_SIZES[kind] + 2

    def _refusal(self, code: int) -> TunnelFailed:
        evidence, why = _REPLIES.get(code, (Evidence.PROXY, f"it replies with code {code}, which has no meaning"))
        words = f"the proxy {self._proxy} did not connect to {self._target}: {why}"
        if evidence is Evidence.PROXY:
            return TunnelFailed(evidence, words, f"look at what the proxy permits and logs, or {around(self._target)}")
        remedy = f"check the address; if it is to be reached directly, {around(self._target)}"
        return TunnelFailed(evidence, words, remedy)

    def _expect_version(self, version: int) -> None:
        if self._buffer and self._buffer[0] != version:
            raise foreign(self._proxy, self._buffer, "SOCKS5")

    def _take(self, size: int) -> bytes:
        taken, self._buffer = self._buffer[:size], self._buffer[size:]
        return taken

    def _failed(self, why: str) -> TunnelFailed:
        words = f"the proxy {self._proxy} does not speak SOCKS5 as it should: {why}"
        return TunnelFailed(Evidence.PROXY, words, f"check the address and port that {self._proxy.rule} says")


def _address(host: str) -> bytes:
    """The target's type and address."""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        name = host.encode("ascii")
        if not 0 < len(name) <= _LONGEST:
            raise ValueError(f"SOCKS5 carries no name of {len(name)} bytes") from None
        return bytes((_NAME, len(name))) + name
    bare = getattr(address, "ipv4_mapped", None) or address
    return bytes((_IPV4 if bare.version == 4 else _IPV6,)) + bare.packed
