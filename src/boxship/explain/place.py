"""What is explained or examined, as people write it: a registry, or a repository of it."""

from __future__ import annotations

__all__ = ["Place", "written"]

import re
from typing import Self

from boxship.reference import Reference, Registry
from boxship.value import dataclass

_SCHEME = re.compile(r"https?://", re.IGNORECASE)
# `redis:7` is an image and `registry:5000` is a host: tags that are numbers have hardly ever four digits or five, and
# ports have, but for two. What has a user before it counts as a host, which is refused without being shown.
_PORT = r"(?:80|443|[1-9]\d{3,4})"
_HOST = re.compile(rf"localhost(:\d+)?|\[.*|[^:@]*\.[^@]*|[^.@]*:{_PORT}|[^@]*@(?!sha(?:256|512):).*")


def written(text: str) -> Reference | Registry:
    """What is meant: what looks like a host and has no path is a registry, all else a reference."""
    bare = _SCHEME.sub("", text, count=1).rstrip("/")
    is_host = "/" not in bare and (_HOST.fullmatch(bare) or _SCHEME.match(text))
    return Registry.parse(text) if is_host else Reference.parse(text)


@dataclass(frozen=True, slots=True)
class Place:
    """What settings are asked for: a registry, or a repository of it."""

    registry: Registry
    repository: str = ""

    @classmethod
    def of(cls, place: Place | Reference | Registry | str) -> Self:
        """The place that is meant."""
        if isinstance(place, str):
            place = written(place)
        return cls(place) if isinstance(place, Registry) else cls(place.registry, place.repository)

    def __str__(self) -> str:
        return f"{self.registry}/{self.repository}" if self.repository else str(self.registry)
