"""One answer: its head, and its body that is still on the connection."""

from __future__ import annotations

__all__ = ["Response"]

import contextlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Protocol, Self

from boxship.connect.deadline import Work
from boxship.connect.verdict import Verdict
from boxship.errors import BrokenAnswer, Cancelled, Unreachable
from boxship.transport.border import translated
from boxship.transport.flow import Stalled
from boxship.transport.reader import Reader
from boxship.wire.content import Content
from boxship.wire.framing import Framing

_DRAINED = 64 * 1024  # an answer of at most this is read to its end, so that its connection can be used again
_DRAINING = 1.0  # seconds; a new connection costs less than a longer wait


class _Connection(Protocol):
    """What a response needs of the connection that it is on."""

    verdict: Verdict
    place: str
    open: bool

    def interrupt(self) -> None:
        """End the wait of whoever uses it."""

    def close(self) -> None:
        """Close it."""


class Response:
    """The head of an answer, and its body that is still on the connection; leaving the context frees that."""

    def __init__(
        self,
        framing: Framing,
        content: Content,
        connection: _Connection,
        reader: Reader,
        work: Work,
        *,
        keep: bool,
    ) -> None:
        self.head, self.status = framing.head, framing.head.status
        self.protocol = framing.protocol
        self.verdict = connection.verdict
        self._framing, self._content = framing, content
        self._connection, self._reader, self._work = connection, reader, work
        self._keep = keep
        self._closed = False
        self.on_release: Callable[[], None] = connection.close
        self.on_end: Callable[[Response], None] | None = None
        """Is told once, when nobody reads any more."""

    def when_over(self, act: Callable[[], None]) -> None:
        """Do something more then."""
        before = self.on_end

        def ended(response: Response) -> None:
            act()
            if before:
                before(response)

        self.on_end = ended

    @property
    def whole(self) -> bool:
        """Whether all of the body has been read."""
        return self._content.ended

    @property
    def length(self) -> int | None:
        """How many bytes of the body are still to come, where the answer says so."""
        return self._content.left

    @property
    def ends_with_connection(self) -> bool:
        """Whether nothing but the connection's end will say that the body has ended."""
        return self._framing.length is None and not self._framing.chunked

    def read(self, limit: int) -> bytes:
        """The whole body, a document of at most `limit` bytes; `BrokenAnswer` for a longer or a broken one."""
        self._reader.document()
        return self._whole(limit)

    def _whole(self, limit: int) -> bytes:
        with self._reading():
            body = self._content.read(limit + 1)
            if len(body) > limit:
                raise BrokenAnswer(f"the answer of {self._connection.place}", why=f"it is longer than {limit} bytes")
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

    def readinto(self, view: memoryview) -> int:
        """Fill `view` with what has come, waiting where that is nothing; 0 at the end of the whole body.

        Raises `BrokenAnswer` at an early end, and `Stalled` where nothing comes; that alone leaves it to be read on.
        """
        with self._reading():
            return self._content.readinto(view)

    def interrupt(self) -> None:
        """End the wait of whoever reads it, from another thread."""
        self._connection.interrupt()

    def close(self) -> None:
        """Free the connection: for another request if the body was read or is short, else by closing it."""
        if self._closed:
            return  # the connection may be another answer's by now
        self._closed = True
        try:
            if self.on_end:
                told, self.on_end = self.on_end, None
                told(self)
        finally:  # whatever a listener raises
            self._free()

    def _free(self) -> None:
        if not self._connection.open:
            return
        wanted = self._keep and not self._work.cancelled
        if wanted and not self.whole and (self.length or 0) <= _DRAINED:
            self._reader.document(_DRAINING)
            with contextlib.suppress(Unreachable, Cancelled):
                self._whole(_DRAINED)
        if self._keep and self.whole and self._connection.open:
            self.on_release()
        else:
            self._connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @contextmanager
    def _reading(self) -> Iterator[None]:
        try:
            with self._work.watch(self._connection.interrupt):
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
