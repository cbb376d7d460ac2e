"""Local places where images are, as they are written: `oci:DIR[:TAG]`, `oci-archive:FILE[:TAG]`, and so on."""

from __future__ import annotations

__all__ = ["Kind", "Place"]

import enum
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from boxship.errors import InvalidReference


class Kind(enum.Enum):
    """The format of what is there."""

    OCI = "oci"
    OCI_ARCHIVE = "oci-archive"
    DOCKER_ARCHIVE = "docker-archive"


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
        prefix, colon, rest = text.partition(":")
        kind = next((kind for kind in Kind if kind.value == prefix), None)
        if not colon or kind is None:
            return None
        # A path may hold no colon, as for skopeo: what comes after the first one is a name, which may hold others.
        path, _, name = rest.partition(":")
        if not path:
            span = (len(prefix) + 1, len(text))
            raise InvalidReference(text, span, why="here is no path", remedy=f"for example {prefix}:images:app")
        return cls(kind, Path(path), name)

    def __str__(self) -> str:
        return f"{self.kind.value}:{self.path}{f':{self.name}' if self.name else ''}"
