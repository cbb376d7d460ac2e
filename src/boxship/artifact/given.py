"""What is to be in an artifact, as whoever makes it says it: `sbom.json:application/spdx+json`."""

from __future__ import annotations

__all__ = ["STDIN", "TITLE", "Given", "checked_type"]

import os
import re
from collections.abc import Mapping
from pathlib import Path, PurePath
from typing import Self

from boxship.errors import InvalidInput
from boxship.value import dataclass, field

TITLE = "org.opencontainers.image.title"
"""What a file is called (image-spec annotations.md)."""
STDIN = "-"

_TYPE = re.compile(r"[A-Za-z0-9][A-Za-z0-9!#$&^_.+-]{0,126}/[A-Za-z0-9][A-Za-z0-9!#$&^_.+-]{0,126}")  # RFC 6838, 4.2


@dataclass(frozen=True, slots=True)
class Given:
    """A file, a folder, or standard input (`-`).

    Attributes:
        path: where it is.
        media_type: by default that of a layer, as oras has it.
        title: what it is called; by default its path where that does not lead out of this folder, or else its name.
        annotations: what else is said of it.
    """

    path: str
    media_type: str = ""
    title: str = ""
    annotations: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def parse(cls, text: str | os.PathLike[str]) -> Self:
        """`PATH[:TYPE]`: the last colon begins the type, so that of `a:b` the path ends with one more: `a:b:`."""
        if isinstance(text, os.PathLike):
            return cls(os.fspath(text))
        path, colon, media_type = text.rpartition(":")
        if not colon:
            return cls(text)
        if not path:
            raise InvalidInput(f"the file {text!r}", why="it is written PATH:TYPE, and has no path")
        return cls(path, _of_file(media_type, text) if media_type else "")

    @property
    def called(self) -> str:
        """The title; '' for standard input that has none."""
        if self.title or self.path == STDIN:
            return self.title
        path = PurePath(os.path.normpath(self.path))
        inside = not path.is_absolute() and ".." not in path.parts and path.parts
        return path.as_posix() if inside else Path(self.path).resolve().name


def checked_type(media_type: str, what: str) -> str:
    """The media type, if it is one."""
    if not _TYPE.fullmatch(media_type):
        raise InvalidInput(f"{what} {media_type!r}", why="a media type is written as in application/spdx+json")
    return media_type


def _of_file(media_type: str, text: str) -> str:
    try:
        return checked_type(media_type, f"{text!r}: the media type")
    except InvalidInput as error:
        remedy = f"a file whose name has a colon is written with one more: {text}:"
        raise InvalidInput(error.what, why=error.why, remedy=remedy) from error
