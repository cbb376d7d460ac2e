"""Opening local places: as what an image is read from, and as what it is written to."""

from __future__ import annotations

__all__ = ["source_at", "target_at"]

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from boxship.errors import NotFound
from boxship.formats.archive_target import ArchiveTarget
from boxship.formats.docker_archive import DockerArchive
from boxship.formats.files import Folder, TarFile
from boxship.formats.layout_source import LayoutSource
from boxship.formats.oci_layout import OCILayout
from boxship.formats.place import Kind, Place
from boxship.formats.unpacked import unpacked
from boxship.store import Source, Target


@contextmanager
def source_at(place: Place) -> Iterator[Source]:
    """What is at a place, to be read for as long as the context lasts."""
    if not place.path.exists():
        raise NotFound(f"{place}", why=f"there is no {place.path}")
    if place.kind is Kind.OCI:
        yield LayoutSource(Folder(place.path), str(place))
        return
    with tempfile.TemporaryDirectory(prefix="boxship-") as folder:
        scratch = Path(folder)
        files = TarFile(unpacked(place.path, scratch))
        # What is both (`docker save` since Docker 25) is read as a layout: that has the manifest as it was.
        if place.kind is Kind.OCI_ARCHIVE or files.size("oci-layout") is not None:
            yield LayoutSource(files, str(place))
        else:
            yield DockerArchive(files, str(place), scratch)


@contextmanager
def target_at(place: Place) -> Iterator[Target]:
    """A place to write to; an archive has its name when the context ends well."""
    if place.kind is Kind.OCI:
        yield OCILayout(place.path)
        return
    with ArchiveTarget(place.path, docker=place.kind is Kind.DOCKER_ARCHIVE) as target:
        yield target
