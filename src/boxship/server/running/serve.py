"""Running a registry until a signal ends it: in this process, or in several."""

from __future__ import annotations

__all__ = ["serve"]

import asyncio
import signal
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from importlib.util import find_spec
from pathlib import Path

from boxship.errors import InvalidSettings, MissingExtra
from boxship.server.access.admission import open_access, open_tokens
from boxship.server.metrics import telling_metrics
from boxship.server.plan import Plan
from boxship.server.registry import Registry
from boxship.server.running import loop, worker, workers
from boxship.server.running.address import Address, bind
from boxship.server.running.certificate import outlive_hangup
from boxship.server.running.exposure import check_exposure, settled
from boxship.server.running.stop import Stop, on_signals
from boxship.server.running.streams import hold_standard_streams
from boxship.server.upkeep.chores import open_limits, open_retention
from boxship.value import replace


def serve(plan: Plan, *, announce: Callable[[str], None], note: Callable[[str], None] = lambda _: None) -> None:
    """Serve as planned until SIGINT or SIGTERM; a second signal does not wait for what is in progress.

    `announce` is told the URL once connections are accepted, `note` before that where else it answers. An address that
    others can reach is refused without TLS and rules of access, unless the plan says that this is meant.
    Raises `InvalidSettings` for an address or a folder that cannot be had, `MissingExtra` without granian.
    """
    where = Address.parse(plan.address)
    _check(plan, where)
    plan = replace(plan, settings=settled(plan.settings, where))
    hold_standard_streams()
    with bind(where) as holder, _metrics(plan) as told:
        host, port = holder.getsockname()[:2]
        if told:
            note(f"metrics: http://{told}/metrics")
        loop.run(_run(plan, Address(host, port), announce))


def _metrics(plan: Plan) -> AbstractContextManager[Address | None]:
    if not plan.metrics:
        return nullcontext()
    return telling_metrics(Address.parse(plan.metrics), Path(plan.folder), plan.settings.database)


def _check(plan: Plan, where: Address) -> None:
    """Refuse what cannot be served, or should not be."""
    if find_spec("granian") is None:
        raise MissingExtra("server", "the registry")
    check_exposure(plan, where)
    # Once and here: what is wrong is said once, and not by each worker.
    open_access(plan.settings, open_tokens(plan.settings)).close()
    open_limits(plan.settings)
    open_retention(plan.settings)
    if plan.workers > 1 and sys.platform == "win32":
        raise InvalidSettings("--workers", why="on Windows, one process serves an address", remedy="leave it out")
    try:
        Path.cwd()  # granian asks for it
    except OSError as error:
        raise InvalidSettings("the current folder", why="it was removed", remedy="change to another one") from error


async def _run(plan: Plan, address: Address, announce: Callable[[str], None]) -> None:
    stop = Stop()
    on_signals(stop.ask, signal.SIGINT, signal.SIGTERM)
    if plan.rereads:
        outlive_hangup()
    if plan.workers > 1:
        # Once and here: what is wrong with the folder is said once, and only one process makes it.
        await asyncio.to_thread(_make, plan)
    run = workers.run if plan.workers > 1 else worker.run
    await run(plan, address, stop, lambda: announce(f"{plan.scheme}://{address}"))


def _make(plan: Plan) -> None:
    Registry.open(Path(plan.folder), plan.settings).close()
