"""One process that serves: the application under granian, until it is told to stop and what it does is done.

Stopping has three steps: nothing new is accepted and what is in progress may finish; uploads that go on are parked; the
rest ends. `main` is one of several processes, which `workers` starts.
"""

from __future__ import annotations

__all__ = ["LENGTH", "READY", "Order", "accepting", "granian_server", "main", "run"]

import asyncio
import os
import pickle
import signal
import sys
import threading
from collections.abc import Callable
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING

from boxship.errors import BoxshipError, MissingExtra
from boxship.server.access.origin import Doorkeeper
from boxship.server.access_log import FORMS, AccessLog
from boxship.server.app import App
from boxship.server.asgi import Application
from boxship.server.beside import Beside
from boxship.server.calls import Calls
from boxship.server.metrics import Counting
from boxship.server.page import House
from boxship.server.plan import Plan
from boxship.server.request_id import Named
from boxship.server.running import loop
from boxship.server.running.address import Address
from boxship.server.running.certificate import CertificateFiles, outlive_hangup
from boxship.server.running.crowds import make_room
from boxship.server.running.slow_readers import keep_cutting
from boxship.server.running.stop import Stop, on_signals

if TYPE_CHECKING:
    from granian.server.embed import Server

LENGTH = 4  # bytes of the plan's own length
READY = b"ready\n"  # what a worker tells the process that started it
_INPUT = 0
_PARKING = 0.5  # seconds to write down what arrived of uploads
_SENDING = 0.25  # seconds for what is still being sent
_SIDE_BY_SIDE = 0.5  # seconds that both certificates are served
_ONCE_MORE = 0.005  # seconds between two looks whether it accepts connections
_BACKLOG = 1024  # connections that wait to be taken
_SHARE = 2  # no client has more than this part of all connections, so that there are some for others
_MOST_KEPT = 31 * 1024 * 1024  # bytes at once; past 32 MiB glibc learns nothing


class Order(bytes, Enum):
    """What a worker is told, a byte each; their end is `STOP`, for then nobody is left to tell."""

    STOP = b"s"
    NOW = b"n"


