"""Whether the registry lives and whether it can serve, for whoever starts, stops and balances it: a status, no detail.

Reasons are the operator's, who finds them in the log.
"""

from __future__ import annotations

__all__ = ["live", "ready"]

import logging
import sqlite3

from boxship.server.answer import Answer
from boxship.server.registry import Registry
from boxship.server.request import Request

_log = logging.getLogger(__name__)

_HEADERS = {"content-type": "text/plain", "cache-control": "no-store"}


async def live(registry: Registry, request: Request) -> Answer:
    """Say yes, as long as anything can be said."""
    del registry, request
    return Answer(200, _HEADERS, b"live\n")


async def ready(registry: Registry, request: Request) -> Answer:
    """Whether names and bytes can be read, and, unless the registry is for reading only, written."""
    del request
    try:
        missing = await _missing(registry)
    except (OSError, sqlite3.Error) as error:
        missing = str(error) or repr(error)  # some say nothing
    if missing:
        _log.warning("not ready: %s", missing)
        return Answer(503, _HEADERS | {"retry-after": "5"}, b"not ready\n")
    return Answer(200, _HEADERS, b"ready\n")


async def _missing(registry: Registry) -> str:
    """What there is not; '' where all is well."""
    await registry.names.has_repository("")
    if registry.settings.read_only:
        return ""
    if registry.database.failure:
        return "the database cannot be written"
    if not await registry.room.is_left():
        return "the disk is full"
    await registry.storage.check()
    return ""
