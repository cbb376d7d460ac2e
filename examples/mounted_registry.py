"""The registry inside an ASGI application of your own: granian --interface asgi mounted_registry:application."""

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from boxship.server import create_app

# What ASGI passes: frameworks have types of their own for the same.
Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

registry = create_app("registry", host_names=["registry.corp"])


async def application(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer /about oneself, and leave the rest, and the server's start and end, to the registry."""
    if scope["type"] == "http" and scope["path"] == "/about":
        await _say(send, b"a registry, and more\n")
    else:
        await registry(scope, receive, send)


async def _say(send: Send, content: bytes) -> None:
    start: Message = {"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/plain")]}
    await send(start)
    await send({"type": "http.response.body", "body": content})
