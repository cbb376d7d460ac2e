"""Layers for images of Windows, which has an image's files in a folder `Files`, and its registry in `Hives`.

As go-containerregistry does it (internal/windows/windows.go): every file may be run by everybody.
"""

from __future__ import annotations

__all__ = ["windows_tar"]

import tarfile
from collections.abc import Iterable, Iterator

from boxship.errors import InvalidInput
from boxship.image.tar_stream import BLOCK, END, Kind, Member, TarStream

_FILES = "Files"
# The security descriptor of a file whose owner and group are all users (SDDL "O:BUG:BU").
_EVERYBODY = "AQAAgBQAAAAkAAAAAAAAAAAAAAABAgAAAAAABSAAAAAhAgAAAQIAAAAAAAUgAAAAIQIAAA=="
_ELSEWHERE = frozenset({"path", "linkpath", "size"})  # what the header itself says then


def windows_tar(pieces: Iterable[memoryview | bytes], what: str) -> Iterator[bytes | memoryview]:
    """The tar with its files where Windows has them; `InvalidInput` for one that has them there already."""
    for name in (_FILES, "Hives"):
        folder = tarfile.TarInfo(name)
        folder.type, folder.mode = tarfile.DIRTYPE, 0o555
        yield _header(folder)
    tar = TarStream(pieces, what)
    for member in tar:
        if member.name.startswith(f"{_FILES}/"):
            raise InvalidInput(f"the layer {what}", why=f"{member.name} is in Windows' own folder already")
        yield _moved(member)
        yield from tar.content()
        yield bytes(-member.size % BLOCK)
    yield END


def _moved(member: Member) -> bytes:
    info = tarfile.TarInfo.frombuf(member.header[:BLOCK], "utf-8", "surrogateescape")
    info.name, info.size = f"{_FILES}/{member.name.removeprefix('./').lstrip('/')}", member.size
    info.linkname = f"{_FILES}/{member.target}" if member.kind is Kind.LINK else member.target
    kept = {key: value for key, value in member.pax.items() if key not in _ELSEWHERE}
    info.pax_headers = {**kept, "MSWINDOWS.rawsd": _EVERYBODY}
    return _header(info) + member.header[BLOCK:]


def _header(info: tarfile.TarInfo) -> bytes:
    return info.tobuf(tarfile.PAX_FORMAT, "utf-8", "surrogateescape")
