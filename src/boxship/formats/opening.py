"""Opening local places: as what an image is read from, and as what it is written to."""

from __future__ import annotations

__all__ = ["archive_source", "source_at", "target_at"]

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from io import FileIO
from pathlib import Path

from boxship.errors import NotFound
from boxship.formats.place import Kind, Place
from boxship.store import Source, Target

# Each format is imported where it is met: what one needs (`http.client`, `tarfile`), the others need not wait for.
# ruff: noqa: PLC0415


@contextmanager
def source_at(place: Place) -> Iterator[Source]:
    """What is at a place, to be read for as long as the context lasts."""
    if place.has_path and not place.path.exists():
        raise NotFound(f"{place}", why=f"there is no {place.path}")
    if place.kind is Kind.OCI:
        from boxship.formats.files import Folder
        from boxship.formats.layout_source import LayoutSource

        yield LayoutSource(Folder(place.path), str(place))
        return
    if place.kind is Kind.DIR:
        from boxship.formats.directory import DirectorySource

        yield DirectorySource(place.path)
        return
    import tempfile

    from boxship.formats.unpacked import given_archive, seekable

    with tempfile.TemporaryDirectory(prefix="boxship-") as folder:
        scratch = Path(folder)
        if place.kind is Kind.DOCKER_DAEMON:
            from boxship.formats.docker_daemon import Only, saved_by_daemon

            yield Only(archive_source(saved_by_daemon(place.name, scratch), str(place), scratch), place.name)
            return
        path = given_archive(scratch) if place.is_stream else seekable(place.path, scratch)
        yield archive_source(path, str(place), scratch)


def archive_source(path: Path, label: str, scratch: Path) -> Source:
    """What an archive holds. What is a docker archive and a layout is the latter: that has the manifest as it was.

    But not where docker made it up, with layers that nobody would push as they are.
    """
    from boxship.formats.docker_archive import DockerArchive
    from boxship.formats.files import TarFile
    from boxship.formats.layout_source import LayoutSource

    files = TarFile(path, label)
    archive = DockerArchive(files, label, scratch)
    is_layout = files.size("oci-layout") is not None and not archive.is_dockers_own
    return LayoutSource(files, label) if is_layout else archive


@contextmanager
def target_at(place: Place) -> Iterator[Target]:
    """A place to write to; an archive has its name when the context ends well."""
    if place.kind is Kind.OCI:
        from boxship.formats.oci_layout import OCILayout

        yield OCILayout(place.path)
        return
    if place.kind is Kind.DIR:
        from boxship.formats.directory import Directory

        yield Directory(place.path)
        return
    if place.kind is Kind.DOCKER_DAEMON:
        from boxship.formats.docker_daemon import into_daemon

        with into_daemon(place.name, str(place)) as target:
            yield target
        return
    from boxship.formats.archive_target import ArchiveTarget
    from boxship.formats.growing_tar import GrowingTar
    from boxship.formats.output import output
    from boxship.formats.streamed_tar import StreamedTar
    from boxship.formats.written import is_special, new_file

    with ExitStack() as stack:
        if place.is_stream:
            tar: StreamedTar | GrowingTar = StreamedTar(output())
        elif is_special(place.path):
            tar = StreamedTar(partial(_write, stack.enter_context(new_file(place.path))))
        else:
            tar = GrowingTar(place.path)
        yield stack.enter_context(ArchiveTarget(tar, str(place), docker=place.kind.is_dockers))


def _write(file: FileIO, content: bytes | memoryview) -> None:
    from boxship.formats.stored import write_all

    write_all(file, memoryview(content))
