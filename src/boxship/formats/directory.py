"""Folders of one image each, as skopeo's `dir:` has them (containers/image, directory/directory_transport.go).

`manifest.json` is the image; of an index, each image has its own in `HEX.manifest.json`; a blob is the file `HEX`.
"""

from __future__ import annotations

__all__ = ["Directory", "DirectorySource"]

import hashlib
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from boxship import media_type as types
from boxship.digest import Digest, is_digest
from boxship.errors import DigestMismatch, InvalidInput, NotFound, UnexpectedAnswer
from boxship.formats.arriving import Arriving, is_there
from boxship.formats.files import Folder
from boxship.formats.stored import read_stored
from boxship.formats.written import in_words, on_disk, write_file
from boxship.registry.manifests import LONGEST_MANIFEST, Document, parse_document
from boxship.registry.uploads import BlobSource, How
from boxship.spec.descriptor import Descriptor
from boxship.spec.index import Index
from boxship.value import replace

VERSION = b"Directory Transport Version: 1.1\n"
_VERSIONS = b"Directory Transport Version:"  # of whatever number: what makes a folder one of these
_ROOT = "manifest.json"
_DIGEST = r"(?:[0-9a-f]{64}|[0-9a-f]{128})"
_NAME = rf"{_DIGEST}(?:\.manifest\.json|-signature-[0-9]+)?|signature-[0-9]+|manifest\.json|version"
_OURS = re.compile(rf"{_NAME}|\.(?:{_NAME})\.[0-9a-f]{{32}}")  # the latter on their way to their names (`written`)
_ARRIVING = ".arriving"


class DirectorySource:
    """A folder as a `Source` (`store`)."""

    def __init__(self, folder: Path) -> None:
        self._folder, self._files = folder, Folder(folder)

    def __str__(self) -> str:
        return f"dir:{self._folder}"

    def resolve(self, name: str) -> Descriptor:
        """What the folder holds, or what in it has the digest `name`; nothing in it has another name."""
        root = self._document(_ROOT)
        if root is None:
            raise NotFound(f"{self} is no image", why=f"it has no {_ROOT}")
        if not name:
            return root.descriptor
        if not is_digest(name):
            raise NotFound(f"{self} has no image {name}", why="a dir: holds one image, which has no name")
        digest = Digest.parse(name)
        found = self._of_digest(digest)
        if found is None:
            raise NotFound(f"{self} has nothing with the digest {digest}")
        return found.descriptor

    def read(self, descriptor: Descriptor) -> Document:
        """The manifest or index, verified."""
        found = self._of_digest(descriptor.digest)
        if found is None:
            raise NotFound(f"{descriptor.digest} in {self}", why="there is no such manifest")
        return replace(found, media_type=descriptor.media_type or found.media_type)

    @contextmanager
    def open_blob(self, blob: Descriptor, at: int = 0) -> Iterator[Iterator[memoryview]]:
        """The blob's bytes from byte `at` on; verified where that is its beginning."""
        what = f"{blob.digest} in {self}"
        try:
            file = self._files.open(blob.digest.hex)
        except FileNotFoundError as error:
            raise NotFound(what, why="there is no such file") from error
        with file:
            file.seek(at)
            yield read_stored(file, blob, what, at)

    def _of_digest(self, digest: Digest) -> Document | None:
        own = self._document(_own_name(digest), digest.algorithm)
        if own and own.digest != digest:
            raise DigestMismatch(f"{_own_name(digest)} in {self}", expected=str(digest), actual=str(own.digest))
        if own:
            return own
        root = self._document(_ROOT, digest.algorithm)
        return root if root and root.digest == digest else None

    def _document(self, name: str, algorithm: str = "sha256") -> Document | None:
        size = self._files.size(name)
        if size is None:
            return None
        if size > LONGEST_MANIFEST:
            raise UnexpectedAnswer(f"{name} in {self} is no manifest", why=f"it has {size} bytes")
        with self._files.open(name) as file:
            raw = file.read(size) or b""
        document = Document(raw, "", Digest(algorithm, hashlib.new(algorithm, raw).hexdigest()))
        return replace(document, media_type=_type_of(document))


