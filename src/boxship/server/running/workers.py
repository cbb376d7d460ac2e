"""Several processes that serve one folder at one address: started, told to stop, and started again where one died.

The system shares connections out among them (SO_REUSEPORT). What each of them does is `worker`'s.
"""

from __future__ import annotations

__all__ = ["pause", "run"]

import asyncio
import logging
import pickle
import sys
import time
from collections.abc import Callable, Sequence

from boxship.errors import BoxshipError
from boxship.server.metrics import forget
from boxship.server.plan import Plan
from boxship.server.running.address import Address
from boxship.server.running.stop import Stop
from boxship.server.running.worker import LENGTH, READY, Order

_log = logging.getLogger(__name__)

_PROGRAM = "import sys; from boxship.server.running.worker import main; sys.exit(main())"
_LIVED = 10.0  # seconds; one that died earlier may die again at once
_PAUSE = 1.0
_LAST = 5.0  # seconds that workers have beyond their grace


def pause(lived: float) -> float:
    """How many seconds to wait before a worker that lived so long is replaced."""
    return 0 if lived >= _LIVED else _PAUSE


async def run(plan: Plan, address: Address, stop: Stop, announce: Callable[[], None]) -> None:
    """Keep `plan.workers` processes serving at `address` until `stop`; `announce` is called when all of them do."""
    workers = [_Worker(plan, address, stop) for _ in range(plan.workers)]
    keeping = [asyncio.create_task(worker.keep()) for worker in workers]
    ready = asyncio.create_task(_all_ready(workers))
    try:
        await asyncio.wait((ready, *keeping), return_when=asyncio.FIRST_COMPLETED)
        if ready.done():
            announce()
        await asyncio.wait(keeping, return_when=asyncio.FIRST_EXCEPTION)
    finally:
        stop.asked.set()
        ready.cancel()
        await asyncio.gather(*keeping)


async def _all_ready(workers: Sequence[_Worker]) -> None:
    for worker in workers:
        await worker.ready.wait()


class _Worker:
    """One place among the workers, and whichever process has it now."""

    def __init__(self, plan: Plan, address: Address, stop: Stop) -> None:
        given = pickle.dumps((plan, address))
        self._given = len(given).to_bytes(LENGTH) + given
        self._patience = plan.grace + _LAST
        self._stop = stop
        self.ready = asyncio.Event()

    async def keep(self) -> None:
        """Have a process serve, and another one after it, until told to stop."""
        while not self._stop.asked.is_set():
            began = time.monotonic()
            process = await self._served()
            if self._stop.asked.is_set():
                return
            if process:
                forget(process.pid)
                _log.warning("worker %d ended with %s; another is started", process.pid, process.returncode)
            await _within(pause(time.monotonic() - began), self._stop.asked)

    async def _served(self) -> asyncio.subprocess.Process | None:
        """A process that served, and has ended; None where none can be started just now."""
        try:
            return await self._start()
        except OSError as error:
            if not self.ready.is_set():
                raise
            # There is no memory, or the program is being replaced: that passes, and others serve meanwhile.
            _log.error("no worker can be started: %s", error)
            return None

    async def _start(self) -> asyncio.subprocess.Process:
        """A process that served, and has ended."""
        command = (sys.executable, "-c", _PROGRAM)
        pipe = asyncio.subprocess.PIPE
        process = await asyncio.create_subprocess_exec(*command, stdin=pipe, stdout=pipe)
        ended = asyncio.create_task(process.wait())
        orders = asyncio.create_task(self._tell(process))
        try:
            assert process.stdout
            if await process.stdout.readline() == READY:
                self.ready.set()
            elif not self.ready.is_set():
                raise BoxshipError("a worker did not start", why=f"it ended with {await ended}")
            await ended
            return process
        finally:
            orders.cancel()
            if process.returncode is None:
                process.kill()
                await ended

    async def _tell(self, process: asyncio.subprocess.Process) -> None:
        """Give the process its plan, and then the order to stop when it comes; it is ended if it does not obey."""
        assert process.stdin
        process.stdin.write(self._given)
        await self._stop.asked.wait()
        process.stdin.write(Order.STOP)
        await _within(self._patience, self._stop.at_once)
        process.stdin.write(Order.NOW)
        await asyncio.sleep(_LAST)
        process.kill()


async def _within(seconds: float, event: asyncio.Event) -> None:
    """Return when the event is set, or the time is over."""
    waiting = asyncio.create_task(event.wait())
    await asyncio.wait((waiting,), timeout=seconds)
    waiting.cancel()
