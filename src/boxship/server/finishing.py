"""Work that a cancelled request still waits for: what it began with a file is over before it gives the file up."""

from __future__ import annotations

__all__ = ["finished", "in_thread"]

import asyncio
from collections.abc import Callable, Coroutine
from typing import ParamSpec, TypeVar

Parameters = ParamSpec("Parameters")
Result = TypeVar("Result")


async def in_thread(
    work: Callable[Parameters, Result], *arguments: Parameters.args, **named: Parameters.kwargs
) -> Result:
    """What `work` returns in a worker thread. To cancel this waits for its end, since nothing can stop a thread."""
    return await finished(asyncio.to_thread(work, *arguments, **named))


def _nothing() -> None:
    """Let it take its time."""


async def finished(work: Coroutine[object, object, Result], *, hurry: Callable[[], None] = _nothing) -> Result:
    """What `work` returns. To cancel this lets it end first; `hurry` is to see that it does so before long."""
    task = asyncio.ensure_future(work)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        hurry()
        await _end(task)
        raise


async def _end(task: asyncio.Task[Result]) -> None:
    while not task.done():
        try:
            await asyncio.wait((task,))
        except asyncio.CancelledError:
            continue  # again: it is on its way
    if not task.cancelled():
        task.exception()  # nobody is left to be told; without a look, asyncio would complain
