"""The manifests of a repository that have no tag: an extension of boxship's own, which `boxship prune` asks for."""

from __future__ import annotations

__all__ = ["read"]

import json

from boxship.server.answer import Answer, Refusal
from boxship.server.paging import Page
from boxship.server.registry import Registry
from boxship.server.request import Request
from boxship.wire import routes

_MOST_DIGITS = 10  # of an age in seconds: three centuries


async def read(registry: Registry, request: Request) -> Answer:
    """A page of their digests: of those that were pushed `older` seconds ago, or lost a tag then, or before."""
    page, older = Page.asked(request, registry.settings.page_size), _older(request)
    before = registry.clock() - older
    digests = await registry.names.untagged(request.repository, page.last, page.reach, before=before)
    if not digests and not await registry.names.has_repository(request.repository):
        raise Refusal(404, "NAME_UNKNOWN", f"there is no repository {request.repository}")
    body = json.dumps({"name": request.repository, "manifests": page.show(digests)}, separators=(",", ":")).encode()
    link = page.link(routes.untagged(request.repository), digests, older=str(older))
    return Answer(200, {"content-type": "application/json", **link}, body)


def _older(request: Request) -> int:
    text = request.parameter("older") or "0"
    if not (text.isascii() and text.isdigit() and len(text) <= _MOST_DIGITS):
        raise Refusal(400, "UNSUPPORTED", "older should be a whole number of seconds")
    return int(text)
