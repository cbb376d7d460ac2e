"""Plain lists: an image a line, perhaps with its digest after it, as lock files have it; `#` begins a comment."""

from __future__ import annotations

__all__ = ["Line", "is_list", "lines"]

import re
from collections.abc import Iterator

from boxship.value import dataclass

_LINE = re.compile(r"[ \t]*([^\s#]\S*)(?:[ \t]+(sha(?:256|512):[0-9a-f]+))?[ \t]*(?:[ \t]#.*)?\r?\Z")
_NO_LIST = re.compile(r"---|%|\{|\[[^\]]*\Z|-\s|\[\s*[\"']")


@dataclass(frozen=True, slots=True)
class Line:
    """A line that names an image.

    Attributes:
        image: the reference, or whatever stands in its place.
        digest: what it is said to stand for; '' where nothing is.
        start: where the reference begins in the text.
    """

    image: str
    digest: str
    start: int


def is_list(text: str) -> bool:
    """Whether a text's first line that says anything could be an image."""
    first = next((line for line in text.split("\n") if line.strip() and not line.lstrip().startswith("#")), "")
    found = _LINE.match(first)
    return bool(found) and not _NO_LIST.match(first.strip()) and not first.strip().endswith(":")


def lines(text: str) -> Iterator[Line]:
    """The lines, without comments and empty ones; a line that is neither is all of it the image."""
    at = 0
    for line in text.split("\n"):
        bare = line.strip()
        if bare and not bare.startswith("#"):
            found = _LINE.match(line)
            image, digest = (found[1], found[2] or "") if found else (bare, "")
            yield Line(image, digest, at + line.index(image))
        at += len(line) + 1
