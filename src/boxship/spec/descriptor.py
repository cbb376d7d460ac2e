"""Descriptors: what points at content (image-spec descriptor.md)."""

from __future__ import annotations

__all__ = ["Descriptor"]

from collections.abc import Mapping
from types import MappingProxyType
from typing import Self

from boxship.digest import Digest
from boxship.platform import Platform
from boxship.spec.fields import Fields, Malformed
from boxship.value import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class Descriptor:
    """Content's type, digest and size in bytes, and what else its index or manifest says of it."""

    media_type: str
    digest: Digest
    size: int
    platform: Platform | None = None
    artifact_type: str = ""
    annotations: Mapping[str, str] = field(default_factory=dict, repr=False)
    urls: tuple[str, ...] = ()

    @classmethod
    def read(cls, fields: Fields) -> Self:
        """Return the descriptor that a document's `fields` hold, or raise `Malformed`."""
        if not fields.has("size"):
            raise Malformed(f"{fields.path}.size", "is missing")
        return cls(
            media_type=fields.text("mediaType"),
            digest=fields.digest("digest"),
            size=fields.number("size"),
            platform=fields.object("platform").platform() if fields.has("platform") else None,
            artifact_type=fields.text("artifactType"),
            annotations=MappingProxyType(fields.mapping("annotations")),
            urls=fields.texts("urls"),
        )

    @property
    def is_elsewhere(self) -> bool:
        """Whether registries need not hold it: a layer that may not be distributed is where its `urls` say."""
        return bool(self.urls) and ("nondistributable" in self.media_type or "foreign" in self.media_type)
