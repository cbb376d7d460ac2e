"""Looking into an image wherever it is: what it says of itself, and how it was made."""

from __future__ import annotations

__all__ = ["diff_images", "history_of", "inspect_image", "raw_config", "raw_document"]

from boxship.formats.ends import Where, source_end
from boxship.image.bounds import Bounds
from boxship.image.difference import Difference, difference
from boxship.image.history import History, history
from boxship.image.image import read_image
from boxship.image.inspection import Inspected, inspect
from boxship.image.opening import document_at
from boxship.platform import Platform
from boxship.registry.operations import Operations
from boxship.verbs.copying import copying


def inspect_image(operations: Operations, source: Where, *, platforms: tuple[Platform, ...], jobs: int) -> Inspected:
    """What the image says of itself; the manifests of an index are read several at a time."""
    with copying(operations, platforms, jobs) as way, source_end(operations, source) as end:
        return inspect(end.store, end.name, platforms, apply=way.crew.map)


def raw_document(operations: Operations, source: Where, platforms: tuple[Platform, ...]) -> bytes:
    """The bytes of what it is called, or, with one platform, of that one's manifest."""
    with operations.work(), source_end(operations, source) as end:
        if len(platforms) == 1:
            return document_at(end.store, end.name, platforms[0]).raw
        return end.store.read(end.store.resolve(end.name)).raw


def raw_config(operations: Operations, source: Where, platform: Platform | None) -> bytes:
    """The bytes of an image's configuration, verified."""
    with operations.work(), source_end(operations, source) as end:
        return read_image(end.store, document_at(end.store, end.name, platform)).config


def history_of(operations: Operations, source: Where, platform: Platform | None) -> History:
    """How the image was made."""
    with operations.work(), source_end(operations, source) as end:
        return history(end.store, document_at(end.store, end.name, platform))


def diff_images(
    operations: Operations,
    before: Where,
    after: Where,
    *,
    platform: Platform | None,
    bounds: Bounds | None,
    times: bool,
) -> Difference:
    """How `after` differs from `before`."""
    with operations.work(), source_end(operations, before) as one, source_end(operations, after) as other:
        images = [
            (end.store, read_image(end.store, document_at(end.store, end.name, platform))) for end in (one, other)
        ]
        return difference(*images, bounds=bounds or Bounds(), times=times)
