"""Blobs that lie in files: read from any byte on, and verified while they are read."""

from __future__ import annotations

__all__ = ["pieces_of", "read_known", "read_stored", "write_all"]

import hashlib
from collections.abc import Callable, Iterator
from io import FileIO

from boxship.connect.deadline import check_current
from boxship.digest import Digest
from boxship.errors import DigestMismatch, InvalidInput, SizeMismatch
from boxship.formats.files import File
from boxship.formats.flowing import wait_for_room
from boxship.formats.written import in_words
from boxship.image.content import State, state_of
from boxship.spec.descriptor import Descriptor

_PIECE = 1024 * 1024


def read_stored(file: File, blob: Descriptor, what: str, at: int = 0) -> Iterator[memoryview]:
    """The blob's bytes from `at` on, of a file that stands at their beginning; each piece until the next is asked for.

    Read from its beginning it is verified: `DigestMismatch` or `SizeMismatch` comes before the last piece.
    """
    pieces, hasher = _read(file, blob.size - at, blob, what), hashlib.new(blob.digest.algorithm)

    def hashed() -> Iterator[memoryview]:
        for piece in pieces:
            hasher.update(piece)
            yield piece

    def verify() -> None:
        actual = Digest(blob.digest.algorithm, hasher.hexdigest())
        if actual != blob.digest:
            raise DigestMismatch(what, expected=str(blob.digest), actual=str(actual))

    return pieces if at else _seen(hashed(), verify)


def read_known(file: File, blob: Descriptor, what: str, was: State, at: int = 0) -> Iterator[memoryview]:
    """The same of a file that was hashed when it was as `was` says, which is not done again.

    `InvalidInput` comes before the last piece where it is not as it was.
    """

    def compare() -> None:
        if state_of(file.fileno()) != was:
            raise InvalidInput(what, why="its file was changed while it was being read")

    return _seen(_read(file, blob.size - at, blob, what), compare)


def _read(file: File, left: int, blob: Descriptor, what: str) -> Iterator[memoryview]:
    """So many bytes, which are those that the blob ends with; each piece until the next but one is asked for."""
    here, there = (memoryview(bytearray(max(1, min(_PIECE, left)))) for _ in range(2))
    while left:
        check_current()
        with in_words(f"{what} cannot be read"):
            count = file.readinto(here[:left])
        if not count:
            raise SizeMismatch(what, expected=blob.size, actual=blob.size - left)
        left -= count
        yield here[:count]
        here, there = there, here


def _seen(pieces: Iterator[memoryview], see: Callable[[], None]) -> Iterator[memoryview]:
    """The pieces, the last of which comes once `see` has seen nothing wrong with them."""
    held: memoryview | None = None
    for piece in pieces:
        if held is not None:
            yield held
        held = piece
    see()
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
