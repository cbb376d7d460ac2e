"""A blob that another process of the same registry brings: seen by its files, and read from here while it comes.

Whoever brings one holds a file that is named after the digest, and notes there how the blob's own is called until it is
kept, and its size.
"""

from __future__ import annotations

__all__ = ["Seen", "look", "note", "turn_of"]

from pathlib import Path

from boxship.digest import Digest
from boxship.server.storage.claim import FileClaim
from boxship.server.storage.file_storage import FileStorage
from boxship.value import dataclass

_LONGEST = 100  # bytes of a note


@dataclass(frozen=True, slots=True)
class Seen:
    """The file that it comes to, how large it will be, and how many bytes of it may be read."""

    path: Path
    size: int
    there: int


def turn_of(digest: Digest) -> str:
    """What the file is called that only the process has which brings the blob."""
    return f"{digest.algorithm}-{digest.hex}"


def note(turn: FileClaim, file: FileClaim, size: int) -> None:
    """Note to which file it comes. Blocks."""
    turn.cut(0)  # one who was killed may have left a longer note
    turn.write(0, f"{file.path.name} {size}".encode())


def look(files: FileStorage, digest: Digest) -> Seen | None:
    """How far it is; None where that is not known, or it has just ended. Blocks."""
    try:
        with files.upload(turn_of(digest)).open("rb") as file:
            name, _, size = file.read(_LONGEST).decode().partition(" ")
        if not size:
            return None
        path = files.upload(name)
        written = path.stat().st_size
    except FileNotFoundError:
        return None
    # Its last byte is not there before all of it is right.
    return Seen(path, int(size), min(written, int(size) - 1))
