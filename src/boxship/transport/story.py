"""One exchange as it is told to whoever listens: what was asked, when it was written, answered and read to its end.

Nothing of a secret is in it: headers and queries are shown as `wire/shown` shows them.
"""

from __future__ import annotations

__all__ = ["Story"]

import time
from typing import TYPE_CHECKING

from boxship.connect.trace import Trace
from boxship.event import Fact
from boxship.wire.message import READING_HEADERS, Request
from boxship.wire.shown import REMOVED, shown_headers, shown_path, shown_target

if TYPE_CHECKING:
    from boxship.transport.connection import Connection
    from boxship.transport.response import Response

_SOON_SENT = 64 * 1024  # bytes: what is not longer is in the system's buffers at once


class Story:
    """Tells of one exchange. It is only made where somebody listens: a request costs little more than its bytes."""

    def __init__(self, trace: Trace, connection: Connection, request: Request) -> None:
        """`request`: as it is sent, with its credential."""
        self._trace, self._connection, self._request = trace, connection, request
        verdict = connection.verdict
        self._where = f"{request.method} {verdict.origin}{shown_path(request.path)}"
        self._facts: dict[str, Fact] = {
            "connection": connection.number,
            "host": verdict.origin.host,
            "address": str(verdict.address),
            "method": request.method,
            "url": f"{verdict.origin}{shown_target(request.path)}",
        }
        self._began = self._written = self._answered = time.monotonic()
        self._received = connection.received
        if request.body_size > _SOON_SENT:
            facts: dict[str, Fact] = {"body": request.body_size}
            trace.say("SendStart", f"{self._where}: {facts['body']} bytes", facts=self._facts | facts)

    def wrote(self, size: int) -> None:
        """The request has been written: from now on its first byte is waited for."""
        self._written = time.monotonic()
        facts: dict[str, Fact] = {
            "send": _ms(self._began, self._written),
            "bytes": size,
            "body": self._request.body_size,
        }
        self._trace.say("WroteRequest", self._where, facts=self._facts | facts)

    def answered(self, response: Response, text: str) -> None:
        """The head of the answer has come; `text` is its line."""
        self._answered, self._received = time.monotonic(), self._connection.received
        facts: dict[str, Fact] = {
            "status": response.status,
            "reason": response.head.reason,
            "http": response.protocol,
            "send": _ms(self._began, self._written),
            "wait": _ms(self._written, self._answered),
        }
        self._trace.say("Request", text, facts=self._facts | facts)
        self._tell_headers(response)
        response.on_end = self._ended

    def failed(self, error: BaseException) -> None:
        """No answer came."""
        facts: dict[str, Fact] = {"error": type(error).__name__, "ms": _ms(self._began, time.monotonic())}
        self._trace.say("RequestFailed", f"{self._where}: {type(error).__name__}", level="W", facts=self._facts | facts)

    def _tell_headers(self, response: Response) -> None:
        # What the user wrote in a header of their own may authenticate: of these only those of reads are shown.
        own = ((n, value if n in READING_HEADERS else REMOVED) for n, value in self._request.headers.items())
        sent = (*self._connection.own_headers, *own)
        for name, pairs in (("RequestHeaders", sent), ("AnswerHeaders", response.head.pairs())):
            shown = shown_headers(pairs)
            facts: dict[str, Fact] = {"connection": self._connection.number, "headers": shown}
            self._trace.say(name, "; ".join(f"{header}: {value}" for header, value in shown), level="D", facts=facts)

    def _ended(self, response: Response) -> None:
        """Nobody reads the answer any more: all of it has come, or the rest is not wanted or lost."""
        size, taken = self._connection.received - self._received, _ms(self._answered, time.monotonic())
        facts: dict[str, Fact] = {"whole": int(response.whole), "bytes": size, "receive": taken}
        text = f"{self._where}: {size} bytes in {taken:.1f} ms{'' if response.whole else ', and not to its end'}"
        self._trace.say("AnswerDone", text, level="D", facts=self._facts | facts)


def _ms(since: float, until: float) -> float:
    return round((until - since) * 1000, 3)
