"""What a cache does for which action of a registry that has everything."""

from __future__ import annotations

__all__ = ["ACTIONS"]

from collections.abc import Awaitable, Callable, Mapping

from boxship.server import blobs as kept_blobs
from boxship.server import manifests, referrers, tags
from boxship.server.answer import Answer
from boxship.server.proxy import blobs, lists
from boxship.server.proxy import manifests as brought_manifests
from boxship.server.proxy.cache import Cache
from boxship.server.registry import Registry
from boxship.server.request import Request

ACTIONS: Mapping[Callable[[Registry, Request], Awaitable[Answer]], Callable[[Cache, Request], Awaitable[Answer]]] = {
    manifests.read: brought_manifests.read,
    kept_blobs.read: blobs.read,
    tags.read: lists.read_tags,
    referrers.read: lists.read_referrers,
}
