"""One connection and the exchanges on it: `http.client`'s framing over a socket and a reader of ours.

The border where foreign exceptions stop: what sockets, TLS and framing raise leaves here as boxship's own.
"""

from __future__ import annotations

__all__ = ["Connection", "Response"]

import contextlib
import http.client
import io
import re
import socket
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http import HTTPStatus
from typing import TYPE_CHECKING, Self

from boxship.connect.deadline import Bounds, Work
from boxship.connect.forwarding import proxy_authorization, target_prefix
from boxship.connect.readiness import Readiness
from boxship.connect.tls import explain
from boxship.connect.verdict import Line, Verdict
from boxship.errors import BrokenAnswer, Cancelled, TLSFailed, Unreachable
from boxship.transport.flow import Stalled
from boxship.transport.head import Answer
from boxship.transport.reader import LONGEST_HEAD, Reader
from boxship.transport.retry import Stale
from boxship.transport.sending import upload, write
from boxship.wire.message import USER_AGENT, Head, Request
from boxship.wire.printable import printable

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer  # the checker's own word for what `readinto` takes

    from boxship.transport.chunks import Chunks

_BUFFER = 64 * 1024
_MOST_HEADERS = 100  # as http.client's own; real answers have twenty
_END_OF_HEAD = re.compile(rb"\n\r?\n")
_MOST_INTERIM = 16  # 103 Early Hints and the like before the answer
_DRAINED = 64 * 1024  # an answer of at most this is read to its end, so that its connection can be used again
_DRAINING = 1.0  # seconds; a new connection costs less than a longer wait


class _File(io.BufferedReader):
    """The reader's bytes, buffered across answers; `http.client` closes its file after each.

    It counts what is taken of them: what is left after an answer is nobody's answer. Lines without content between
    them, those of heads and trailers, do not go on for ever, and a head that breaks off is no shorter head.
    """

    def __init__(self, reader: Reader) -> None:
        super().__init__(reader, _BUFFER)
        self._reader = reader
        self.taken = 0
        self._of_lines = 0

    def expect(self) -> None:
        """Another answer begins: the one before may have had no content."""
        self._of_lines = 0

    def head(self) -> bytes:
        """A head, with the empty line that ends it."""
        # Most heads come in one piece: taking that whole instead of line by line saves 15 us of a request's 180.
        end = _END_OF_HEAD.search(self.peek())
        head = super().read(end.end()) if end else self._head_by_lines()
        if head.count(b"\n") > _MOST_HEADERS + 2:
            raise http.client.HTTPException(f"more than {_MOST_HEADERS} headers")
        self._count(len(head))
        return head

    def _head_by_lines(self) -> bytes:
        lines: list[bytes] = []
        while not lines or (lines[-1] not in (b"\r\n", b"\n") and len(lines) <= _MOST_HEADERS + 2):
            lines.append(super().readline(LONGEST_HEAD + 1))
            if not lines[-1].endswith(b"\n"):
                raise _broken_head(lines)
        return b"".join(lines)

    def readline(self, size: int | None = -1, /) -> bytes:
        """The next line."""
        line = super().readline(size)
        self._count(len(line))
        return line

    def _count(self, size: int) -> None:
        self.taken += size
        self._of_lines += size
        if self._of_lines > LONGEST_HEAD:
            raise http.client.HTTPException(f"more than {LONGEST_HEAD} bytes of headers or trailers")

    def read(self, size: int | None = -1, /) -> bytes:
        """So many bytes of content, fewer at the end."""
        content = super().read(size)
        self.taken += len(content)
        self._of_lines = 0
        return content

    def readinto(self, buffer: WriteableBuffer, /) -> int:
        """Fill the buffer with content, less before the end or an error, which the next call meets again."""
        try:
            count = super().readinto(buffer)
        except OSError:
            count = self._reader.total - self.taken  # the buffer has all that came
            if not count:
                raise
        self.taken += count
        self._of_lines = 0
        return count

    def makefile(self, _mode: str) -> _File:
        """Itself: `http.client` asks a socket for a file."""
        return self

    def close(self) -> None:
        """Stay open: the connection goes on."""


