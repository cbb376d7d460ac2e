"""Running the registry with granian, until a signal ends it."""

from __future__ import annotations

__all__ = ["serve"]

import asyncio
import contextlib
import os
import signal
import threading
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from boxship.errors import BoxshipError, InvalidSettings, MissingExtra
from boxship.server.address import Address, bind
from boxship.server.app import App, create_app
from boxship.server.asgi import Receive, Scope, Send

if TYPE_CHECKING:
    from granian.server.embed import Server

_GRACE = 0.25  # seconds that requests in progress have left when the registry is told to stop
_ONCE_MORE = 0.005  # seconds between two looks whether it accepts connections


def serve(
    address: str,
    folder: os.PathLike[str] | str,
    *,
    allow_delete: bool = False,
    host_names: Iterable[str] = (),
    insecure_http: bool = False,
    announce: Callable[[str], None],
    access_log: bool = False,
) -> None:
    """Serve the registry in `folder` at `address` (`HOST:PORT`; port 0 takes a free one) until SIGINT or SIGTERM.

    `announce` is told the real address once connections are accepted. Anybody who reaches the registry may pull and
    push, so an address that others can reach is refused, unless `insecure_http` says that this is meant.
    Raises `InvalidSettings` for an address or a folder that cannot be had, `MissingExtra` without granian.
    """
    where = Address.parse(address)
    if not (where.is_loopback or insecure_http):
        why = "anybody who reaches it could pull and push, over plain HTTP"
        raise InvalidSettings(f"--address {address}", why=why, remedy="127.0.0.1, or --insecure-http if this is meant")
    app = create_app(folder, allow_delete=allow_delete, host_names=host_names)
    with bind(where) as holder:
        host, port = holder.getsockname()[:2]
        real = Address(host, port)
        asyncio.run(_run(app, real, announce, access_log=access_log))


def _server(calls: _Calls, address: Address, *, access_log: bool) -> Server:
    try:
        from granian.constants import HTTPModes, Interfaces  # noqa: PLC0415 - an extra
        from granian.log import LogLevels  # noqa: PLC0415
        from granian.server.embed import Server  # noqa: PLC0415
    except ModuleNotFoundError as error:
        raise MissingExtra("server", "the registry") from error
    return Server(
        calls,
        address.host,
        address.port,
        # ASGI, not RSGI, which ends a body that broke off as if it were whole. The app is opened here, not by lifespan:
        # a folder that cannot be had is then an error of ours.
        interface=Interfaces.ASGINL,
        http=HTTPModes.http1,
        websockets=False,
        backlog=1024,
        log_level=LogLevels.error,
        log_dictconfig=_LOGGING,
        log_access=access_log,
    )


class _Calls:
    """The application, with its calls in progress known, so that they can be ended before the registry is closed."""

    def __init__(self, app: App) -> None:
        self._app = app
        self._running: set[asyncio.Task[object]] = set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        task = asyncio.current_task()
        assert task
        self._running.add(task)
        try:
            # What is cancelled just ends; granian would log it as a failure.
            with contextlib.suppress(asyncio.CancelledError):
                await self._app(scope, receive, send)
        finally:
            self._running.discard(task)

    async def cancel(self) -> None:
        """End what is still running."""
        running = tuple(self._running)
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)


async def _run(app: App, address: Address, announce: Callable[[str], None], *, access_log: bool) -> None:
    stop = asyncio.Event()
    _end_on_signals(stop)
    calls = _Calls(app)
    server = _server(calls, address, access_log=access_log)
    await app.open()
    serving = asyncio.create_task(server.serve())
    try:
        await _accepting(address, serving)
        announce(str(address))
        stopped = asyncio.create_task(stop.wait())
        await asyncio.wait((serving, stopped), return_when=asyncio.FIRST_COMPLETED)
        stopped.cancel()
        if serving.done():
            raise BoxshipError(f"the registry at {address} ended by itself") from serving.exception()
    finally:
        server.stop()  # type: ignore[no-untyped-call]  # granian types its server in part
        await asyncio.wait((serving,), timeout=_GRACE)
        serving.cancel()
        await calls.cancel()
        await app.close()


def _end_on_signals(stop: asyncio.Event) -> None:
    if threading.current_thread() is threading.main_thread():
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            try:
                loop.add_signal_handler(number, stop.set)
            except NotImplementedError:  # Windows
                signal.signal(number, lambda *_: loop.call_soon_threadsafe(stop.set))


async def _accepting(address: Address, serving: asyncio.Task[None]) -> None:
    """Return when the address accepts connections."""
    while not serving.done():
        try:
            _, writer = await asyncio.open_connection(address.host, address.port)
        except OSError:
            await asyncio.sleep(_ONCE_MORE)
        else:
            writer.close()
            return
    raise BoxshipError(f"the registry did not start at {address}") from serving.exception()


_LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"plain": {"format": "%(message)s"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "plain", "stream": "ext://sys.stderr"}},
    "loggers": {
        "_granian": {"handlers": ["stderr"], "level": "ERROR", "propagate": False},
        "granian.access": {"handlers": ["stderr"], "level": "INFO", "propagate": False},
    },
}
