"""Compressed streams made plain while they flow: gzip, zstd, bzip2, xz, found by looking; memory is bounded."""

from __future__ import annotations

__all__ = ["MAGIC", "compression_of", "plain"]

import bz2
import lzma
import sys
import zlib
from collections.abc import Callable, Iterable, Iterator
from itertools import chain
from typing import Protocol, cast

from boxship.connect.deadline import check_current
from boxship.errors import BoxshipError, UnexpectedAnswer

MAGIC = {"gzip": b"\x1f\x8b", "zstd": b"\x28\xb5\x2f\xfd", "bzip2": b"BZh", "xz": b"\xfd7zXZ\x00"}
_SKIPPABLE = bytes.fromhex("2a4d18")  # behind 50 to 5f: a zstd frame that says nothing, which may be the first
_LONGEST_MAGIC = 6
_LONGEST_HEADER = 18  # of a zstd frame (RFC 8878, 3.1.1.1)
_STEP = 128 * 1024  # given in: small enough for a processor's cache
_PIECE = 128 * 1024  # taken out, at most: for more, malloc asks the system for new pages each time
_MOST_MEMORY = 256 * 1024 * 1024  # what an xz stream may ask for; zstd's has a bound of its own


class _Decompressor(Protocol):
    @property
    def eof(self) -> bool: ...
    @property
    def needs_input(self) -> bool: ...
    @property
    def unused_data(self) -> bytes: ...
    def decompress(self, data: bytes | memoryview, max_length: int = -1) -> bytes: ...


def compression_of(beginning: bytes) -> str:
    """How what begins so is compressed; '' where it is not."""
    if beginning[1:4] == _SKIPPABLE and beginning[0] >> 4 == 5:
        return "zstd"
    return next((name for name, magic in MAGIC.items() if beginning.startswith(magic)), "")


def plain(pieces: Iterable[memoryview], what: str) -> Iterator[memoryview | bytes]:
    """What the stream is when it is not compressed, each piece valid until the next is asked for.

    `UnexpectedAnswer` for one that is cut short or broken.
    """
    beginning, rest = _begun(iter(pieces))
    kind = compression_of(beginning)
    if not kind:
        yield beginning
        yield from rest
        return
    try:
        yield from _unpacked(_steps(beginning, rest), _decompressors()[kind], what)
    except BoxshipError:  # of where it comes from
        raise
    except _errors() as error:
        raise UnexpectedAnswer(f"{what} cannot be unpacked ({kind})", why=str(error)) from error


def _begun(pieces: Iterator[memoryview]) -> tuple[bytes, Iterator[memoryview]]:
    beginning = b""
    while len(beginning) < _LONGEST_MAGIC and (piece := next(pieces, None)) is not None:
        beginning += bytes(piece)
    return beginning, pieces


def _steps(beginning: bytes, rest: Iterable[memoryview]) -> Iterator[memoryview]:
    for piece in chain((memoryview(beginning),), rest):
        yield from (piece[at : at + _STEP] for at in range(0, len(piece), _STEP))


def _unpacked(steps: Iterator[memoryview], make: Callable[[], _Decompressor], what: str) -> Iterator[bytes]:
    """The plain bytes of one stream, or of several that follow each other, as `cat a.gz b.gz` makes them."""
    decompressor = make()
    began = padded = False
    for step in steps:
        data: bytes | memoryview = step
        while True:
            check_current()  # a little may be much when it is plain
            if not began:
                more = bytes(data).lstrip(b"\0")
                padded = padded or len(more) < len(data)
                if not more:
                    break  # some writers fill up the last block
                if padded:
                    raise UnexpectedAnswer(f"{what} cannot be unpacked", why="something follows the zeros at its end")
            began = True
            if out := decompressor.decompress(data, _PIECE):
                yield out
            data = b""
            if decompressor.eof:
                data, decompressor, began = decompressor.unused_data, make(), False
            elif decompressor.needs_input:
                break
    if began:
        raise UnexpectedAnswer(f"{what} cannot be unpacked", why="it is cut short")


def _decompressors() -> dict[str, Callable[[], _Decompressor]]:
    from isal import igzip_lib  # noqa: PLC0415 -- only who unpacks needs it

    return {
        "gzip": lambda: igzip_lib.IgzipDecompressor(flag=igzip_lib.DECOMP_GZIP),
        "bzip2": bz2.BZ2Decompressor,
        "xz": lambda: lzma.LZMADecompressor(memlimit=_MOST_MEMORY),
        "zstd": _Zstd,
    }


class _Zstd:
    """A frame, which has as many bytes as its header says: libzstd holds only one to that which comes in one piece."""

    def __init__(self) -> None:
        if sys.version_info >= (3, 14):
            from compression import zstd  # noqa: PLC0415
        else:
            from backports import zstd  # noqa: PLC0415
        self._zstd, self._frame = zstd, zstd.ZstdDecompressor()
        self._header = b""
        self._made = 0

    @property
    def eof(self) -> bool:
        return self._frame.eof

    @property
    def needs_input(self) -> bool:
        return self._frame.needs_input

    @property
    def unused_data(self) -> bytes:
        return self._frame.unused_data

    def decompress(self, data: bytes | memoryview, max_length: int = -1) -> bytes:
        self._header += bytes(data[: _LONGEST_HEADER - len(self._header)])
        made = self._frame.decompress(data, max_length)
        self._made += len(made)
        if self._frame.eof:
            self._check_size()
        return made

    def _check_size(self) -> None:
        said = self._zstd.get_frame_info(self._header).decompressed_size
        if said not in (None, self._made):
            raise self._zstd.ZstdError(f"a frame of {said} bytes has {self._made}")


def _errors() -> tuple[type[Exception], ...]:
    if sys.version_info >= (3, 14):
        from compression.zstd import ZstdError  # noqa: PLC0415
    else:
        from backports.zstd import ZstdError  # noqa: PLC0415
    from isal.igzip_lib import IsalError  # noqa: PLC0415

    isal = cast("type[Exception]", IsalError)  # its stub says that it is one
    return (isal, ZstdError, zlib.error, lzma.LZMAError, OSError, EOFError, ValueError)
