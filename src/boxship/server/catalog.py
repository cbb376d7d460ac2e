"""The repositories of the registry (distribution's API specification, "Listing Repositories")."""

from __future__ import annotations

__all__ = ["read"]

import json

from boxship.server.answer import Answer
from boxship.server.paging import Page
from boxship.server.registry import Registry
from boxship.server.request import Request
from boxship.wire import routes


async def read(registry: Registry, request: Request) -> Answer:
    """A page of the registry's repositories."""
    page = Page.asked(request, registry.settings.page_size)
    names = registry.names.repositories(page.last, page.reach)
    body = json.dumps({"repositories": page.show(names)}, separators=(",", ":")).encode()
    link = page.link(routes.CATALOG, names)
    return Answer(200, {"content-type": "application/json", **link}, body)
