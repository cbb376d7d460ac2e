"""Whether this is a registry (distribution-spec, end-1): the answer to `GET /v2/`."""

from __future__ import annotations

__all__ = ["read"]

from boxship.server.answer import Answer
from boxship.server.registry import Registry
from boxship.server.request import Request


async def read(registry: Registry, request: Request) -> Answer:
    """Say yes."""
    del registry, request
    return Answer(200, {"content-type": "application/json"}, b"{}")
