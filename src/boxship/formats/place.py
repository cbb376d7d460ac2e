"""Local places where images are, as they are written: `oci:DIR[:TAG]`, `oci-archive:FILE[:TAG]`, and so on."""

from __future__ import annotations

__all__ = ["STREAM", "Kind", "Place"]

import enum
from pathlib import Path
from typing import Self

from boxship.errors import InvalidReference
from boxship.value import dataclass

STREAM = Path("-")
"""Standard input, of what is read; standard output, of what is written."""


class Kind(enum.Enum):
    """The format of what is there."""

    OCI = "oci"
    OCI_ARCHIVE = "oci-archive"
    DOCKER_ARCHIVE = "docker-archive"
    DIR = "dir"
    DOCKER_DAEMON = "docker-daemon"

    @property
    def is_dockers(self) -> bool:
        """Whether docker gets it: images are called by whole references, and are for one platform."""
        return self in (Kind.DOCKER_ARCHIVE, Kind.DOCKER_DAEMON)


@dataclass(frozen=True, slots=True)
class Place:
    """A folder or a file of a format, and which image in it; '' for the only one."""

    kind: Kind
    path: Path
    name: str = ""

    @classmethod
    def parse(cls, text: str) -> Self | None:
        """The place that `text` writes, or None where it is none: then it is a reference.

        An image whose repository is called like a format is written with its registry.
        """
        if text == "-":
            return cls(Kind.DOCKER_ARCHIVE, STREAM)  # as which it is written; what is read is found by looking
        prefix, colon, rest = text.partition(":")
        kind = next((kind for kind in Kind if kind.value == prefix), None)
        if not colon or kind is None:
            return None
        if not rest:
            span, example = (len(prefix) + 1, len(text)), "app:1" if kind is Kind.DOCKER_DAEMON else "images:app"
            missing = "image" if kind is Kind.DOCKER_DAEMON else "path"
            raise InvalidReference(text, span, why=f"here is no {missing}", remedy=f"for example {prefix}:{example}")
        if kind is Kind.DOCKER_DAEMON:
            return cls(kind, Path(), rest)
        # A path may hold no colon, as for skopeo: what comes after the first one is a name, which may hold others.
        # What `dir:` holds has no name: all of it is the path.
        path, _, name = (rest, "", "") if kind is Kind.DIR else rest.partition(":")
        if not path:
            return cls.parse(f"{prefix}:")
        return cls(kind, Path(path), name)

    @property
    def is_stream(self) -> bool:
        """Whether it is standard input, or standard output."""
        return self.path == STREAM

    @property
    def has_path(self) -> bool:
        """Whether it is in the file system."""
        return not self.is_stream and self.kind is not Kind.DOCKER_DAEMON

    def __str__(self) -> str:
        if self.is_stream and self.kind is Kind.DOCKER_ARCHIVE and not self.name:
            return str(STREAM)
        where = (str(self.path),) if self.kind is not Kind.DOCKER_DAEMON else ()
        return ":".join((self.kind.value, *where, *filter(None, (self.name,))))
