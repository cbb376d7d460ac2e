"""Daemon threads for parallel work, few of them and reused.

Not `concurrent.futures`: the interpreter joins its threads at exit, and nothing that can block may run there.
"""

from __future__ import annotations

__all__ = ["Crew"]

import queue
import sys
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextvars import Context, copy_context
from functools import partial
from typing import TypeVar

from boxship.connect.forked import renewed_in_forks
from boxship.connect.heard import next_of

Item = TypeVar("Item")
Result = TypeVar("Result")

_Job = Callable[[], None]


class Crew:
    """At most `size` threads, started as they are needed."""

    def __init__(self, size: int, name: str) -> None:
        self._size, self._name = size, name
        self._renew()
        renewed_in_forks(self._renew)

    def _renew(self) -> None:
        """Have no threads and no jobs."""
        self._jobs: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._threads = self._undone = 0

    def submit(self, job: _Job) -> None:
        """Run the job in one of the threads. It must not raise. `RuntimeError` where no thread can be had at all."""
        with self._lock:
            if self._undone >= self._threads and self._threads < self._size:
                self._start()
            self._undone += 1
            self._jobs.put(job)

    def _start(self) -> None:
        """Have one more thread. Where the system gives none, those that there are have more to do."""
        name = f"{self._name}-{self._threads + 1}"
        thread = threading.Thread(target=self._work, args=(self._jobs,), name=name, daemon=True)
        try:
            thread.start()
        except RuntimeError:
            if not self._threads:
                raise
        else:
            self._threads += 1

    def map(self, function: Callable[[Item], Result], items: Iterable[Item]) -> Iterator[Result]:
        """The results in the items' order, computed in parallel and not far ahead of the reader; errors are raised.

        Each is computed in the reader's context: as part of the operation that the reader may cancel.
        """
        pending: deque[Callable[[], Result]] = deque()
        for item in items:
            pending.append(self.begin(function, item))
            if len(pending) >= 4 * self._size:
                yield pending.popleft()()
        while pending:
            yield pending.popleft()()

    def begin(self, function: Callable[[Item], Result], item: Item) -> Callable[[], Result]:
        """Compute it in one of the threads, in the caller's context; what is returned waits for the result, once."""
        box: queue.SimpleQueue[tuple[Result | None, BaseException | None]] = queue.SimpleQueue()
        self.submit(partial(_compute, box, copy_context(), function, item))
        return lambda: _open(next_of(box))

    def close(self) -> None:
        """Let the threads end when they have nothing more to do; what is submitted later has threads of its own."""
        with self._lock:
            for _ in range(self._threads):
                self._jobs.put(None)
            self._jobs = queue.SimpleQueue()
            self._threads = self._undone = 0

    def _work(self, jobs: queue.SimpleQueue[_Job | None]) -> None:
        while (job := jobs.get()) is not None:
            try:
                job()
            except BaseException:  # noqa: BLE001 -- it is told as any thread's; were this to end, jobs would be left
                threading.excepthook(threading.ExceptHookArgs((*sys.exc_info(), threading.current_thread())))
            finally:
                self._count_down(jobs)

    def _count_down(self, jobs: queue.SimpleQueue[_Job | None]) -> None:
        with self._lock:
            if jobs is self._jobs:  # a thread that is to end counts no more
                self._undone -= 1


def _compute(
    box: queue.SimpleQueue[tuple[Result | None, BaseException | None]],
    context: Context,
    function: Callable[[Item], Result],
    item: Item,
) -> None:
    box.put(context.run(_outcome, function, item))


def _outcome(function: Callable[[Item], Result], item: Item) -> tuple[Result | None, BaseException | None]:
    try:
        return function(item), None
    except BaseException as error:  # noqa: BLE001 -- it is raised again in the thread that waits for the result
        return None, error


def _open(outcome: tuple[Result | None, BaseException | None]) -> Result:
    result, error = outcome
    if error:
        try:
            raise error
        finally:  # it would hold itself, by this frame of its traceback, and all that the frames below have open
            del error, outcome
    return result  # type: ignore[return-value] # without an error there is a result
