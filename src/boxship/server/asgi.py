"""The border to ASGI servers: the shapes of what they pass in and take back (asgi.readthedocs.io, HTTP and lifespan).

The only module of the server that knows untyped values; `request` and `deliver` turn them into ours and back.
"""

from __future__ import annotations

__all__ = ["Application", "Message", "Receive", "Scope", "Send"]

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]