class Connection:
    """A connected line to one origin. One exchange at a time; whoever has it closes it or gives it back."""

    def __init__(self, line: Line, host: str, user_agent: str = USER_AGENT) -> None:
        self.verdict: Verdict = line.verdict
        self.place = f"{line.verdict.origin} ({line.verdict.address})"
        self.number = line.connection
        self._sock, self._host, self._user_agent = line.sock, host, user_agent
        forwarder = line.verdict.forwarder
        self._prefix, self._proxy_authorization = target_prefix(forwarder, host), proxy_authorization(forwarder)
        self._readiness = Readiness(line.sock)
        self._reader = Reader(line.sock, self._readiness, self.place)
        self._file = _File(self._reader)
        self._used = False
        self.open = True

    def exchange(
        self,
        request: Request,
        work: Work,
        bounds: Bounds,
        first_byte: float,
        wrote: Callable[[int], None] | None = None,
    ) -> Response:
        """Send the request and return the head of its answer; the body is read from the response.

        `wrote` is called with its size as soon as it has been written.
        """
        extra = (("User-Agent", self._user_agent), *self._proxy_authorization)
        data = request.encode(self._host, extra, self._prefix)
        if request.body:
            data += request.body
        reused, self._used = self._used, True
        self._reader.expect(work, bounds, first_byte)
        self._file.expect()
        with work.watch(self._interrupt), _Exchange(self, request, reused=reused):
            rest = self._send(memoryview(data), work, bounds, body=bool(request.body))
            if wrote:
                wrote(len(data))
            answer, whole = self._final_answer(request.method, rest, work, bounds)
        return Response(answer.head, answer, self, self._reader, work, keep=whole and not answer.will_close)

    def _send(self, data: memoryview, work: Work, bounds: Bounds, *, body: bool) -> memoryview | None:
        try:
            rest = (upload if body else write)(self._sock, data, self.place, work, bounds.sending)
        except (BrokenPipeError, ConnectionResetError):
            # It may have answered before it closed: 413, or 401 to an upload.
            if not self._readiness.now():
                raise
            rest = data
        self._reader.sent()
        return rest

    def _final_answer(self, method: str, rest: memoryview | None, work: Work, bounds: Bounds) -> tuple[Answer, bool]:
        """The final answer, and whether the whole request was sent: sending goes on after an interim answer."""
        for _ in range(_MOST_INTERIM + 1):
            answer = Answer(self._file, method=method)  # type: ignore[arg-type] # it asks a socket for a makefile only
            answer.parse(self._file.head())
            if answer.status >= HTTPStatus.OK:
                return answer, rest is None
            self._reader.interim()
            if rest is not None:
                rest = self._send(rest, work, bounds, body=True)
        raise BrokenAnswer(f"the answer of {self.place}", why=f"more than {_MOST_INTERIM} interim answers")

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

    def _interrupt(self) -> None:
        # Only the owner closes; shutting down makes its wait end. A closed one has nothing to end.
        with contextlib.suppress(OSError):
            self._sock.shutdown(socket.SHUT_RDWR)

    def _broke(self, error: BaseException, request: Request, *, reused: bool) -> BaseException:
        """What an error in an exchange means; whatever it is, the connection is not used again."""
        self.close()
        own = translated(error, f"{request} of {self.place}")
        stale = reused and isinstance(own, BrokenAnswer) and not self._reader.answered
        return Stale(own.what, why=own.why) if stale and isinstance(own, BrokenAnswer) else own


class _Exchange:
    """The border around an exchange. No generator, nor words before there is an error: 4 us less for each request."""

    __slots__ = ("_connection", "_request", "_reused")

    def __init__(self, connection: Connection, request: Request, *, reused: bool) -> None:
        self._connection, self._request, self._reused = connection, request, reused

    def __enter__(self) -> None:
        """Nothing has happened yet."""

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        if error is not None:
            own = self._connection._broke(error, self._request, reused=self._reused)
            if own is not error:
                raise own from error


