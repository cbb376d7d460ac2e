"""An application at an address of this machine until a signal ends it: what is served without a registry."""

from __future__ import annotations

__all__ = ["serve_alone"]

import asyncio
import signal
from collections.abc import Callable
from importlib.util import find_spec

from boxship.errors import BoxshipError, InvalidSettings, MissingExtra
from boxship.server.asgi import Application
from boxship.server.calls import Calls
from boxship.server.plan import Plan
from boxship.server.running import loop
from boxship.server.running.address import Address, bind
from boxship.server.running.crowds import make_room
from boxship.server.running.stop import Stop, on_signals
from boxship.server.running.streams import hold_standard_streams
from boxship.server.running.worker import accepting, granian_server

_SENDING = 0.25  # seconds for what is still being sent


def serve_alone(application: Application, address: str, announce: Callable[[str], None]) -> None:
    """Serve the application at `HOST:PORT` of loopback until SIGINT or SIGTERM; `announce` is told the address.

    `InvalidSettings` for an address that cannot be had, or that others can reach; `MissingExtra` without granian.
    """
    if find_spec("granian") is None:
        raise MissingExtra("server", "the page")
    where = Address.parse(address)
    if not where.is_loopback:
        why = "others would reach it, and with it your credentials"
        raise InvalidSettings(f"--address {address}", why=why, remedy="give an address of loopback: 127.0.0.1:PORT")
    hold_standard_streams()
    with bind(where) as holder:
        host, port = holder.getsockname()[:2]
        loop.run(_run(application, Address(host, port), announce))


async def _run(application: Application, address: Address, announce: Callable[[str], None]) -> None:
    stop, calls = Stop(), Calls(application)
    on_signals(stop.ask, signal.SIGINT, signal.SIGTERM)
    server = granian_server(calls, address, Plan(), make_room())
    serving = asyncio.create_task(server.serve())
    asked = asyncio.create_task(stop.asked.wait())
    try:
        await accepting(address, serving)
        announce(str(address))
        await asyncio.wait((serving, asked), return_when=asyncio.FIRST_COMPLETED)
        if serving.done():
            raise BoxshipError(f"what is served at {address} ended by itself") from serving.exception()
    finally:
        asked.cancel()
        server.stop()  # type: ignore[no-untyped-call]  # granian types its server in part
        await calls.cancel()
        await asyncio.wait((serving,), timeout=_SENDING)
        serving.cancel()
