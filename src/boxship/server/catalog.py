"""The repositories of the registry (distribution's API specification, "Listing Repositories")."""

from __future__ import annotations

__all__ = ["read"]

import asyncio
import json
from collections.abc import Sequence

from boxship.server.access.rights import Caller, Right
from boxship.server.answer import Answer
from boxship.server.paging import Page
from boxship.server.registry import Registry
from boxship.server.request import Request
from boxship.wire import routes

_BATCH = 1000  # names that are looked through at a time, where not all may be seen


async def read(registry: Registry, request: Request) -> Answer:
    """A page of the repositories that the caller may pull from."""
    page = Page.asked(request, registry.settings.page_size)
    names = await _visible(registry, request.caller, page)
    body = json.dumps({"repositories": page.show(names)}, separators=(",", ":")).encode()
    link = page.link(routes.CATALOG, names)
    return Answer(200, {"content-type": "application/json", **link}, body)


async def _visible(registry: Registry, caller: Caller, page: Page) -> Sequence[str]:
    if caller.may_everywhere(Right.PULL):
        return await registry.names.repositories(page.last, page.reach)
    found: list[str] = []
    last, more = page.last, True
    while more and len(found) < page.reach:
        names = await registry.names.repositories(last, _BATCH)
        found.extend(name for name in names if caller.may(Right.PULL, name))
        last, more = (names or ("",))[-1], len(names) == _BATCH
        await asyncio.sleep(0)  # others are served meanwhile
    return found[: page.reach]