class Directory(DirectorySource):
    """The same as a `Target`, too. What it held before stays until the new image is whole."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self._arriving = Arriving(folder / _ARRIVING)
        self._lock = threading.Lock()
        self._begun = self._named = False

    def has(self, manifest: Descriptor) -> bool:
        """Whether the manifest is there, and the files of all that it refers to, as long as they have to be."""
        try:
            found = self._of_digest(manifest.digest)
        except (DigestMismatch, UnexpectedAnswer):
            return False
        return found is not None and all(
            is_there(self._path(name), one) for name, one in _named_by(found).items() if not one.is_elsewhere
        )

    def take_blob(self, blob: Descriptor, source: BlobSource) -> How:
        """Bring the blob there."""
        self._begin()
        return self._arriving.take(blob, source, self._path(blob.digest.hex))

    def put(self, document: Document) -> None:
        """Put the manifest or index there as one of several."""
        self._begin()
        with in_words(f"{self} cannot be written"):
            write_file(self._path(_own_name(document.digest)), document.raw)

    def name(self, document: Document, names: tuple[str, ...]) -> None:  # noqa: ARG002 -- it has no names
        """Put it there as what the folder holds; a name there is none. What the folder held before goes."""
        self._begin()
        with self._lock:
            if self._named:
                raise InvalidInput(f"{self} holds one image", remedy="an oci: layout holds several")
            self._named = True
        with in_words(f"{self} cannot be written"):
            on_disk(self._folder)
            write_file(self._path(_ROOT), document.raw)
            on_disk(self._folder)
            kept = {"version", _ROOT, *self._reached(document)}
            for path in self._folder.iterdir():
                if path.name not in kept and _OURS.fullmatch(path.name) and path.is_file():
                    path.unlink()

    def _reached(self, document: Document) -> Iterator[str]:
        """The files that the image consists of, with those that lie elsewhere and are here all the same."""
        for name in _named_by(document):
            yield name
            if name.endswith(f".{_ROOT}") and (child := self._document(name)):
                yield from self._reached(child)

    def _begin(self) -> None:
        """Make the folder; one that holds something else is left alone, as skopeo does."""
        with self._lock, in_words(f"{self} cannot be written"):
            if self._begun:
                return
            self._folder.mkdir(parents=True, exist_ok=True)
            version = self._path("version")
            if not _is_version(version) and any(self._folder.iterdir()):
                why = "it holds other things than an image"
                raise InvalidInput(f"{self} is not written", why=why, remedy="name an empty or a new folder")
            write_file(version, VERSION)
            self._begun = True

    def _path(self, name: str) -> Path:
        return self._folder / name


def _is_version(path: Path) -> bool:
    """Whether the file says that its folder is an image: many projects have a `version`."""
    if not path.is_file():
        return False
    with path.open("rb") as file:
        return file.read(len(_VERSIONS)) == _VERSIONS


def _own_name(digest: Digest) -> str:
    return f"{digest.hex}.{_ROOT}"


def _named_by(document: Document) -> dict[str, Descriptor]:
    """The files that a manifest or an index refers to."""
    parsed = parse_document(document)
    if isinstance(parsed, Index):
        return {_own_name(child.digest): child for child in parsed.manifests}
    return {blob.digest.hex: blob for blob in parsed.references}


def _type_of(document: Document) -> str:
    """What a manifest says of itself, else what it must be by what is in it: the folder keeps no types."""
    parsed = parse_document(document)
    if parsed.media_type:
        return parsed.media_type
    if isinstance(parsed, Index):
        return types.OCI_INDEX
    return types.DOCKER_MANIFEST if parsed.config.media_type == types.DOCKER_CONFIG else types.OCI_MANIFEST