async def run(plan: Plan, address: Address, stop: Stop, announce: Callable[[], None]) -> None:
    """Serve at `address` until `stop`; `announce` is called when connections are accepted."""
    _keep_pages()
    app = App(Path(plan.folder), plan.settings, Doorkeeper(plan.host_names))
    served = Beside(app, plan.page.beside(_house(app, plan, address))) if plan.page else app
    log = AccessLog(served, plan.access_log) if plan.access_log in FORMS else None
    counting = Counting(log or served) if plan.metrics else None
    counted = counting or log or served
    calls = Calls(Named(counted) if log or plan.settings.audit_log else counted)
    room = make_room()
    files = CertificateFiles(Path(plan.tls_cert), Path(plan.tls_key)) if plan.tls_cert else None
    server = granian_server(calls, address, plan, room)
    await app.open()
    serving = asyncio.create_task(server.serve())
    try:
        await accepting(address, serving)
        announce()
        cutting = keep_cutting(address.port, plan.settings.patience, room // _SHARE)
        watching = (_watching(server, files) if files else None, asyncio.create_task(cutting))
        await _first(serving, stop.asked)
        for task in filter(None, watching):
            task.cancel()
        if serving.done():
            raise BoxshipError(f"the registry at {address} ended by itself") from serving.exception()
    finally:
        server.stop()  # type: ignore[no-untyped-call]  # granian types its server in part
        await _first(serving, stop.at_once, plan.grace)
        await calls.park(_PARKING)
        await calls.cancel()
        # Without calls granian ends by itself, but for files that it still sends; cancelled before that, it complains.
        await asyncio.wait((serving,), timeout=_SENDING)
        serving.cancel()
        await app.close()
        if log:
            await asyncio.to_thread(log.close)


def _house(app: App, plan: Plan, address: Address) -> House:
    return House(address=address.here, certificate=plan.tls_cert, denied=lambda: app.denied, admits=app.admits)


def _keep_pages() -> None:
    """Let memory be used again for the next blocks of files: not to is a quarter of what sending them costs."""
    # glibc gives pages back to the system with each block, until it has seen a larger one freed (mallopt(3),
    # M_MMAP_THRESHOLD). Nothing is written to this one, so it takes no memory.
    bytes(_MOST_KEPT)


def _watching(server: Server, files: CertificateFiles) -> asyncio.Task[None]:
    """The look after the certificate."""
    # Granian reads the files anew for a second listener, and then closes the first one; its requests go on.
    server.respawn_interval = _SIDE_BY_SIDE
    return asyncio.create_task(files.watch(server.reload))


async def _first(task: asyncio.Task[None], event: asyncio.Event, seconds: float | None = None) -> None:
    """Return when the task is done, or the event is set, or the time is over."""
    waiting = asyncio.create_task(event.wait())
    await asyncio.wait((task, waiting), timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
    waiting.cancel()


def granian_server(application: Application, address: Address, plan: Plan, room: int) -> Server:
    """What listens at the address, and speaks TLS where the plan says so; it takes so many connections at a time."""
    try:
        from granian.constants import HTTPModes, Interfaces, SSLProtocols  # noqa: PLC0415 - an extra
        from granian.log import LogLevels  # noqa: PLC0415
        from granian.server.embed import Server  # noqa: PLC0415
    except ModuleNotFoundError as error:
        raise MissingExtra("server", "the registry") from error
    return Server(
        application,
        address.host,
        address.port,
        # ASGI, not RSGI, which ends a body that broke off as if it were whole. The app is opened here, not by lifespan:
        # a folder that cannot be had is then an error of ours.
        interface=Interfaces.ASGINL,
        http=HTTPModes.http1,
        websockets=False,
        backlog=_BACKLOG,
        # What it is called, but it is how many connections there may be: with all of them, none is taken any more.
        backpressure=room,
        log_level=LogLevels.error,
        log_dictconfig=_LOGGING,
        ssl_cert=Path(plan.tls_cert) if plan.tls_cert else None,
        ssl_key=Path(plan.tls_key) if plan.tls_key else None,
        ssl_ca=Path(plan.tls_client_ca) if plan.tls_client_ca else None,
        ssl_client_verify=bool(plan.tls_client_ca),
        ssl_protocol_min=SSLProtocols.tls12,  # what clients of long-lived systems have
    )


async def accepting(address: Address, serving: asyncio.Task[None]) -> None:
    """Return when the address accepts connections."""
    while not serving.done():
        try:
            _, writer = await asyncio.open_connection(address.host, address.port)
        except OSError:
            await asyncio.sleep(_ONCE_MORE)
        else:
            writer.close()
            return
    raise BoxshipError(f"nothing started at {address}") from serving.exception()


_LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"plain": {"format": "%(message)s"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "plain", "stream": "ext://sys.stderr"}},
    "loggers": {"_granian": {"handlers": ["stderr"], "level": "ERROR", "propagate": False}},
}


def main() -> int:
    """Serve as one of several: standard input has the length of the plan, the plan, and then orders."""
    plan, address = pickle.loads(_read(int.from_bytes(_read(LENGTH))))  # noqa: S301 - from whoever started this one
    try:
        loop.run(_serve_as_told(plan, address))
    except BoxshipError as error:
        sys.stderr.write(f"error: {error}\n")
        return error.exit_status
    return 0


def _read(size: int) -> bytes:
    """So many bytes of standard input."""
    # Past Python's buffer: what holds its lock when the interpreter ends would break that off.
    content = b""
    while len(content) < size:
        piece = os.read(_INPUT, size - len(content))
        if not piece:
            raise EOFError("the plan broke off")
        content += piece
    return content


async def _serve_as_told(plan: Plan, address: Address) -> None:
    stop = Stop()
    # Ctrl-C reaches every process of a terminal; the first one decides, and tells. SIGTERM is for this one.
    on_signals(lambda: None, signal.SIGINT)
    on_signals(stop.asked.set, signal.SIGTERM)
    if plan.rereads:
        outlive_hangup()
    threading.Thread(target=_obey, args=(asyncio.get_running_loop(), stop), daemon=True).start()
    await run(plan, address, stop, _tell_ready)


def _obey(running: asyncio.AbstractEventLoop, stop: Stop) -> None:
    while order := os.read(_INPUT, 1):
        running.call_soon_threadsafe((stop.at_once if order == Order.NOW else stop.asked).set)
    running.call_soon_threadsafe(stop.asked.set)


def _tell_ready() -> None:
    sys.stdout.buffer.write(READY)
    sys.stdout.buffer.flush()
