"""The tags of a repository (distribution-spec, end-8)."""

from __future__ import annotations

__all__ = ["listed", "read"]

import json
from collections.abc import Sequence

from boxship.server.answer import Answer, Refusal
from boxship.server.paging import Page
from boxship.server.registry import Registry
from boxship.server.request import Request
from boxship.wire import routes


async def read(registry: Registry, request: Request) -> Answer:
    """A page of the repository's tags."""
    page = Page.asked(request, registry.settings.page_size)
    names = await registry.names.tags(request.repository, page.last, page.reach)
    if not names and not await registry.names.has_repository(request.repository):
        raise Refusal(404, "NAME_UNKNOWN", f"there is no repository {request.repository}")
    return listed(request, page, names)


def listed(request: Request, page: Page, names: Sequence[str]) -> Answer:
    """The answer with a page of tags, of which `names` has as many as the page reaches for."""
    body = json.dumps({"name": request.repository, "tags": page.show(names)}, separators=(",", ":")).encode()
    link = page.link(routes.tags(request.repository), names)
    return Answer(200, {"content-type": "application/json", **link}, body)
