"""Pushed manifests, judged: strict JSON, one kind of document, and which content it needs.

Whether the repository has that content is `names`'s to say; what the fields mean, `spec`'s.
"""

from __future__ import annotations

__all__ = ["Document", "Rejected", "judge"]

from collections.abc import Callable, Iterable, Mapping
from math import isfinite

from boxship import media_type
from boxship.spec.descriptor import Descriptor
from boxship.spec.fields import Fields, Malformed, parse_object
from boxship.spec.index import Index
from boxship.spec.manifest import Manifest
from boxship.value import dataclass, field

_DEEPEST = 32  # levels of objects and lists; real documents have about five
_MOST_REFERENCES = 4096
_MOST_ANNOTATED = 4 * 1024 * 1024  # characters in all annotations; a manifest may have little more in all


class Rejected(ValueError):
    """A document that this registry does not take."""


@dataclass(frozen=True, slots=True)
class Document:
    """A manifest or an index, and what it refers to.

    Attributes:
        blobs: what it needs as blobs: its config and layers.
        children: what it needs as manifests, an index's entries.
        foreign: layers that are to be had elsewhere, by their URLs.
        subject: what it is about, which may come later, or never.
        artifact_type: what it is; of an image that does not say, the type of its config ("Listing Referrers").
    """

    raw: bytes = field(repr=False)
    media_type: str
    blobs: tuple[Descriptor, ...] = ()
    children: tuple[Descriptor, ...] = ()
    foreign: tuple[Descriptor, ...] = ()
    subject: Descriptor | None = None
    artifact_type: str = ""
    annotations: Mapping[str, str] = field(default_factory=dict, repr=False)

    @property
    def references(self) -> tuple[Descriptor, ...]:
        """All that it refers to but its subject."""
        return self.blobs + self.children + self.foreign


def judge(raw: bytes, content_type: str) -> Document:
    """Return the document in `raw`, which its bearer calls `content_type`, or raise `Rejected`."""
    kind = media_type.bare(content_type)
    read = _READERS.get(kind)
    if not read:
        raise Rejected(f"{kind!r} is no type of manifest that is kept here" if kind else "it has no Content-Type")
    try:
        fields = _parse_strictly(raw)
        _check_kind(fields, kind)
        document = read(raw, kind)
    except Malformed as error:
        raise Rejected(str(error)) from error
    if len(document.references) > _MOST_REFERENCES:
        raise Rejected(f"it has more than {_MOST_REFERENCES} references")
    if not document.artifact_type.isprintable():  # it is looked for in the database, whose text may have no NUL
        raise Rejected("its artifactType, or its config's mediaType, has characters that cannot be printed")
    if _annotated(document) > _MOST_ANNOTATED:
        raise Rejected(f"it has more than {_MOST_ANNOTATED} characters of annotations")
    return document


def _annotated(document: Document) -> int:
    parts = (document.annotations, *(child.annotations for child in document.references))
    return sum(len(name) + len(text) for part in parts for name, text in part.items())


def _manifest(raw: bytes, kind: str) -> Document:
    manifest = Manifest.parse(raw, kind)
    # image-spec descriptor.md, "urls": content that may be fetched from elsewhere need not be here.
    foreign = tuple(layer for layer in manifest.layers if layer.urls)
    kept = tuple(layer for layer in manifest.layers if not layer.urls)
    return Document(
        raw,
        kind,
        blobs=(manifest.config, *kept),
        foreign=foreign,
        subject=manifest.subject,
        artifact_type=manifest.artifact_type or manifest.config.media_type,
        annotations=manifest.annotations,
    )


def _index(raw: bytes, kind: str) -> Document:
    index = Index.parse(raw, kind)
    return Document(
        raw,
        kind,
        children=index.manifests,
        subject=index.subject,
        artifact_type=index.artifact_type,
        annotations=index.annotations,
    )


_READERS: Mapping[str, Callable[[bytes, str], Document]] = {
    media_type.OCI_MANIFEST: _manifest,
    media_type.DOCKER_MANIFEST: _manifest,
    media_type.OCI_INDEX: _index,
    media_type.DOCKER_LIST: _index,
}


def _check_kind(fields: Fields, kind: str) -> None:
    """The document is of that kind and cannot be read as another (CVE-2021-41190)."""
    if fields.number("schemaVersion") != 2:
        raise Malformed("schemaVersion", "should be 2")
    said = fields.text("mediaType")
    # Docker's schema requires the field, OCI's does not.
    if said != kind and (said or kind in (media_type.DOCKER_MANIFEST, media_type.DOCKER_LIST)):
        raise Malformed("mediaType", f"is {said!r}, but the Content-Type is {kind!r}")
    strange = ("manifests",) if kind in media_type.MANIFESTS else ("config", "layers")
    for name in strange:
        if name in fields.values:
            raise Malformed(name, f"does not belong in {kind}")


def _parse_strictly(raw: bytes) -> Fields:
    if raw.startswith(b"\xef\xbb\xbf") or b"\x00" in raw:
        # RFC 8259, 8.1: JSON between systems is UTF-8 without a mark; Python would also read UTF-16 and UTF-32.
        raise Malformed("", "is not plain UTF-8")
    fields = parse_object(raw, pairs=_unique)
    _check_values(fields.values)
    return fields


def _unique(pairs: Iterable[tuple[str, object]]) -> dict[str, object]:
    values: dict[str, object] = {}
    for name, value in pairs:
        if name in values:
            raise Malformed(name, "occurs twice")
        values[name] = value
    return values


def _check_values(document: object) -> None:
    """Level by level, so that depth costs no stack."""
    level = [document]
    for _ in range(_DEEPEST):
        level = [value for container in level for value in _inside(container)]
        if not level:
            return
    raise Malformed("", "is nested too deeply")


def _inside(value: object) -> Iterable[object]:
    if isinstance(value, dict):
        return value.values()
    if isinstance(value, float) and not isfinite(value):
        raise Malformed("", "has a number that JSON has not")
    return value if isinstance(value, list) else ()
