"""What a request is called: in the logs, in its answer, and in what whoever is before the registry writes of it."""

from __future__ import annotations

__all__ = ["Named", "request_id"]

import re
import uuid
from contextvars import ContextVar

from boxship.server.asgi import Application, Message, Receive, Scope, Send

_HEADER = b"x-request-id"
_CALLED = re.compile(rb"[A-Za-z0-9._-]{1,64}")

request_id: ContextVar[str] = ContextVar("request_id", default="")
"""What the request in progress is called; '' where there is no log that has it."""


class Named:
    """The application `app`, whose requests have names; each answer says its own (`X-Request-Id`)."""

    def __init__(self, app: Application) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        current = _id(scope)
        request_id.set(current)

        async def send_named(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"].append((_HEADER, current.encode()))
            await send(message)

        await self._app(scope, receive, send_named)


def _id(scope: Scope) -> str:
    """The name that whoever is before this registry gave it, or a new one."""
    given = next((value for name, value in scope["headers"] if name == _HEADER), b"")
    return given.decode() if _CALLED.fullmatch(given) else uuid.uuid4().hex
