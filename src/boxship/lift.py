"""Blocking calls lifted into threads, so that a task can wait for them and end them."""

from __future__ import annotations

__all__ = ["Lift"]

import asyncio
import threading
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import TypeVar

from boxship.connect.crew import Crew
from boxship.connect.deadline import Work, current_work
from boxship.event import Listener

Result = TypeVar("Result")
Outcome = TypeVar("Outcome")
_MOST_THREADS = 64


class Lift:
    """Runs blocking calls in threads, each as part of an operation that its task can cancel."""

    def __init__(self, timeout: float | None, listener: Listener | None) -> None:
        self._timeout, self._listener = timeout, listener
        self._crew = Crew(_MOST_THREADS, "boxship-async")

    def work(self) -> Work:
        """A new operation."""
        return Work(timeout=self._timeout, listener=self._listener)

    async def __call__(self, call: Callable[[], Result], work: Work | None = None) -> Result:
        """The result of `call`, run in a thread; cancelling the task cancels `work` and waits for the thread.

        A call that no thread has begun by then is never made: others may hold all threads for minutes.
        """
        work, turn = work or self.work(), threading.Lock()
        done: asyncio.Future[Result] = asyncio.get_running_loop().create_future()
        run = partial(_run, call, work, done)
        self._crew.submit(lambda: run() if turn.acquire(blocking=False) else None)
        return await _result(done, work, lambda: turn.acquire(blocking=False))

    async def at_once(self, call: Callable[[], Result], work: Work) -> Result:
        """The same in a thread of its own, for what gives back or ends others' waits: it waits for none of them."""
        done: asyncio.Future[Result] = asyncio.get_running_loop().create_future()
        threading.Thread(target=_run, args=(call, work, done), name="boxship-async-end", daemon=True).start()
        return await _result(done, work, lambda: False)

    def close(self) -> None:
        """Let the threads end."""
        self._crew.close()


async def _result(done: asyncio.Future[Result], work: Work, forgo: Callable[[], bool]) -> Result:
    """What is done elsewhere; `forgo` says, when the task is cancelled, that it has not begun and never will."""
    try:
        await asyncio.wait([done])  # a shield, too, lets it go on, and complains of its error from Python 3.14 on
    except asyncio.CancelledError:
        work.cancel()
        if not forgo():
            done.add_done_callback(_passed_over)  # also of a task that is cancelled again, and waits no more
            await asyncio.wait([done])
        raise
    return done.result()


def _passed_over(done: asyncio.Future[Result]) -> None:
    """What the work said to being cancelled is nobody's concern."""
    done.exception()


def _run(call: Callable[[], Result], work: Work, done: asyncio.Future[Result]) -> None:
    token = current_work.set(work)
    try:
        result = call()
    except BaseException as error:  # noqa: BLE001 -- it is raised again in the task
        _settle(done, done.set_exception, _fit(error))
    else:
        _settle(done, done.set_result, result)
    finally:
        current_work.reset(token)


def _fit(error: BaseException) -> BaseException:
    """The error for a future, which takes no `StopIteration`, as no generator lets one out."""
    if not isinstance(error, StopIteration):
        return error
    fit = RuntimeError(f"{type(error).__name__} was raised where nothing is iterated over")
    fit.__cause__ = error
    return fit


def _settle(done: asyncio.Future[Result], how: Callable[[Outcome], None], outcome: Outcome) -> None:
    with suppress(RuntimeError):  # the loop is closed: a task that was cancelled twice has not waited for this
        done.get_loop().call_soon_threadsafe(how, outcome)
