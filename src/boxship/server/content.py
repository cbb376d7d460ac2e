"""Content by digest over HTTP: the headers it goes with, and the conditions a request may set (RFC 9110, 13)."""

from __future__ import annotations

__all__ = ["check_match", "content_headers", "permits", "unchanged"]

from boxship.digest import Digest
from boxship.server.answer import Refusal

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
    return bool(if_none_match) and _lists(_strong(if_none_match), str(digest))


def permits(if_match: str, if_none_match: str, current: str | None) -> bool:
    """Whether a client that sent these headers wants to change what has the digest `current` (None: nothing yet)."""
    if if_match and not _lists(if_match, current):
        return False
    return not _lists(_strong(if_none_match), current)


def check_match(if_match: str, digest: Digest) -> None:
    """Refuse a request that its sender means for something else than what has `digest`."""
    if if_match and not permits(if_match, "", str(digest)):
        raise Refusal(412, "DENIED", "there is something else than expected", detail={"digest": str(digest)})


def _strong(tags: str) -> str:
    # RFC 9110, 13.1.2: there a weak tag is as good as another; in If-Match it names nothing (13.1.1).
    return tags.replace('W/"', '"')


def _lists(header: str, digest: str | None) -> bool:
    if digest is None:
        return False
    return any(tag.strip() in ("*", f'"{digest}"') for tag in header.split(","))
