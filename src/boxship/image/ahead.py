"""A stream that is read ahead by another thread: what is next is on its way while this one is still being used."""

from __future__ import annotations

__all__ = ["Ahead"]

import contextlib
import queue
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from contextvars import copy_context
from types import TracebackType
from typing import Self

from boxship.connect.heard import next_of

Opened = AbstractContextManager[Iterator[memoryview]]


class Ahead:
    """The pieces of what `opens` opens, read by a thread of its own, at most `most` of them ahead of the reader."""

    def __init__(self, opens: Callable[[], Opened], most: int) -> None:
        self._opens = opens
        self._pieces: queue.Queue[bytes | BaseException | None] = queue.Queue(most)
        self._left = threading.Event()
        run = copy_context().run  # as part of the reader's operation
        threading.Thread(target=run, args=(self._read,), name="boxship-ahead", daemon=True).start()

    def __iter__(self) -> Iterator[memoryview]:
        while (piece := next_of(self._pieces)) is not None:
            if isinstance(piece, BaseException):
                raise piece
            yield memoryview(piece)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Leave the rest. The thread ends by itself: what it waits for may come late, or never."""
        self._left.set()
        with contextlib.suppress(queue.Empty):
            while True:  # it may be waiting for room
                self._pieces.get_nowait()

    def _read(self) -> None:
        try:
            with self._opens() as pieces:
                for piece in pieces:
                    self._pieces.put(bytes(piece))
                    if self._left.is_set():
                        return
        except BaseException as error:  # noqa: BLE001 -- it is raised again in the reader's thread
            self._end(error)
        else:
            self._end(None)

    def _end(self, end: BaseException | None) -> None:
        if not self._left.is_set():
            self._pieces.put(end)
