"""Image indexes (image-spec image-index.md; Docker's manifest lists have the same fields)."""

from __future__ import annotations

__all__ = ["Index"]

from collections.abc import Mapping
from types import MappingProxyType
from typing import Self

from boxship.digest import Digest
from boxship.platform import Platform
from boxship.spec.descriptor import Descriptor
from boxship.spec.fields import Malformed, parse_object
from boxship.value import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class Index:
    """A view of an index's bytes; its digest is of `raw`."""

    raw: bytes = field(repr=False)
    media_type: str
    manifests: tuple[Descriptor, ...]
    subject: Descriptor | None = None
    artifact_type: str = ""
    annotations: Mapping[str, str] = field(repr=False)

    @classmethod
    def parse(cls, raw: bytes, media_type: str = "") -> Self:
        """Return the index in `raw`, or raise `Malformed`; `media_type` is what its bearer called it."""
        fields = parse_object(raw)
        if not fields.has("manifests"):
            raise Malformed("manifests", "is missing; this is no index")
        for name in ("config", "layers"):
            if fields.has(name):
                # Read as a manifest it would be other content under the same digest (CVE-2021-41190).
                raise Malformed(name, "has no place in an index")
        return cls(
            raw=raw,
            media_type=fields.text("mediaType", media_type),
            manifests=tuple(Descriptor.read(manifest) for manifest in fields.objects("manifests")),
            subject=Descriptor.read(fields.object("subject")) if fields.has("subject") else None,
            artifact_type=fields.text("artifactType"),
            annotations=MappingProxyType(fields.mapping("annotations")),
        )

    @property
    def digest(self) -> Digest:
        """The SHA-256 digest of the bytes."""
        return Digest.of(self.raw)

    @property
    def platforms(self) -> tuple[Platform, ...]:
        """The platforms that the index offers, in order."""
        return tuple(manifest.platform for manifest in self.manifests if manifest.platform)

    def choose(self, platform: Platform) -> Descriptor | None:
        """The first manifest for `platform`, as crane and containerd choose, or None."""
        fitting = (m for m in self.manifests if m.platform and m.platform.satisfies(platform))
        return next(fitting, None)
