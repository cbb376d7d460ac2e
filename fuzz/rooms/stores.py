"""Images in files: archives of docker's and OCI's, layouts, folders of skopeo's."""

from __future__ import annotations

__all__ = ["TARGETS"]

import tempfile
from pathlib import Path

from boxship.errors import BoxshipError, UnexpectedAnswer
from boxship.formats.directory import DirectorySource
from boxship.formats.files import Folder
from boxship.formats.layout_source import LayoutSource
from boxship.formats.opening import archive_source
from boxship.formats.unpacked import seekable
from boxship.graph import read_graph
from boxship.store import Source
from fuzz.rooms.layers import with_checksums
from fuzz.target import Target, target

_FIELDS = (
    "manifest.json index.json oci-layout Config RepoTags Layers LayerSources rootfs diff_ids schemaVersion manifests "
    "mediaType digest size annotations org.opencontainers.image.ref.name sha256: ../ blobs/sha256/"
)


@target(BoxshipError, longest=32768, words=_FIELDS)
def archive(data: bytes) -> None:
    """A file is an archive whose image is read with all its blobs, verified, or an error; scratch alone is written."""
    with tempfile.TemporaryDirectory() as folder:
        scratch = Path(folder, "scratch")
        scratch.mkdir()
        file = Path(folder, "images.tar")
        file.write_bytes(with_checksums(data))
        try:
            _read(archive_source(seekable(file, scratch), "images.tar", scratch))
        finally:
            assert {path.name for path in Path(folder).iterdir()} == {"images.tar", "scratch"}


@target(BoxshipError, longest=8192, words=_FIELDS)
def layout(data: bytes) -> None:
    """A folder with this `index.json` is a layout, or an error; what is not in it is not read."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "index.json").write_bytes(data)
        source = LayoutSource(Folder(Path(folder)), "oci:images")
        assert source.listed().raw == data
        _read(source)


@target(BoxshipError, longest=8192, words=_FIELDS)
def directory(data: bytes) -> None:
    """A folder with this `manifest.json` is skopeo's, or an error; what is not in it is not read."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "manifest.json").write_bytes(data)
        _read(DirectorySource(Path(folder)))


def _read(source: Source) -> None:
    """Read all of the image that is there, as a copy does."""
    node = read_graph(source, source.resolve(""))
    for blob in node.blobs:
        with source.open_blob(blob) as pieces:
            size = sum(len(piece) for piece in pieces)
        if size != blob.size:
            raise UnexpectedAnswer("what was read", why=f"{size} bytes for {blob.size}")


TARGETS: tuple[Target, ...] = (archive, layout, directory)
