"""Blobs that lie in files: read from any byte on, and verified while they are read."""

from __future__ import annotations

__all__ = ["pieces_of", "read_stored", "write_all"]

import hashlib
from collections.abc import Iterator
from io import FileIO

from boxship.connect.deadline import check_current
from boxship.digest import Digest
from boxship.errors import DigestMismatch, SizeMismatch
from boxship.formats.files import File
from boxship.formats.flowing import wait_for_room
from boxship.formats.written import in_words
from boxship.spec.descriptor import Descriptor

_PIECE = 1024 * 1024


def read_stored(file: File, blob: Descriptor, what: str, at: int = 0) -> Iterator[memoryview]:
    """The blob's bytes from `at` on, of a file that stands at their beginning; each piece until the next is asked for.

    Read from its beginning it is verified: `DigestMismatch` or `SizeMismatch` comes before the last piece.
    """
    hasher = hashlib.new(blob.digest.algorithm)
    here, there = (memoryview(bytearray(max(1, min(_PIECE, blob.size)))) for _ in range(2))
    left = blob.size - at
    held: memoryview | None = None
    while left:
        check_current()
        with in_words(f"{what} cannot be read"):
            count = file.readinto(here[:left])
        if not count:
            raise SizeMismatch(what, expected=blob.size, actual=blob.size - left)
        left -= count
        if not at:
            hasher.update(here[:count])
        if held is not None:
            yield held
        held = here[:count]
        here, there = there, here
    if not at:
        actual = Digest(blob.digest.algorithm, hasher.hexdigest())
        if actual != blob.digest:
            raise DigestMismatch(what, expected=str(blob.digest), actual=str(actual))
    if held is not None:
        yield held


def pieces_of(file: File) -> Iterator[memoryview]:
    """The rest of a file, each piece valid until the next is asked for."""
    view = memoryview(bytearray(_PIECE))
    while count := file.readinto(view):
        check_current()
        yield view[:count]


def write_all(file: FileIO, piece: memoryview) -> None:
    """Write the piece to a file without a buffer, which may take a part of it at a time."""
    while piece:
        taken: int | None = file.write(piece)
        if taken is None:
            wait_for_room(file)
        else:
            piece = piece[taken:]
