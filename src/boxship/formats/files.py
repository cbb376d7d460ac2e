"""Named files, in a folder or in a tar file: what a format is read from."""

from __future__ import annotations

__all__ = ["File", "Files", "Folder", "TarFile", "tar_members"]

import errno
import io
import os
import stat
from collections.abc import Iterator
from io import FileIO
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Protocol, Self

from boxship.errors import UnexpectedAnswer

if TYPE_CHECKING:
    import tarfile

_MOST_LINKS = 8  # from one link to the next
_AT_ONCE = getattr(os, "O_NONBLOCK", 0)  # opening a pipe waits for a writer


class File(Protocol):
    """An open file that is read, unbuffered."""

    def read(self, size: int, /) -> bytes | None:
        """So many bytes, fewer at the end."""

    def readinto(self, buffer: memoryview, /) -> int | None:
        """Fill some of the buffer; 0 at the end."""

    def seek(self, position: int, /) -> int:
        """Go to that byte."""

    def fileno(self) -> int:
        """The descriptor of the file that it is, or is a part of."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None, /
    ) -> None: ...


class Files(Protocol):
    """Files by their names, with `/` between folders. Safe to use from several threads."""

    def size(self, name: str) -> int | None:
        """How long the file is; None for no file."""

    def open(self, name: str) -> File:
        """The file, at its beginning, unbuffered; `FileNotFoundError` for none."""


class Folder:
    """The files in a folder and below it."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def size(self, name: str) -> int | None:
        """How long the file is; None for no file."""
        path = self.path / name
        return path.stat().st_size if path.is_file() else None

    def open(self, name: str) -> File:
        """The file, unbuffered; what is no file, as a pipe that nobody ends, is none."""
        file = FileIO(self.path / name, opener=lambda path, flags: os.open(path, flags | _AT_ONCE))
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            file.close()
            raise FileNotFoundError(errno.ENOENT, "it is no file", name)
        return file


class TarFile:
    """The files in a tar file that is not compressed. Links are followed inside it, and nothing is ever extracted."""

    def __init__(self, path: Path, label: str) -> None:
        """`label`: what messages call it."""
        self._path = path
        import tarfile  # noqa: PLC0415 -- who reads a folder need not wait for it

        self._members: dict[str, tarfile.TarInfo] = {}
        try:
            for member in tar_members(path):
                self._members[_plain(member.name)] = member
        except tarfile.TarError as error:
            raise UnexpectedAnswer(f"{label} is no tar file", why=str(error)) from error

    @property
    def names(self) -> tuple[str, ...]:
        """The names of all members."""
        return tuple(self._members)

    def size(self, name: str) -> int | None:
        """How long the file is; None for no file."""
        member = self._found(name)
        return member.size if member else None

    def open(self, name: str) -> File:
        """The file: the part of the tar file that it is."""
        member = self._found(name)
        if member is None:
            raise FileNotFoundError(name)
        return _Region(self._path, member.offset_data, member.size)

    def _found(self, name: str) -> tarfile.TarInfo | None:
        for _ in range(_MOST_LINKS):
            member = self._members.get(_plain(name))
            if member is None or member.isreg():
                return member
            if not (member.islnk() or member.issym()):
                return None
            # A symbolic link is relative to where it stands, a hard one to the root.
            name = member.linkname if member.islnk() else f"{Path(member.name).parent.as_posix()}/{member.linkname}"
        return None


def tar_members(path: Path) -> Iterator[tarfile.TarInfo]:
    """The members of a tar file that is not compressed, by their headers; `tarfile.TarError` where it is none."""
    import tarfile  # noqa: PLC0415 -- who reads a folder need not wait for it

    try:
        with _Headers(path) as file, tarfile.open(fileobj=file, mode="r:") as tar:
            yield from tar
    except (ValueError, LookupError) as error:  # of headers that it believes too much of
        raise tarfile.ReadError(str(error)) from error


class _Headers(FileIO):
    """A file whose headers are read: they may name any size, up to more than a machine has numbers for."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self._size = os.fstat(self.fileno()).st_size

    def read(self, size: int | None = -1, /) -> bytes:
        """As much of it as there is."""
        return super().read(self._size if size is None or size < 0 else min(size, self._size)) or b""

    def seek(self, offset: int, whence: int = os.SEEK_SET, /) -> int:
        """Go there, if that is inside; offsets are those from the beginning, as readers of tars count."""
        if not 0 <= offset <= self._size:
            raise ValueError("a member ends outside of the file")
        return super().seek(offset, whence)


def _plain(name: str) -> str:
    parts: list[str] = []
    for part in name.split("/"):
        if part == "..":
            parts[-1:] = []
        elif part not in ("", "."):
            parts.append(part)
    return "/".join(parts)


class _Region(io.RawIOBase):
    """Some bytes of a file as if they were one: never read beyond their end."""

    def __init__(self, path: Path, begin: int, size: int) -> None:
        super().__init__()
        self._file = path.open("rb", buffering=0)
        self._begin, self._end = begin, begin + size
        self._file.seek(begin)

    def readable(self) -> bool:
        """True: this is what `read` asks."""
        return True

    def seek(self, position: int, whence: int = io.SEEK_SET) -> int:
        """Go to that byte, counted from the beginning."""
        if whence != io.SEEK_SET:
            raise io.UnsupportedOperation("from the beginning alone")
        return self._file.seek(self._begin + position) - self._begin

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override] # `RawIOBase` says any buffer
        """Fill the buffer, less at the end."""
        left = self._end - self._file.tell()
        return self._file.readinto(memoryview(buffer)[: max(0, left)])

    def fileno(self) -> int:
        """The descriptor of the whole file."""
        return self._file.fileno()

    def close(self) -> None:
        """Close the file."""
        self._file.close()
        super().close()
