"""One connection's bytes of a blob, from wherever its answer begins to wherever they are wanted from."""

from __future__ import annotations

__all__ = ["Source"]

from collections.abc import Callable
from contextlib import ExitStack
from typing import TYPE_CHECKING

from boxship.connect.deadline import Bounds
from boxship.errors import BrokenAnswer

if TYPE_CHECKING:
    from boxship.transport.response import Response

_SCRATCH = 64 * 1024


class Source:
    """The bytes of a blob from `at` on; the answer begins with its byte `begins`. Whoever has it closes it."""

    def __init__(self, response: Response, bounds: Bounds, *, begins: int = 0, at: int = 0) -> None:
        self._response, self._bounds = response, bounds
        self._unwanted = at - begins
        self._ahead = b""
        self.says_its_end = response.status == 200 and not response.ends_with_connection
        """Whether its end is that of the blob, and not one of a part, or of the connection."""
        self._closing = ExitStack()
        self._closing.callback(response.close)
        self.flow()

    def flow(self) -> None:
        """It is to flow from now on; else it is `Stalled`."""
        self._response.stream(self._bounds.silence, slow=self._bounds.slow)

    def linger(self) -> None:
        """It has stalled, and is waited for until it is abandoned."""
        self._response.stream(max(0.0, self._bounds.abandoned - self._bounds.silence))

    def begin(self) -> bool:
        """Wait for the first byte that is wanted; whether there is one."""
        self._throw_away()
        view = memoryview(bytearray(1))
        self._ahead = bytes(view[: self._response.readinto(view)])
        return bool(self._ahead)

    def skip(self, count: int) -> None:
        """So many bytes have come from elsewhere."""
        taken = min(count, len(self._ahead))
        self._ahead = self._ahead[taken:]
        self._unwanted += count - taken

    def readinto(self, view: memoryview) -> int:
        """Fill some of `view`; 0 at the end, `Unreachable` at an early one; `Stalled` where it does not flow."""
        if self._unwanted:
            self._throw_away()
        if self._ahead:
            view[:1], self._ahead = self._ahead, b""
            return 1
        return self._response.readinto(view)

    def interrupt(self) -> None:
        """End the wait of who reads it, from another thread."""
        self._response.interrupt()

    def close(self) -> None:
        """Free the connection."""
        self._closing.close()

    def when_closed(self, act: Callable[[], None]) -> None:
        """Have something else ended with it."""
        self._closing.callback(act)

    def _throw_away(self) -> None:
        scratch = memoryview(bytearray(min(self._unwanted, _SCRATCH)))
        while self._unwanted:
            count = self._response.readinto(scratch[: self._unwanted])
            if not count:
                raise BrokenAnswer(f"the answer of {self._response.verdict.origin}", why="it ends before the rest")
            self._unwanted -= count
