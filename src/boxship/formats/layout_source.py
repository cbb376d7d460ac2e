"""Reading OCI image layouts, from a folder or a tar file (image-spec image-layout.md)."""

from __future__ import annotations

__all__ = ["LayoutSource", "path_of"]

import re
from collections.abc import Iterator
from contextlib import contextmanager

from boxship import media_type as types
from boxship.digest import Digest, is_digest
from boxship.errors import InvalidSettings, NotFound
from boxship.formats.files import Files
from boxship.formats.named import REF_NAME, chosen, names_of, unclear
from boxship.formats.stored import read_stored
from boxship.registry.manifests import LONGEST_MANIFEST, Document, parse_document
from boxship.spec.descriptor import Descriptor
from boxship.spec.fields import Malformed
from boxship.spec.index import Index
from boxship.spec.manifest import Manifest
from boxship.value import replace
from boxship.wire import routes

# Tags of what refers to another manifest: a list of referrers, cosign's signatures and attestations.
_OF_ANOTHER = r"sha(256-[0-9a-f]{64}|512-[0-9a-f]{64,128})(\.[a-z]+)?"
_LONGEST_LIST = 64 * 1024 * 1024  # bytes of index.json: some 200,000 images, and as much as a registry's page may have


class LayoutSource:
    """A layout as a `Source` (`store`)."""

    def __init__(self, files: Files, label: str) -> None:
        self._files, self._label = files, label
        self._subjects: dict[Digest, Digest | None] = {}

    def __str__(self) -> str:
        return self._label

    def resolve(self, name: str) -> Descriptor:
        """What the layout calls `name`, or what has it as its digest; for '', what it has, if that is one thing."""
        manifests = self._index().manifests
        if not name:
            alone = {one.digest: one for one in manifests if not self._refers(one)}
            if len(alone) == 1:
                return next(iter(alone.values()))
            raise unclear(manifests, names_of, str(self))
        if is_digest(name):
            return self._of_digest(Digest.parse(name), manifests)
        return chosen(manifests, name, names_of, str(self))

    def listed(self) -> Document:
        """All that the layout lists, as an index."""
        index = self._index()
        return Document(index.raw, index.media_type, Digest.of(index.raw))

    def read(self, descriptor: Descriptor) -> Document:
        """The manifest or index, verified."""
        if descriptor.size > LONGEST_MANIFEST:
            raise NotFound(f"{descriptor.digest} in {self} is no manifest", why=f"it has {descriptor.size} bytes")
        with self.open_blob(descriptor) as pieces:
            raw = b"".join(bytes(piece) for piece in pieces)
        return Document(raw, descriptor.media_type, descriptor.digest)

    def referrers(self, subject: Digest) -> tuple[Descriptor, ...]:
        """What refers to the subject: of what the index has (oras), and of what its tag lists (regctl)."""
        manifests = self._index().manifests
        found = {one.digest: one for one in manifests if self._subject(one) == subject}
        tag = routes.referrers_tag(subject)
        for listed in (one for one in manifests if one.annotations.get(REF_NAME) == tag):
            found |= {one.digest: one for one in _manifests_of(parse_document(self.read(listed)))}
        return tuple(found.values())

    def _refers(self, manifest: Descriptor) -> bool:
        return bool(re.fullmatch(_OF_ANOTHER, manifest.annotations.get(REF_NAME, "")) or self._subject(manifest))

    def _subject(self, manifest: Descriptor) -> Digest | None:
        if manifest.digest not in self._subjects:
            subject = parse_document(self.read(manifest)).subject
            self._subjects[manifest.digest] = subject.digest if subject else None
        return self._subjects[manifest.digest]

    @contextmanager
    def open_blob(self, blob: Descriptor, at: int = 0) -> Iterator[Iterator[memoryview]]:
        """The blob's bytes from byte `at` on; verified where that is its beginning."""
        what = f"{blob.digest} in {self}"
        try:
            file = self._files.open(path_of(blob.digest))
        except FileNotFoundError as error:
            raise NotFound(what, why="there is no such file") from error
        with file:
            file.seek(at)
            yield read_stored(file, blob, what, at)

    def _index(self) -> Index:
        try:
            return Index.parse(self._list(), types.OCI_INDEX)
        except FileNotFoundError as error:
            raise NotFound(f"{self} is no OCI layout", why="it has no index.json") from error
        except Malformed as error:
            raise InvalidSettings(f"{self}: index.json", why=str(error)) from error

    def _list(self) -> bytes:
        """What `index.json` holds; `FileNotFoundError` for none."""
        size = self._files.size("index.json") or 0
        if size > _LONGEST_LIST:
            raise InvalidSettings(f"{self}: index.json", why=f"it has {size} bytes, more than {_LONGEST_LIST}")
        with self._files.open("index.json") as file:
            return file.read(size) or b""

    def _of_digest(self, digest: Digest, manifests: tuple[Descriptor, ...]) -> Descriptor:
        """What has the digest: in the index, or below it, where only its bytes say what it is."""
        found = next((one for one in manifests if one.digest == digest), None)
        if found:
            return found
        size = self._files.size(path_of(digest))
        if size is None:
            raise NotFound(f"{self} has nothing with the digest {digest}")
        bare = Descriptor(media_type="", digest=digest, size=size)
        parsed = parse_document(self.read(bare))
        default = types.OCI_INDEX if isinstance(parsed, Index) else types.OCI_MANIFEST
        return replace(bare, media_type=parsed.media_type or default)


def _manifests_of(parsed: Manifest | Index) -> tuple[Descriptor, ...]:
    return parsed.manifests if isinstance(parsed, Index) else ()


def path_of(digest: Digest) -> str:
    """Where a layout has the blob."""
    return f"blobs/{digest.algorithm}/{digest.hex}"
