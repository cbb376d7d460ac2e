"""Images that docker's daemon has: read as it saves them, written as it loads them."""

from __future__ import annotations

__all__ = ["Only", "into_daemon", "saved_by_daemon"]

import os
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

from boxship.connect.deadline import Work, current_work
from boxship.formats.archive_target import ArchiveTarget
from boxship.formats.streamed_tar import StreamedTar
from boxship.formats.unpacked import spooled
from boxship.registry.manifests import Document
from boxship.settings.docker_host import docker_host
from boxship.spec.descriptor import Descriptor
from boxship.store import Source
from boxship.transport.engine import Engine


def saved_by_daemon(name: str, scratch: Path) -> Path:
    """The archive that docker makes of the image, in `scratch`."""
    with _engine().saved(name) as pieces:
        return spooled(pieces, f"the image {name}", scratch)


@contextmanager
def into_daemon(name: str, label: str) -> Iterator[ArchiveTarget]:
    """What is written there is docker's when the context ends well, and not before."""
    with _engine().loading(f"the image {name}") as loading:
        with ArchiveTarget(StreamedTar(loading.write), label, docker=True) as target:
            yield target
        loading.finish()


class Only:
    """A source of one image, which is found by the name that it was asked for by, whatever it is called there."""

    def __init__(self, source: Source, name: str) -> None:
        self._source, self._name = source, name

    def __str__(self) -> str:
        return str(self._source)

    def resolve(self, name: str) -> Descriptor:
        """What the source has."""
        return self._source.resolve("" if name == self._name else name)

    def read(self, descriptor: Descriptor) -> Document:
        """The manifest or index, verified."""
        return self._source.read(descriptor)

    def open_blob(self, blob: Descriptor, at: int = 0) -> AbstractContextManager[Iterator[memoryview]]:
        """The blob's bytes from byte `at` on."""
        return self._source.open_blob(blob, at)


def _engine() -> Engine:
    return Engine(docker_host(os.environ), current_work.get() or Work())
