"""The rest of a blob, asked for in a thread while a connection that is silent is still waited for."""

from __future__ import annotations

__all__ = ["Beside"]

import threading
from collections.abc import Callable
from contextlib import ExitStack

from boxship.connect.deadline import Work
from boxship.registry.source import Source

_TURN = 0.1  # seconds; on Windows, Ctrl-C does not end a wait for a thread


class Beside:
    """Asks until there is a source or an error, and then calls `on_outcome`, unless it was left by then.

    One thread has it, and closes it or takes its outcome.
    """

    def __init__(self, work: Work, ask: Callable[[Work], Source], on_outcome: Callable[[], None]) -> None:
        self._ask, self._on_outcome = ask, on_outcome
        self._lock = threading.Lock()
        self._left = False
        self._source: Source | None = None
        self._error: BaseException | None = None
        self._closing = ExitStack()
        self._part = self._closing.enter_context(work.part())
        self._thread = threading.Thread(target=self._run, name="boxship-resume", daemon=True)
        self._thread.start()

    @property
    def over(self) -> bool:
        """Whether there is an outcome."""
        return self._source is not None or self._error is not None

    def leave(self) -> bool:
        """End it, unless there is an outcome: whether there was none."""
        with self._lock:
            if self.over:
                return False
            self._left = True
        self._part.cancel()
        self._join()
        self._closing.close()
        return True

    def outcome(self) -> Source:
        """The source, waited for, which is the caller's from now on; or the error that was met in its place."""
        self._join()
        if self._source:
            self._source.when_closed(self._closing.close)
            return self._source
        self._closing.close()
        raise self._error or AssertionError("who has left it wants no outcome")

    def close(self) -> None:
        """End it, whatever its outcome was."""
        if not self.leave() and self._source:
            self._source.close()
        self._join()
        self._closing.close()

    def _run(self) -> None:
        source, error = None, None
        try:
            source = self._ask(self._part)
        except BaseException as met:  # noqa: BLE001 -- it is raised again in the thread that wants the outcome
            error = met
        with self._lock:
            if not self._left:
                self._source, self._error = source, error
                self._on_outcome()
                return
        if source:
            source.close()

    def _join(self) -> None:
        while self._thread.is_alive():
            self._thread.join(_TURN)
