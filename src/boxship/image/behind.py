"""Pieces that are handed to another thread, which deals with them in their order while the next ones are made."""

from __future__ import annotations

__all__ = ["Behind"]

import queue
import threading
from collections.abc import Callable
from types import TracebackType
from typing import Self

_MOST = 4  # pieces that wait


class Behind:
    """Has `act` called for each piece by a thread of its own; leaving the context waits until all are dealt with."""

    def __init__(self, act: Callable[[bytes], object]) -> None:
        self._act = act
        self._error: BaseException | None = None
        self._pieces: queue.Queue[bytes | None] = queue.Queue(_MOST)
        self._thread = threading.Thread(target=self._run, name="boxship-behind", daemon=True)
        self._thread.start()

    def put(self, piece: bytes) -> None:
        """Another piece, which nobody changes any more; raises what the thread has run into."""
        if self._error:
            raise self._error
        self._pieces.put(piece)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._pieces.put(None)
        self._thread.join()
        if self._error and error is None:
            raise self._error

    def _run(self) -> None:
        while (piece := self._pieces.get()) is not None:
            if self._error:
                continue  # whoever puts them must not wait for room
            try:
                self._act(piece)
            except BaseException as error:  # noqa: BLE001 -- it is raised again in the thread that puts
                self._error = error
