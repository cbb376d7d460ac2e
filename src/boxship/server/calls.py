"""The requests in progress: known, so that a stop can wait for them, break off what still uploads, and end the rest."""

from __future__ import annotations

__all__ = ["Calls"]

import asyncio

from boxship.server.asgi import Application, Message, Receive, Scope, Send

_GONE = "http.disconnect"


class Calls:
    """The application `app`, with its calls in progress."""

    def __init__(self, app: Application) -> None:
        self._app = app
        self._running: set[asyncio.Task[object]] = set()
        self._receiving: set[asyncio.Task[object]] = set()
        self._parked = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        task = asyncio.current_task()
        assert task

        async def receive_until_parked() -> Message:
            return await self._receive(receive)

        self._running.add(task)
        try:
            await self._app(scope, receive_until_parked, send)
        except asyncio.CancelledError:
            return  # it just ends; granian would log it as a failure
        finally:
            self._running.discard(task)

    async def park(self, seconds: float) -> None:
        """End every body that still comes, as if its client had gone: what arrived of an upload is kept.

        Returns when nothing is running, or after `seconds`.
        """
        self._parked = True
        for task in tuple(self._receiving):
            task.cancel()
        if self._running:
            await asyncio.wait(tuple(self._running), timeout=seconds)

    async def cancel(self) -> None:
        """End what is still running."""
        running = tuple(self._running)
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)

    async def _receive(self, receive: Receive) -> Message:
        # Cancelling where a message is awaited costs the ones that arrive nothing; a second task for each would.
        if self._parked:
            return {"type": _GONE}
        task = asyncio.current_task()
        assert task
        self._receiving.add(task)
        try:
            return await receive()
        except asyncio.CancelledError:
            if not self._parked:
                raise
            task.uncancel()
            return {"type": _GONE}
        finally:
            self._receiving.discard(task)
