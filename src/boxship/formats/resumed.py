"""What has come of a blob is kept and verified with the rest of it, which alone is asked for again."""

from __future__ import annotations

__all__ = ["complete"]

import hashlib
from io import FileIO

from boxship.connect.deadline import check_current
from boxship.formats.stored import write_all
from boxship.registry.uploads import BlobSource
from boxship.spec.descriptor import Descriptor

_PIECE = 1024 * 1024


def complete(file: FileIO, blob: Descriptor, source: BlobSource, *, begin: int, held: int) -> None:
    """Write what is missing of the blob, `held` bytes of which stand in the file from byte `begin` on.

    It is whole and right when this returns; where what was held is not, all of it is written anew.
    """
    hasher = hashlib.new(blob.digest.algorithm)
    if 0 < held <= blob.size and _hash(file, hasher, begin, held):
        if held < blob.size:
            _write(file, blob, source, held, hasher)
        if hasher.hexdigest() == blob.digest.hex:
            return
    file.seek(begin)
    _write(file, blob, source, 0, None)  # the source verifies what is read from the beginning


def _hash(file: FileIO, hasher: hashlib._Hash, begin: int, held: int) -> bool:
    """Hash what is held, and stand at its end; whether it is there."""
    file.seek(begin)
    view = memoryview(bytearray(min(_PIECE, held)))
    while held:
        check_current()
        count = file.readinto(view[:held])
        if not count:
            return False
        hasher.update(view[:count])
        held -= count
    return True


def _write(file: FileIO, blob: Descriptor, source: BlobSource, at: int, hasher: hashlib._Hash | None) -> None:
    with source.open_blob(blob, at) as pieces:
        for piece in pieces:
            if hasher:
                hasher.update(piece)
            write_all(file, piece)
