"""Files and folders among the images that verbs of indexes take: crane takes them without a word in front of them."""

from __future__ import annotations

__all__ = ["layout_at", "listed_at", "wheres"]

import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from boxship.formats.ends import Where
from boxship.formats.layout_source import LayoutSource
from boxship.formats.looking import place_at
from boxship.formats.opening import source_at
from boxship.formats.place import Kind, Place
from boxship.image.indexes import entries_of
from boxship.registry.manifests import Document
from boxship.value import replace


def layout_at(text: str) -> Path | None:
    """The folder of a layout that the text names, there or to be made; None where it writes anything else."""
    path = Path(text)
    return path if path.exists() or text.startswith((".", "/", os.sep)) else None


def listed_at(folder: Path) -> Document:
    """All that a layout lists, as an index."""
    with source_at(Place(Kind.OCI, folder)) as source:
        assert isinstance(source, LayoutSource)
        return source.listed()


def wheres(texts: Iterable[str]) -> Iterator[Where]:
    """What the texts name: of a layout, each thing that it lists."""
    for text in texts:
        if not Path(text).exists():
            yield text
            continue
        place = place_at(text)
        yield from _listed(place) if place.kind is Kind.OCI else (place,)


def _listed(place: Place) -> Iterator[Place]:
    for number in range(len(entries_of(listed_at(place.path)))):
        yield replace(place, name=f"@{number}")
