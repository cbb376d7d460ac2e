"""A tar file that grows: members whose sizes are known get their places at once, and are written side by side.

Which stands where is said before they come, so that the file is the same however their threads are scheduled.

What is written sequentially and breaks off leaves zeros behind it, or the file's end. A later attempt finds the members
by their headers, and goes on with each where its zeros begin.
"""

from __future__ import annotations

__all__ = ["GrowingTar"]

import contextlib
import os
import sys
import tarfile
import threading
from collections.abc import Iterable, Iterator
from io import FileIO
from pathlib import Path

from boxship.errors import Cancelled
from boxship.formats.alone import have_alone
from boxship.formats.files import tar_members
from boxship.formats.resumed import complete
from boxship.formats.stored import write_all
from boxship.formats.written import in_words, on_disk, open_to_go_on
from boxship.registry.uploads import BlobSource
from boxship.spec.descriptor import Descriptor
from boxship.value import dataclass

_BLOCK = tarfile.BLOCKSIZE
_PIECE = 1024 * 1024
_ZEROS = memoryview(bytes(_PIECE))


@dataclass(frozen=True, slots=True)
class _Span:
    """Where a member stands: its header from `begin`, its bytes from `data`, the next one from `end`."""

    begin: int
    data: int
    end: int


class GrowingTar:
    """A new tar file. Safe to use from several threads; it has its name when it is finished, and not before."""

    def __init__(self, path: Path) -> None:
        """What an earlier attempt has left is gone on with, unless another process is writing it."""
        self._path = path
        self._lock = threading.Lock()
        with self._in_words():
            self._growing, self._file, self._own = _begun(path)
        self._found = dict(_members(self._growing))
        self._expected: dict[tuple[str, int], tuple[_Span, bool]] = {}
        self._used: list[_Span] = []
        self._ordered = 0  # where the last one begins that was expected
        self._end = max((span.end for span in self._found.values()), default=0)

    def expect(self, members: Iterable[tuple[str, int]]) -> None:
        """Members of these names and sizes come now, and stand in this order."""
        with self._in_words(), self._lock:
            for name, size in members:
                if (name, size) not in self._expected:
                    self._expected[name, size] = span, _ = self._placed(name, size)
                    self._ordered = max(self._ordered, span.begin)

    def take(self, name: str, blob: Descriptor, source: BlobSource) -> None:
        """Bring the blob from there to the member of that name."""
        with self._in_words():
            span, known = self._place(name, blob.size)
            try:
                with FileIO(self._growing, "r+") as file:
                    held = _held(file, span.data, blob.size) if known else 0
                    complete(file, blob, source, begin=span.data, held=held)
            except BaseException:
                self._give_up(name, blob.size, span)
                raise

    def add(self, name: str, content: bytes) -> None:
        """A member that is at hand."""
        with self._in_words():
            span, _ = self._place(name, len(content))
            with self._growing.open("r+b") as file:
                file.seek(span.data)
                file.write(content)

    def finish(self) -> None:
        """Nothing more comes: two empty blocks, and the name."""
        with self._in_words(), self._file:
            self._file.truncate(self._end)  # the last member ends with its block
            end = _joined(self._file, sorted(self._used, key=lambda span: span.begin))
            self._file.truncate(end)  # what an earlier attempt left there is no zeros
            self._file.truncate(end + 2 * _BLOCK)
            os.fsync(self._file.fileno())
            if sys.platform == "win32":  # which renames no open file; elsewhere nobody else has it before it is named
                self._file.close()
            self._growing.replace(self._path)
            on_disk(self._path.parent)

    def abandon(self) -> None:
        """It is not to be now. What has come stays for another attempt, where there is a name to find it by."""
        with self._lock:  # a file that is being written is not given back by closing it
            self._file.close()
        if not self._own or not self._end:
            self._growing.unlink(missing_ok=True)

    def _place(self, name: str, size: int) -> tuple[_Span, bool]:
        """Where the member stands, and whether an earlier attempt has placed it there."""
        with self._lock:
            placed = self._expected.pop((name, size), None) or self._placed(name, size)
            self._used.append(placed[0])
        return placed

    def _placed(self, name: str, size: int) -> tuple[_Span, bool]:
        """The same for one that has no place yet; with the lock: a header may not stand behind what seems the end."""
        if self._file.closed:
            raise Cancelled(f"{self._path} is not written", why="something else of it went wrong")
        found = self._found.pop((name, size), None)
        if found and found.begin >= self._ordered:  # of another image it may stand before what it is to follow
            return found, True
        header = tarfile.TarInfo(name)
        header.size, header.mode = size, 0o644
        head = header.tobuf(tarfile.GNU_FORMAT)
        data = self._end + len(head)
        span = _Span(self._end, data, data + -(-size // _BLOCK) * _BLOCK)
        self._file.seek(span.begin)
        write_all(self._file, memoryview(head))
        self._end = span.end
        return span, False

    def _give_up(self, name: str, size: int, span: _Span) -> None:
        """The member is not whole: it is for whoever takes it the next time."""
        with self._lock:
            self._used.remove(span)
            self._expected[name, size] = span, True

    def _in_words(self) -> contextlib.AbstractContextManager[None]:
        return in_words(f"{self._path} cannot be written")


def _begun(path: Path) -> tuple[Path, FileIO, bool]:
    """The file that grows, open and for this process alone, and whether a later attempt would find it."""
    growing = path.with_name(f".{path.name}.partial")
    while True:
        file = open_to_go_on(growing)
        if not have_alone(file):
            file.close()
            growing = path.with_name(f".{path.name}.{os.urandom(16).hex()}.partial")
            return growing, open_to_go_on(growing), False
        with contextlib.suppress(FileNotFoundError):
            if os.path.samestat(os.fstat(file.fileno()), growing.stat()):
                return growing, file, True
        # Between opening it and having it alone, another process has given it its final name.
        file.close()


def _members(path: Path) -> Iterator[tuple[tuple[str, int], _Span]]:
    """The members that an earlier attempt has placed, up to where that broke off."""
    with contextlib.suppress(tarfile.TarError):
        for member in tar_members(path):
            end = member.offset_data + -(-member.size // _BLOCK) * _BLOCK
            yield (member.name, member.size), _Span(member.offset, member.offset_data, end)


def _held(file: FileIO, begin: int, size: int) -> int:
    """How much of a member has come: up to the zeros that nobody has written over."""
    end = min(begin + size, os.fstat(file.fileno()).st_size)
    while end > begin:
        first = max(begin, end - _PIECE)
        file.seek(first)
        piece = file.read(end - first)
        if piece != _ZEROS[: len(piece)]:
            return first - begin + len(piece.rstrip(b"\0"))
        end = first
    return 0


def _joined(file: FileIO, spans: list[_Span]) -> int:
    """Close the gaps between the members, where an earlier attempt has left what is not wanted now; where they end."""
    end = 0
    for span in spans:
        if span.begin == end:
            end = span.end
            continue
        for at in range(span.begin, span.end, _PIECE):
            file.seek(at)
            piece = file.read(min(_PIECE, span.end - at))
            file.seek(end)
            write_all(file, memoryview(piece))
            end += len(piece)
    return end
