"""OCI image layouts: a folder with `oci-layout`, `index.json` and `blobs/` (image-spec image-layout.md)."""

from __future__ import annotations

__all__ = ["LAYOUT", "OCILayout"]

import json
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path

from boxship import media_type as types
from boxship.digest import Digest
from boxship.errors import ContentMismatch, InvalidSettings, NotFound, TimedOut
from boxship.formats.alone import wait_for
from boxship.formats.arriving import Arriving, is_there
from boxship.formats.files import Folder
from boxship.formats.layout_source import LayoutSource, path_of
from boxship.formats.named import REF_NAME, entry_of
from boxship.formats.written import in_words, on_disk, write_file
from boxship.registry.manifests import Document, parse_document
from boxship.registry.uploads import BlobSource, How
from boxship.spec.descriptor import Descriptor
from boxship.spec.fields import Fields, Malformed, parse_object
from boxship.spec.index import Index

LAYOUT = b'{"imageLayoutVersion":"1.0.0"}'
_NOTHING = f'{{"schemaVersion":2,"mediaType":"{types.OCI_INDEX}","manifests":[]}}'.encode()
_WAIT = 60.0  # seconds, for another process that is writing the index


class OCILayout(LayoutSource):
    """A layout in a folder: a `Source` and a `Target` (`store`). Several processes may write one."""

    def __init__(self, folder: Path) -> None:
        super().__init__(Folder(folder), f"oci:{folder}")
        self._folder = folder
        self._arriving = Arriving(folder / ".arriving")
        self._lock = threading.Lock()
        self._begun = False

    def has(self, manifest: Descriptor) -> bool:
        """Whether the manifest is there, and the files of all that it refers to, as long as they have to be."""
        try:
            document = self.read(manifest)
        except (NotFound, ContentMismatch):
            return False
        parsed = parse_document(document)
        wanted = parsed.manifests if isinstance(parsed, Index) else parsed.references
        return all(is_there(self._path(one.digest), one) for one in wanted if not one.is_elsewhere)

    def take_blob(self, blob: Descriptor, source: BlobSource) -> How:
        """Bring the blob there."""
        self._begin()
        return self._arriving.take(blob, source, self._path(blob.digest))

    def put(self, document: Document) -> None:
        """Put the manifest or index among the blobs."""
        self._begin()
        with self._writing():
            write_file(self._path(document.digest), document.raw)

    def name(self, document: Document, names: tuple[str, ...]) -> None:
        """Put it there, and into `index.json` under each of the names: what had one loses it."""
        self.put(document)
        added = [entry_of(document, name) for name in names or ("",)]
        self.change_list(lambda now: [*(one.values for one in now if _stays(one, document, names)), *added])

    def change_list(self, changed: Callable[[Sequence[Fields]], Sequence[Mapping[str, object]]]) -> None:
        """Give `index.json` the entries that are made of those it has."""
        self._begin()
        with self._lock, self._writing(), self._path_of_layout.open("r+b") as marker:
            if not wait_for(marker, _WAIT):
                raise TimedOut(f"{self} is being written by another process", phase="lock", seconds=_WAIT)
            index = self._fields()
            written = {**index.values, "manifests": changed(list(index.objects("manifests")))}
            for algorithm in (self._folder / "blobs").iterdir():
                on_disk(algorithm)
            write_file(self._folder / "index.json", json.dumps(written, indent=2).encode())
            on_disk(self._folder)

    def _begin(self) -> None:
        with self._lock, self._writing():
            if self._begun:
                return
            (self._folder / "blobs").mkdir(parents=True, exist_ok=True)
            if not self._path_of_layout.exists():
                write_file(self._path_of_layout, LAYOUT)
            self._begun = True

    # Files.

    def _writing(self) -> AbstractContextManager[None]:
        return in_words(f"{self} cannot be written")

    @property
    def _path_of_layout(self) -> Path:
        return self._folder / "oci-layout"

    def _path(self, digest: Digest) -> Path:
        return self._folder / path_of(digest)

    def _fields(self) -> Fields:
        try:
            raw = self._list()
        except FileNotFoundError:
            raw = _NOTHING
        try:
            return parse_object(raw)
        except Malformed as error:
            raise InvalidSettings(str(self._folder / "index.json"), why=str(error)) from error


def _stays(entry: Fields, document: Document, names: tuple[str, ...]) -> bool:
    name = entry.object("annotations").text(REF_NAME)
    if name in names:
        return False
    # What is named now, or put there again, needs no entry without a name.
    return bool(name) or entry.text("digest") != str(document.digest)
