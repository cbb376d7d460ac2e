"""A layer, and whether it is what its manifest and its configuration say."""

from __future__ import annotations

__all__ = ["Part", "wrong_with"]

import hashlib
from collections.abc import Hashable, Iterator
from itertools import chain

from boxship.digest import Digest
from boxship.errors import UnexpectedAnswer
from boxship.image.bounds import Bounds, Count
from boxship.image.compression import compression_of, plain
from boxship.image.finding import WRONG, words_of
from boxship.registry.repository import Repository
from boxship.registry.uploads import BlobSource
from boxship.registry.watched import Watched
from boxship.spec.descriptor import Descriptor
from boxship.value import dataclass

_SAID = {"+gzip": "gzip", ".gzip": "gzip", "+zstd": "zstd", ".tar": ""}  # by the end of a media type


@dataclass(frozen=True, slots=True)
class Part:
    """A blob, where it is listed, and, of a layer, the digest that it is to have unpacked."""

    blob: Descriptor
    where: str
    diff_id: Digest | None

    @property
    def key(self) -> Hashable:
        """What is the same for parts of which one look says all."""
        return self.blob.digest, self.blob.size, self.diff_id


def wrong_with(source: Watched, part: Part, *, fast: bool) -> str:
    """What is wrong with it, or ''; `fast`: whether it is there, as long as it is to be."""
    try:
        if fast:
            _see(source.source, part.blob)
            return ""
        return _read(source, part)
    except WRONG as error:
        return words_of(error)


def _see(source: BlobSource, blob: Descriptor) -> None:
    if isinstance(source, Repository):
        source.see(blob)
        return
    with source.open_blob(blob, max(0, blob.size - 1)) as pieces:
        for _ in pieces:
            pass


def _read(source: Watched, part: Part) -> str:
    with source.open_blob(part.blob) as pieces:
        try:
            return _unpacked(pieces, part)
        except UnexpectedAnswer:
            for _ in pieces:  # where the blob is another one, that says more
                pass
            raise


def _unpacked(pieces: Iterator[memoryview], part: Part) -> str:
    """Read all of it, and compare what it is unpacked with what it is to be."""
    if part.diff_id is None:
        for _ in pieces:
            pass
        return ""
    first = next(pieces, None)
    kind = compression_of(bytes(first[:8])) if first is not None else ""
    count, hasher = Count(Bounds()), hashlib.new(part.diff_id.algorithm)
    what = f"the layer {part.blob.digest}"
    stream = chain((first,) if first is not None else (), pieces)
    for piece in count.plain(plain(count.packed(stream), what), what):
        hasher.update(piece)
    actual = Digest(part.diff_id.algorithm, hasher.hexdigest())
    if actual != part.diff_id:
        return f"unpacked it is {actual}, and the configuration says {part.diff_id}"
    return _unlike(part.blob.media_type, kind)


def _unlike(media_type: str, kind: str) -> str:
    said = next((how for end, how in _SAID.items() if media_type.endswith(end)), kind)
    return "" if said == kind else f"it is {kind or 'not compressed'}, and its media type is {media_type}"