class Response:
    """The head of an answer, and its body that is still on the connection; leaving the context frees that."""

    def __init__(
        self,
        head: Head,
        answer: Answer,
        connection: Connection,
        reader: Reader,
        work: Work,
        *,
        keep: bool,
    ) -> None:
        self.head, self.status = head, head.status
        self.verdict = connection.verdict
        self._answer, self._connection, self._reader, self._work = answer, connection, reader, work
        self._keep = keep
        self._chunks: Chunks | None = None
        self.on_release: Callable[[Connection], None] = Connection.close
        self.on_end: Callable[[Response], None] | None = None
        """Is told once, when nobody reads any more."""

    @property
    def protocol(self) -> str:
        """The answer's version of HTTP."""
        return "HTTP/1.0" if self._answer.version == 10 else "HTTP/1.1"

    @property
    def whole(self) -> bool:
        """Whether all of the body has been read."""
        return self._answer.isclosed()

    @property
    def length(self) -> int | None:
        """How many bytes of the body are still to come, where the answer says so."""
        return self._answer.length

    @property
    def ends_with_connection(self) -> bool:
        """Whether nothing but the connection's end will say that the body has ended."""
        return self._answer.length is None and not self._answer.chunked

    def read(self, limit: int) -> bytes:
        """The whole body, a document of at most `limit` bytes; `BrokenAnswer` for a longer or a broken one."""
        self._reader.document()
        return self._whole(limit)

    def _whole(self, limit: int) -> bytes:
        with self._reading():
            body = self._answer.read(limit + 1)
            if len(body) > limit:
                raise BrokenAnswer(f"the answer of {self._connection.place}", why=f"it is longer than {limit} bytes")
            self._answer.read(1)  # the end of a chunked body, and of one without a length
            if self._answer.length:  # asked for a number of bytes, http.client gives fewer without a word
                raise http.client.IncompleteRead(b"", self._answer.length)
        return body

    def excerpt(self, limit: int) -> bytes:
        """The body's first `limit` bytes, for an error to quote: what breaks off or goes on is cut without a word."""
        self._reader.document()
        view = memoryview(bytearray(limit))
        received = 0
        with contextlib.suppress(Unreachable):
            while received < limit and (count := self.readinto(view[received:])):
                received += count
        return bytes(view[:received])

    def stream(self, silence: float | None = None, *, slow: float | None = None) -> None:
        """The body is to be read piece by piece: bounded by silence, not by length.

        With `slow`, it is `Stalled` as well where it has brought less than 1 KiB a second over so many seconds of
        waiting. After that it may be read on, from here again.
        """
        self._reader.stream(silence, slow=slow)
        if self._answer.chunked and not self._answer.isclosed() and not self._chunks:
            from boxship.transport.chunks import Chunks  # noqa: PLC0415 -- documents, which are most, do without

            self._chunks = Chunks(self._answer.fp)

    def readinto(self, view: memoryview) -> int:
        """Fill as much of `view` as there is, less before an error; 0 at the end of the whole body.

        Raises `BrokenAnswer` at an early end, and `Stalled` where nothing comes; that alone leaves it to be read on.
        """
        with self._reading():
            count = self._chunks.readinto(view) if self._chunks else self._answer.readinto(view)
            if not count and self._answer.length:
                raise http.client.IncompleteRead(b"", self._answer.length)
            if self._chunks and self._chunks.ended:
                self._answer.close()
            return count

    def interrupt(self) -> None:
        """End the wait of whoever reads it, from another thread."""
        self._connection._interrupt()

    def close(self) -> None:
        """Free the connection: for another request if the body was read or is short, else by closing it."""
        if self.on_end:
            told, self.on_end = self.on_end, None
            told(self)
        if not self._connection.open:
            return
        wanted = self._keep and not self._work.cancelled and not self._chunks
        if wanted and not self._answer.isclosed() and (self.length or 0) <= _DRAINED:
            self._reader.document(_DRAINING)
            with contextlib.suppress(Unreachable, Cancelled):
                self._whole(_DRAINED)
        if self._keep and self._answer.isclosed() and self._connection.open:
            self.on_release(self._connection)
        else:
            self._connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @contextmanager
    def _reading(self) -> Iterator[None]:
        try:
            with self._work.watch(self._connection._interrupt):
                yield
        except Stalled:
            self._keep = False
            raise
        except BaseException as error:
            self._connection.close()
            own = translated(error, f"the answer of {self._connection.place}")
            if own is error:
                raise
            raise own from error


def _broken_head(lines: list[bytes]) -> http.client.HTTPException:
    """What is wrong with a head that ended in the middle of a line."""
    if lines == [b""]:
        return http.client.RemoteDisconnected("the connection was closed without an answer")
    if not lines[0].startswith(b"HTTP/"):
        return http.client.BadStatusLine(lines[0].decode("latin-1"))
    return http.client.IncompleteRead(lines[-1])


def translated(error: BaseException, what: str) -> BaseException:
    """The border: sockets', TLS's and framing's exceptions as `Unreachable`s that say what was going on."""
    match error:
        case http.client.IncompleteRead():
            return BrokenAnswer(what, why=f"it broke off: {error.expected or 'some'} bytes are missing")
        case http.client.HTTPException() | ValueError():
            words = printable(str(error).strip()) or type(error).__name__
            return BrokenAnswer(what, why=f"it is not HTTP as it should be: {words}")
        case ssl.SSLError():
            words, remedy = explain(error)
            return TLSFailed(what, why=words, remedy=remedy)
        case OSError() if not isinstance(error, Unreachable):  # `TimedOut` is both
            return BrokenAnswer(what, why=f"the connection broke: {error.strerror or error}")
    return error
