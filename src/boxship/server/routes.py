"""The route table: which action answers which method on which path, and what right that takes.

The table is the only place of the server that knows paths; actions know names. Clients write paths with `wire.routes`.
"""

from __future__ import annotations

__all__ = ["RESOURCES", "Action", "Event", "Resource", "Right", "Route", "find", "name_of"]

import re
from collections.abc import Awaitable, Callable, Collection, Mapping
from typing import NamedTuple

from boxship.server import blobs, catalog, health, manifests, referrers, support, tags, untagged, uploads
from boxship.server.access import log_in
from boxship.server.access.rights import Right
from boxship.server.access.tokens import TOKENS
from boxship.server.answer import Answer, Refusal
from boxship.server.registry import Registry
from boxship.server.request import Request
from boxship.value import dataclass, field

Action = Callable[[Registry, Request], Awaitable[Answer]]


class Event(NamedTuple):
    """Something done: what it is called, and the status that says so."""

    word: str
    status: int


PUSHED, UPLOADED, DELETED = Event("push", 201), Event("upload", 201), Event("delete", 202)
LOGGED_IN = Event("log in", 200)


@dataclass(frozen=True, slots=True)
class Route:
    """What is done for one method, and the right it takes.

    `repeatable`: what it answers follows from the request's head, the settings and the database, and from nothing else.
    `event`: what the audit log calls it, once it is done.
    """

    right: Right
    action: Action
    repeatable: bool = False
    event: Event | None = None


@dataclass(frozen=True, slots=True)
class Resource:
    """A kind of path, with the specification's `<names>` in it, and its routes by method."""

    path: str
    routes: Mapping[str, Route]
    pattern: re.Pattern[str] = field(repr=False)

    @classmethod
    def of(cls, path: str, **routes: Route) -> Resource:
        """The resource at `path`; HEAD is GET without the body (RFC 9110, 9.3.2), which `deliver` leaves out."""
        if "GET" in routes:
            routes["HEAD"] = routes["GET"]
        pattern = path.replace("<name>", "(?P<repository>.+)")
        pattern = re.sub(r"<(?:reference|digest|session)>", r"(?P<name>[^/]+)", pattern)
        return cls(path, routes, re.compile(pattern))


# Ordered by how often they are asked for, but for uploads, which would also read as blobs.
RESOURCES = (
    Resource.of(
        "/v2/<name>/manifests/<reference>",
        GET=Route(Right.PULL, manifests.read, repeatable=True),
        PUT=Route(Right.CREATE, manifests.put, event=PUSHED),
        DELETE=Route(Right.DELETE, manifests.delete, event=DELETED),
    ),
    Resource.of("/v2/<name>/blobs/uploads/?", POST=Route(Right.CREATE, uploads.begin, event=UPLOADED)),
    Resource.of(
        "/v2/<name>/blobs/uploads/<session>",
        GET=Route(Right.CREATE, uploads.status),
        PATCH=Route(Right.CREATE, uploads.append),
        PUT=Route(Right.CREATE, uploads.finish, event=UPLOADED),
        DELETE=Route(Right.CREATE, uploads.cancel),
    ),
    Resource.of(
        "/v2/<name>/blobs/<digest>",
        GET=Route(Right.PULL, blobs.read),
        DELETE=Route(Right.DELETE, blobs.delete, event=DELETED),
    ),
    Resource.of("/v2/<name>/tags/list", GET=Route(Right.PULL, tags.read, repeatable=True)),
    Resource.of("/v2/<name>/referrers/<digest>", GET=Route(Right.PULL, referrers.read, repeatable=True)),
    # What lost its tag was taken back, perhaps: only who prunes is told how it can still be had.
    Resource.of("/v2/<name>/_boxship/untagged", GET=Route(Right.DELETE, untagged.read)),
    Resource.of("/v2/?", GET=Route(Right.ANY, support.read)),
    Resource.of("/v2/_catalog", GET=Route(Right.CATALOG, catalog.read, repeatable=True)),
    Resource.of(TOKENS, GET=Route(Right.LOGIN, log_in.give, event=LOGGED_IN)),
    Resource.of("/livez", GET=Route(Right.NONE, health.live)),
    Resource.of("/readyz", GET=Route(Right.NONE, health.ready)),
)


def find(method: str, path: str, *, denied: Collection[Right] = ()) -> tuple[Route, str, str]:
    """Return the route, and the repository and last name in `path` ('' where the route has none), or refuse.

    Routes that take a right in `denied` are not there.
    """
    for resource in RESOURCES:
        found = resource.pattern.fullmatch(path)
        if found:
            names = found.groupdict("")
            return _route(resource, method, denied), names.get("repository", ""), names.get("name", "")
    raise Refusal(404, "UNSUPPORTED", "there is nothing at this path")


def name_of(path: str) -> str:
    """The kind of path that it is, with the specification's `<names>` in it; `other` where there is nothing."""
    return next((resource.path.rstrip("?") for resource in RESOURCES if resource.pattern.fullmatch(path)), "other")


def _route(resource: Resource, method: str, denied: Collection[Right]) -> Route:
    route = resource.routes.get(method)
    if not route or route.right in denied:
        allowed = (name for name, other in resource.routes.items() if other.right not in denied)
        headers = {"allow": ", ".join(allowed), "connection": "close"}
        raise Refusal(405, "UNSUPPORTED", f"{method} is not possible here", headers=headers)
    return route
