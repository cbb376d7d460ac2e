"""Image and artifact manifests (image-spec manifest.md; Docker's schema 2 has the same fields)."""

from __future__ import annotations

__all__ = ["Manifest"]

from collections.abc import Mapping
from types import MappingProxyType
from typing import Self

from boxship.digest import Digest
from boxship.spec.descriptor import Descriptor
from boxship.spec.fields import Malformed, parse_object
from boxship.value import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """A view of a manifest's bytes; its digest is of `raw`, never of JSON written anew."""

    raw: bytes = field(repr=False)
    media_type: str
    config: Descriptor
    layers: tuple[Descriptor, ...]
    subject: Descriptor | None = None
    artifact_type: str = ""
    annotations: Mapping[str, str] = field(repr=False)

    @classmethod
    def parse(cls, raw: bytes, media_type: str = "") -> Self:
        """Return the manifest in `raw`, or raise `Malformed`; `media_type` is what its bearer called it."""
        fields = parse_object(raw)
        if not fields.has("config"):
            raise Malformed("config", "is missing; this is no image manifest")
        if fields.has("manifests"):
            # Read as an index it would be other content under the same digest (CVE-2021-41190).
            raise Malformed("manifests", "has no place in an image manifest")
        return cls(
            raw=raw,
            media_type=fields.text("mediaType", media_type),
            config=Descriptor.read(fields.object("config")),
            layers=tuple(Descriptor.read(layer) for layer in fields.objects("layers")),
            subject=Descriptor.read(fields.object("subject")) if fields.has("subject") else None,
            artifact_type=fields.text("artifactType"),
            annotations=MappingProxyType(fields.mapping("annotations")),
        )

    @property
    def digest(self) -> Digest:
        """The SHA-256 digest of the bytes."""
        return Digest.of(self.raw)

    @property
    def references(self) -> tuple[Descriptor, ...]:
        """The content that the manifest cannot do without: its config and its layers."""
        return (self.config, *self.layers)
