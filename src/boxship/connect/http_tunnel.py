"""A tunnel by HTTP's CONNECT (RFC 9110, 9.3.6): bytes in, bytes out, no socket.

Which failures say something of the target, and which of the proxy alone, is rule 10 of docs/connecting.md.
"""

from __future__ import annotations

__all__ = ["LONGEST_HEAD", "MOST_INTERIM", "HTTPTunnel"]

import re
from collections.abc import Iterator
from typing import NoReturn

from boxship.connect.evidence import Evidence
from boxship.connect.forwarding import own_headers
from boxship.connect.tunnel_failure import (
    TunnelFailed,
    around,
    closed,
    foreign,
    log_in,
    spoke_too_early,
    status_words,
)
from boxship.settings.proxies import Proxy
from boxship.wire.message import Head, Request
from boxship.wire.printable import printable

LONGEST_HEAD = 64 * 1024
MOST_INTERIM = 16
# Of the page that a failure comes with: whether the target refused stands in it, or nowhere.
_LONGEST_PAGE = 16 * 1024

_BEGINNING = b"HTTP/1."
_END_OF_HEAD = re.compile(rb"\r?\n\r?\n")
_STATUS_LINE = re.compile(r"HTTP/1\.[0-9] ([1-5][0-9]{2})(?: (.*))?")
_LAST_CHUNK = re.compile(rb"(?:^|\r\n)0+(?:;[^\r\n]*)?\r\n(?:[^\r\n]+\r\n)*\r\n\Z")
_NOT_REACHED = frozenset({502, 503, 504})
# The numbers are ECONNREFUSED's on Linux, on BSD and macOS, and on Windows (X-Squid-Error has it after the name).
_REFUSED = re.compile(r"\brefused\b|ECONNREFUSED|ERR_CONNECT_FAIL (?:111|61|10061)\b", re.IGNORECASE)


class HTTPTunnel:
    """One CONNECT and its answer."""

    def __init__(self, proxy: Proxy, target: str, user_agent: str) -> None:
        self._proxy, self._target = proxy, target
        self._user_agent = user_agent
        self._buffer = b""
        self._searched = 0
        self._interim = 0
        self._failed: Head | None = None
        self._open = False

    @property
    def open(self) -> bool:
        """Whether the target is reached."""
        return self._open

    def begin(self) -> bytes:
        """The request."""
        request = Request("CONNECT", self._target)
        return request.encode(self._target, own_headers(self._user_agent, self._proxy))

    def receive(self, data: bytes) -> bytes:
        """Nothing is ever sent next; raises `TunnelFailed` as soon as that is known."""
        if self._open:
            if data:
                raise spoke_too_early(self._proxy, self._target)
            raise closed(self._proxy, f"CONNECT {self._target}", begun=True)
        self._buffer += data
        if self._failed:
            self._read_page(self._failed, ended=not data)
            return b""
        for head in self._heads():
            self._judge(head, ended=not data)
        if not data and not self._open:
            raise closed(self._proxy, f"CONNECT {self._target}", begun=bool(self._buffer or self._interim))
        return b""

    def _heads(self) -> Iterator[Head]:
        """The heads that are there, the last of them final."""
        while not (self._open or self._failed) and (head := self._next_head()):
            yield head

    def _next_head(self) -> Head | None:
        if not self._buffer.startswith(_BEGINNING[: len(self._buffer)]):
            raise foreign(self._proxy, self._buffer, "HTTP")
        # A mark may have begun in what was searched before.
        found = _END_OF_HEAD.search(self._buffer, max(0, self._searched - 3))
        if (found.end() if found else len(self._buffer)) > LONGEST_HEAD:
            self._refuse(f"the head of its answer is longer than {LONGEST_HEAD} bytes")
        if not found:
            self._searched = len(self._buffer)
            return None
        written, self._buffer = self._buffer[: found.start()], self._buffer[found.end() :]
        self._searched = 0
        return self._parse(written)

    def _parse(self, written: bytes) -> Head:
        line, *lines = written.decode("latin-1").replace("\r\n", "\n").split("\n")
        found = _STATUS_LINE.fullmatch(line)
        if not found:
            raise foreign(self._proxy, written, "HTTP")
        pairs = (line.partition(":") for line in lines)
        return Head.of(int(found[1]), printable((found[2] or "").strip()), ((n, v.strip()) for n, _, v in pairs))

    def _judge(self, head: Head, *, ended: bool) -> None:
        if head.status == 101:
            self._refuse("it answers 101, to which CONNECT knows no upgrade")
        if head.status < 200:
            self._interim += 1
            if self._interim > MOST_INTERIM:
                self._refuse(f"it sends more than {MOST_INTERIM} interim answers")
        elif head.status < 300:
            # RFC 9110, 9.3.6: Content-Length and Transfer-Encoding of such an answer are to be ignored.
            self._open = True
            if self._buffer:
                raise spoke_too_early(self._proxy, self._target)
        elif head.status in _NOT_REACHED:
            self._failed = head
            self._read_page(head, ended=ended)
        else:
            raise self._refusal(head)

    def _read_page(self, head: Head, *, ended: bool) -> None:
        """Raise once it is known whether the target refused: by the head, or by the page when it is all there."""
        size = _size(head)
        page = self._buffer[:size]
        said = f"{head.reason}\n{head.get('x-squid-error')}\n{page.decode('latin-1')}"
        if _REFUSED.search(said):
            raise self._not_reached(head, Evidence.REFUSED)
        chunked = "transfer-encoding" in head.headers
        if ended or len(page) == size or (chunked and _LAST_CHUNK.search(page)):
            raise self._not_reached(head, Evidence.SILENT)

    def _not_reached(self, head: Head, evidence: Evidence) -> TunnelFailed:
        how = "was refused" if evidence is Evidence.REFUSED else "was not reached"
        words = f"{self._target} {how} by the proxy {self._proxy}: {status_words(head)}"
        return TunnelFailed(
            evidence, words, f"check the address; if it is to be reached directly, {around(self._target)}"
        )

    def _refusal(self, head: Head) -> TunnelFailed:
        # tinyproxy answers 407 where there is no log-in, and 401 where it is wrong.
        if head.status in (401, 407):
            return log_in(self._proxy, head)
        how = "refuses to" if head.status < 500 else "did not"
        words = f"the proxy {self._proxy} {how} connect to {self._target}: {status_words(head)}"
        return TunnelFailed(Evidence.PROXY, words, self._remedy(head.status))

    def _remedy(self, status: int) -> str:
        if status == 403 and not self._target.endswith(":443"):
            return f"many proxies permit port 443 only: have the port permitted, or {around(self._target)}"
        if status == 403:
            return f"have {self._target} permitted there, or {around(self._target)}"
        if status < 500 and status != 429:
            return f"is it a proxy? check the address and port that {self._proxy.rule} says"
        # tinyproxy answers 500 where it cannot connect, Squid where it cannot resolve the name.
        why = "the target cannot be reached from there, or the proxy is in trouble"
        return f"{why}: check both, or {around(self._target)}"

    def _refuse(self, why: str) -> NoReturn:
        words = f"the proxy {self._proxy} does not answer CONNECT {self._target}: {why}"
        raise TunnelFailed(Evidence.PROXY, words, f"check the address and port that {self._proxy.rule} says")


def _size(head: Head) -> int:
    """How long the page is, or as much as is read; what has no length ends with the connection (RFC 9112, 6.3)."""
    length = head.get("content-length")
    told = length.isascii() and length.isdigit() and "transfer-encoding" not in head.headers
    return min(int(length[:9]), _LONGEST_PAGE) if told else _LONGEST_PAGE
