"""Content by digest over HTTP: the headers it goes with, and the conditions a request may set (RFC 9110, 13)."""

from __future__ import annotations

__all__ = ["content_headers", "permits", "unchanged"]

from boxship.digest import Digest

_FOREVER = "max-age=31536000, immutable"  # content named by its digest never changes (RFC 8246)
_ASK_AGAIN = "no-cache"  # a tag may move; caches may keep the content and ask


def content_headers(content_type: str, digest: Digest, *, forever: bool) -> dict[str, str]:
    """The headers of the content that has `digest`; `forever` where the path names it by that."""
    return {
        "content-type": content_type,
        "docker-content-digest": str(digest),
        "etag": f'"{digest}"',
        "cache-control": _FOREVER if forever else _ASK_AGAIN,
    }


def unchanged(if_none_match: str, digest: Digest) -> bool:
    """Whether a client that sent this header has the content already."""
    return bool(if_none_match) and _lists(if_none_match, str(digest))


def permits(if_match: str, if_none_match: str, current: str | None) -> bool:
    """Whether a client that sent these headers wants to replace what has the digest `current` (None: nothing yet)."""
    if if_match and not _lists(if_match, current):
        return False
    return not (if_none_match and _lists(if_none_match, current))


def _lists(header: str, digest: str | None) -> bool:
    if digest is None:
        return False
    return any(tag.strip().removeprefix("W/") in ("*", f'"{digest}"') for tag in header.split(","))
