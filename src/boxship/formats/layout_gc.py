"""What is in a layout and what it lists does not need: blobs that no manifest refers to any more."""

from __future__ import annotations

__all__ = ["collect", "unneeded"]

from collections.abc import Iterator
from pathlib import Path

from boxship.digest import Digest
from boxship.errors import InvalidReference, NotFound
from boxship.formats.layout_source import path_of
from boxship.formats.oci_layout import OCILayout
from boxship.formats.written import in_words
from boxship.media_type import INDEXES, MANIFESTS, bare
from boxship.registry.manifests import parse_document
from boxship.spec.descriptor import Descriptor
from boxship.spec.index import Index
from boxship.spec.manifest import Manifest


def unneeded(folder: Path) -> list[Digest]:
    """The blobs that nothing of what the layout lists refers to, in order.

    Nothing is to write the layout meanwhile: what is on its way to it is needed by nobody yet. A manifest that cannot
    be read is an error, as what it needs is not known.
    """
    layout = OCILayout(folder)
    needed = set[Digest]()
    left = list(_references(parse_document(layout.listed())))
    while left:
        one = left.pop()
        if one.digest not in needed:
            needed.add(one.digest)
            left += _below(layout, one)
    return sorted(set(_blobs(folder)) - needed, key=str)


def collect(folder: Path) -> list[Digest]:
    """Remove them; what was removed."""
    found = unneeded(folder)
    with in_words(f"oci:{folder} cannot be written"):
        for digest in found:
            (folder / path_of(digest)).unlink(missing_ok=True)
    return found


def _below(layout: OCILayout, one: Descriptor) -> tuple[Descriptor, ...]:
    """What it refers to; of what is no manifest, or is not there, nothing is known."""
    if bare(one.media_type) not in MANIFESTS | INDEXES:
        return ()
    try:
        return _references(parse_document(layout.read(one)))
    except NotFound:
        return ()


def _references(parsed: Manifest | Index) -> tuple[Descriptor, ...]:
    return parsed.manifests if isinstance(parsed, Index) else parsed.references


def _blobs(folder: Path) -> Iterator[Digest]:
    """Whatever has a blob's name."""
    for path in (folder / "blobs").glob("*/*"):
        try:
            yield Digest.parse(f"{path.parent.name}:{path.name}")
        except InvalidReference:
            continue  # is no blob, and nobody's business here
