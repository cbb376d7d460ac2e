"""A blob's bytes in order, from whichever connection brings them: one that stalls or breaks is replaced.

One that stalls stays: the rest is asked for beside it, and whichever brings the next byte is read on. Whether the bytes
are the right ones is `blobs`'s work.
"""

from __future__ import annotations

__all__ = ["Transfer"]

import time
from typing import TYPE_CHECKING, Self

from boxship.connect.deadline import Work
from boxship.errors import BrokenAnswer, Unreachable
from boxship.registry.beside import Beside
from boxship.registry.rest import NothingMissing, Rest, Wanted
from boxship.registry.source import Source
from boxship.transport.flow import Stalled

if TYPE_CHECKING:
    from boxship.transport.response import Response

_MOMENT = 0.2  # seconds


class Transfer:
    """The bytes of a blob whose answer has begun. One thread reads it; it is closed, or used in `with`."""

    def __init__(self, wanted: Wanted, response: Response, size: int | None, *, at: int = 0) -> None:
        """`at`: the byte from which on it was asked for."""
        self._what = wanted.what
        self._work: Work = wanted.remote.work
        self._rest = Rest(wanted, response, size)
        self._received = at
        try:
            self._source = self._rest.source(response, at) if at else Source(response, wanted.remote.session.bounds)
        except BaseException:
            response.close()
            raise
        self._ended = False
        self._beside: Beside | None = None
        self._asked_from = 0
        self._awaited = 0

    def readinto(self, view: memoryview) -> int:
        """Fill `view`, or what comes of it in a moment; 0 at the end. Raises what has kept the rest from coming."""
        filled, began = 0, time.monotonic()
        try:
            while filled < len(view) and not self._ended and (count := self._some(view[filled:])):
                filled += count
                # Whoever waits at the other end, or watches, does not wait until a slow one has filled it.
                if time.monotonic() - began >= _MOMENT:
                    break
        except NothingMissing:
            self._ended = True  # the digest will tell
        return filled

    def close(self) -> None:
        """Leave the rest: no connection, no thread."""
        if self._beside:
            self._beside.close()
        self._source.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _some(self, view: memoryview) -> int:
        """Some bytes, whatever that takes; 0 at the end."""
        while True:
            trouble: Unreachable | None = None
            if self._beside and self._beside.over:
                self._replace(self._beside)
            try:
                count = self._source.readinto(view)
            except Unreachable as error:
                self._work.check()  # its time is up, or it was cancelled: nothing is wrong with the connection
                count, trouble = 0, error
            if count:
                self._came(count)
                return count
            if self._is_whole(trouble):
                return 0
            self._go_on(trouble or BrokenAnswer(self._what, why=f"it ends after {self._received} bytes"))

    def _is_whole(self, trouble: Unreachable | None) -> bool:
        size = self._rest.size
        if size is not None and self._received >= size:
            return True
        if trouble or self._beside:  # one that was interrupted looks as if it had ended
            return False
        return size is None or self._source.says_its_end

    def _came(self, count: int) -> None:
        self._received += count
        if not self._beside:
            return
        self._awaited -= count
        if self._awaited <= 0 and self._beside.leave():
            self._beside = None
            self._source.flow()
            self._work.trace.say("Resume", f"{self._what} goes on by itself after byte {self._received}")

    # Trouble.

    def _go_on(self, trouble: Unreachable) -> None:
        if self._beside:
            self._replace(self._beside)
        elif isinstance(trouble, Stalled):
            self._ask_beside(trouble)
        else:
            self._source.close()
            self._source = self._rest.begin(self._work, self._received, trouble)

    def _ask_beside(self, stall: Stalled) -> None:
        at = self._asked_from = self._received
        self._awaited = stall.awaited
        self._source.linger()
        self._beside = Beside(
            self._work, lambda part: self._rest.begin(part, at, stall), on_outcome=self._source.interrupt
        )

    def _replace(self, beside: Beside) -> None:
        """Read on what was asked for beside, as soon as it comes."""
        self._source.close()
        source = beside.outcome()
        self._beside = None
        source.skip(self._received - self._asked_from)
        self._source = source
