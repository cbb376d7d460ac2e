"""A setting as it holds for one place, with who said it, and what was said besides and does not hold."""

from __future__ import annotations

__all__ = ["Lost", "Place", "Setting"]

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

from boxship.reference import Reference, Registry

_SCHEME = re.compile(r"https?://", re.IGNORECASE)
# Also what has a user before it: as a registry that is refused without being shown.
_HOST = re.compile(r"localhost(:\d+)?|\[.*|[^:@]*\.[^@]*|[^.@]*:\d+|[^@]*@(?!sha(?:256|512):).*")


@dataclass(frozen=True, slots=True)
class Place:
    """What settings are asked for: a registry, or a repository of it."""

    registry: Registry
    repository: str = ""

    @classmethod
    def of(cls, place: Place | Reference | Registry | str) -> Self:
        """The place that is meant: what is written with a path, or is no host, is a reference."""
        if isinstance(place, Place):
            return cls(place.registry, place.repository)
        if isinstance(place, str):
            bare = _SCHEME.sub("", place, count=1).rstrip("/")
            is_host = "/" not in bare and (_HOST.fullmatch(bare) or _SCHEME.match(place))
            place = Registry.parse(place) if is_host else Reference.parse(place)
        return cls(place) if isinstance(place, Registry) else cls(place.registry, place.repository)

    def __str__(self) -> str:
        return f"{self.registry}/{self.repository}" if self.repository else str(self.registry)


@dataclass(frozen=True, slots=True)
class Lost:
    """What does not hold: `value` as `source` says it, and why not."""

    value: str
    source: str
    why: str

    def document(self) -> Mapping[str, str]:
        """The same as JSON has it."""
        return {"value": self.value, "source": self.source, "why": self.why}


@dataclass(frozen=True, slots=True)
class Setting:
    """What holds.

    Attributes:
        name: the same in every version; there may be several of one name (`header`, `authority`, `file`).
        value: in words, without any secret.
        source: a file with its line, a variable, a flag, or `default`.
        lost: what was said besides, and files that were looked for in vain.
    """

    name: str
    value: str
    source: str
    lost: tuple[Lost, ...] = ()

    def document(self) -> Mapping[str, object]:
        """The same as JSON has it."""
        lost = [lost.document() for lost in self.lost]
        return {"name": self.name, "value": self.value, "source": self.source, "lost": lost}
