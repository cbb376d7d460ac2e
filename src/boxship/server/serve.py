"""Running a registry until a signal ends it: in this process, or in several."""

from __future__ import annotations

__all__ = ["serve"]

import asyncio
import signal
import sys
from collections.abc import Callable
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path

from boxship.errors import InvalidSettings, MissingExtra
from boxship.server import loop, worker, workers
from boxship.server.address import Address, bind
from boxship.server.certificate import outlive_hangup
from boxship.server.exposure import check_exposure, settled
from boxship.server.plan import Plan
from boxship.server.registry import Registry
from boxship.server.stop import Stop, on_signals


def serve(plan: Plan, *, announce: Callable[[str], None]) -> None:
    """Serve as planned until SIGINT or SIGTERM; a second signal does not wait for what is in progress.

    `announce` is told the URL once connections are accepted. An address that others can reach is refused without TLS
    and rules of access, unless the plan says that this is meant.
    Raises `InvalidSettings` for an address or a folder that cannot be had, `MissingExtra` without granian.
    """
    where = Address.parse(plan.address)
    _check(plan, where)
    plan = replace(plan, settings=settled(plan.settings, where))
    with bind(where) as holder:
        host, port = holder.getsockname()[:2]
        loop.run(_run(plan, Address(host, port), announce))


def _check(plan: Plan, where: Address) -> None:
    """Refuse what cannot be served, or should not be."""
    if find_spec("granian") is None:
        raise MissingExtra("server", "the registry")
    check_exposure(plan, where)
    if plan.workers > 1 and sys.platform == "win32":
        raise InvalidSettings("--workers", why="on Windows, one process serves an address", remedy="leave it out")


async def _run(plan: Plan, address: Address, announce: Callable[[str], None]) -> None:
    stop = Stop()
    on_signals(stop.ask, signal.SIGINT, signal.SIGTERM)
    if plan.tls_cert:
        outlive_hangup()
    if plan.workers > 1:
        # Once and here: what is wrong with the folder is said once, and only one process makes it.
        await asyncio.to_thread(_make, plan)
    run = workers.run if plan.workers > 1 else worker.run
    await run(plan, address, stop, lambda: announce(f"{plan.scheme}://{address}"))


def _make(plan: Plan) -> None:
    Registry.open(Path(plan.folder), plan.settings).close()
