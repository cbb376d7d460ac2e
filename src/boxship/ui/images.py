"""Questions about an image: what it says of itself, how it was made, what its layers are, what refers to it."""

from __future__ import annotations

__all__ = ["config", "diff", "history", "image", "layers", "manifest", "referrers"]

from collections.abc import Mapping

from boxship.errors import UnexpectedAnswer
from boxship.image.bounds import Bounds
from boxship.platform import Platform
from boxship.spec.manifest import Manifest
from boxship.ui.asked import Asked

_ENTRIES = 500_000  # files of an image, which are held in memory while it is looked at, each some 1,100 bytes
BOUNDS = Bounds(entries=_ENTRIES)


def image(asked: Asked) -> Mapping[str, object]:
    """What an image, or an index on each platform, says of itself."""
    found = asked.client.inspect(asked.image, platforms=[asked.platform] if asked.platform else None)
    return {"repository": asked.image.repository, "reference": asked.text("reference"), **found.document()}


def manifest(asked: Asked) -> Mapping[str, object]:
    """A manifest or an index, byte for byte."""
    document = asked.client.document(asked.image, platform=asked.platform)
    return {"digest": str(document.digest), "media_type": document.media_type, "text": _text(document.raw)}


def config(asked: Asked) -> Mapping[str, object]:
    """An image's configuration, byte for byte."""
    found = asked.client.manifest(asked.image, platform=asked.platform or Platform.here())
    if not isinstance(found, Manifest):
        raise UnexpectedAnswer(f"{asked.image} is an index of indexes", why="it has no configuration")
    descriptor = found.config
    raw = asked.client.read_blob(asked.repository.with_digest(descriptor.digest), size=descriptor.size)
    return {"digest": str(descriptor.digest), "media_type": descriptor.media_type, "text": _text(raw)}


def history(asked: Asked) -> Mapping[str, object]:
    """How an image was made."""
    return asked.client.history(asked.image, platform=asked.platform).document()


def layers(asked: Asked) -> Mapping[str, object]:
    """What each layer adds, and has in vain."""
    return asked.client.tree(asked.image, platform=asked.platform, bounds=BOUNDS).document()


def referrers(asked: Asked) -> Mapping[str, object]:
    """What refers to it, as a tree."""
    return asked.client.referrers(asked.image, platform=asked.platform).document()


def diff(asked: Asked) -> Mapping[str, object]:
    """How one image differs from another."""
    repository = asked.repository
    other = asked.repository_in("other") if asked.text("other") else repository
    before, after = asked.image_in("before", repository), asked.image_in("after", other)
    return asked.client.diff(before, after, platform=asked.platform, bounds=BOUNDS).document()


def _text(raw: bytes) -> str:
    return raw.decode("utf-8", "replace")
