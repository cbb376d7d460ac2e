"""One connection and the exchanges on it: a request is written, the head of its answer read.

What sockets, TLS and framing raise leaves here as boxship's own (`border`); answers are `response`'s.
"""

from __future__ import annotations

__all__ = ["Connection"]

import contextlib
import socket
from collections.abc import Callable

from boxship.connect.deadline import Bounds, Work
from boxship.connect.forwarding import own_headers, target_prefix
from boxship.connect.readiness import Readiness
from boxship.connect.verdict import Line, Verdict
from boxship.errors import BrokenAnswer
from boxship.transport.border import translated
from boxship.transport.incoming import Incoming
from boxship.transport.reader import Reader
from boxship.transport.response import Response
from boxship.transport.retry import Stale
from boxship.transport.sending import Outgoing
from boxship.wire.content import Content
from boxship.wire.framing import Framing, parse_framing
from boxship.wire.message import USER_AGENT, Request

_MOST_INTERIM = 16  # 103 Early Hints and the like before the answer


class Connection:
    """A connected line to one origin. One exchange at a time; whoever has it closes it or gives it back."""

    def __init__(self, line: Line, host: str, user_agent: str = USER_AGENT) -> None:
        self.verdict: Verdict = line.verdict
        proxy = line.verdict.proxy
        self.place = f"{line.verdict.origin} ({f'through the proxy {proxy}' if proxy else line.verdict.address})"
        self.number = line.connection
        self._sock, self._host = line.sock, host
        forwarder = line.verdict.forwarder
        self._prefix = target_prefix(forwarder, host)
        self._own = own_headers(user_agent, forwarder)
        self._readiness = Readiness(line.sock)
        self._reader = Reader(line.sock, self._readiness, self.place)
        self._file = Incoming(self._reader)
        self._used = False
        self.open = True

    def ask(
        self,
        request: Request,
        work: Work,
        bounds: Bounds,
        first_byte: float,
        wrote: Callable[[int], None] | None = None,
    ) -> Callable[[], Response]:
        """Send the request; what is returned waits for the head of its answer, whose body is read from the response.

        `wrote` is called with its size as soon as it has been written.
        """
        head = request.encode(self._host, self._own, self._prefix)
        outgoing = Outgoing(head, request.body)
        reused, self._used = self._used, True
        self._reader.expect(work, bounds, first_byte)
        border = _Exchange(self, request, outgoing, reused=reused)
        with work.watch(self.interrupt), border:
            sent = self._send(outgoing, work, bounds)
            if wrote:
                wrote(len(head) + request.body_size)

        def answer() -> Response:
            with work.watch(self.interrupt), border:
                framing, whole = self._final_answer(request.method, outgoing, work, bounds, whole=sent)
            outgoing.close()
            content = Content(framing, self._file)
            return Response(framing, content, self, self._reader, work, keep=whole and not framing.closes)

        return answer

    def _send(self, outgoing: Outgoing, work: Work, bounds: Bounds) -> bool:
        """Whether all was sent: the answer may come before."""
        try:
            whole = outgoing.send(self._sock, self.place, work, bounds.sending)
        except (BrokenPipeError, ConnectionResetError):
            # It may have answered before it closed: 413, or 401 to an upload.
            if not self._readiness.now():
                raise
            whole = False
        self._reader.sent()
        return whole

    def _final_answer(
        self, method: str, outgoing: Outgoing, work: Work, bounds: Bounds, *, whole: bool
    ) -> tuple[Framing, bool]:
        """The final answer's framing, and whether the whole request was sent: sending goes on after an interim one."""
        for _ in range(_MOST_INTERIM + 1):
            framing = parse_framing(self._file.head(), method)
            if framing.head.status >= 200:
                return framing, whole
            self._reader.interim()
            if not whole:
                whole = self._send(outgoing, work, bounds)
        raise BrokenAnswer(f"the answer of {self.place}", why=f"more than {_MOST_INTERIM} interim answers")

    @property
    def own_headers(self) -> tuple[tuple[str, str], ...]:
        """What every request on it begins with, whatever it asks for."""
        return (("Host", self._host), *self._own)

    @property
    def received(self) -> int:
        """How many bytes of answers have been taken, framing included."""
        return self._file.taken

    @property
    def alive(self) -> bool:
        """Whether the connection, being idle, can be used: nothing to read, not even its end."""
        try:
            untaken = self._reader.total - self._file.taken
            return self.open and not untaken and not self._sock.ready and not self._readiness.now()
        except (OSError, ValueError):
            return False

    def close(self) -> None:
        """Close the socket."""
        self.open = False
        self._sock.close()

    def interrupt(self) -> None:
        """End the wait of whoever uses it, from any thread."""
        # Only the owner closes; shutting down makes its wait end. A closed one has nothing to end.
        with contextlib.suppress(OSError):
            self._sock.shutdown(socket.SHUT_RDWR)

    def _broke(self, error: BaseException, request: Request, outgoing: Outgoing, *, reused: bool) -> BaseException:
        """What an error in an exchange means; whatever it is, the connection is not used again."""
        self.close()
        outgoing.close()
        if outgoing.lacks_body:
            return error
        own = translated(error, f"{request} of {self.place}")
        stale = reused and isinstance(own, BrokenAnswer) and not self._reader.answered
        return Stale(own.what, why=own.why, remedy=own.remedy) if stale and isinstance(own, BrokenAnswer) else own


class _Exchange:
    """The border around an exchange. No generator, nor words before there is an error: 4 us less for each request."""

    __slots__ = ("_connection", "_outgoing", "_request", "_reused")

    def __init__(self, connection: Connection, request: Request, outgoing: Outgoing, *, reused: bool) -> None:
        self._connection, self._request, self._outgoing, self._reused = connection, request, outgoing, reused

    def __enter__(self) -> None:
        """Nothing has happened yet."""

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        if error is not None:
            own = self._connection._broke(error, self._request, self._outgoing, reused=self._reused)
            if own is not error:
                raise own from error
