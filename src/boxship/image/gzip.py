"""gzip written by several threads, the same bytes every time (RFC 1951, 1952).

It is one stream of blocks that are compressed apart, each with the end of the one before for a dictionary. Blocks that
do not become smaller, as of pictures and of what is compressed already, are stored as they are: samples tell.
"""

from __future__ import annotations

__all__ = ["LEVEL", "Gzip"]

import struct
import zlib
from collections import deque
from collections.abc import Callable
from functools import partial

from boxship.connect.crew import Crew

LEVEL = 6
_BLOCK = 512 * 1024
_WINDOW = 32 * 1024
_AHEAD = 8  # blocks
_HEADER = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff"  # deflate, no name, no time, of no system in particular
_END = b"\x03\x00"  # an empty last block
_HARDLY = 0.98
_SAMPLE, _EVERY = 2 * 1024, 64 * 1024
_MOST_STORED = 0xFFFF


class Gzip:
    """Takes plain bytes; hands packed ones to `write`, in order."""

    def __init__(self, write: Callable[[bytes], object], crew: Crew) -> None:
        from isal import isal_zlib  # noqa: PLC0415 -- only who packs needs it

        self._write, self._crew, self._crc32 = write, crew, isal_zlib.crc32
        self._blocks = [memoryview(bytearray(_BLOCK)) for _ in range(_AHEAD + 1)]  # used again: new memory takes longer
        self._filled = 0
        self._before = b""
        self._packed: deque[Callable[[], bytes]] = deque()
        self._crc, self._size = 0, 0
        write(_HEADER)

    def write(self, piece: bytes | memoryview) -> None:
        """Take more; it is not kept."""
        view = memoryview(piece)
        while view:
            part = view[: _BLOCK - self._filled]
            self._blocks[0][self._filled : self._filled + len(part)] = part
            self._filled += len(part)
            view = view[len(part) :]
            if self._filled == _BLOCK:
                self._begin()

    def close(self) -> None:
        """Write what is left, and the end."""
        if self._filled:
            self._begin()
        while self._packed:
            self._write(self._packed.popleft()())
        self._write(_END + struct.pack("<II", self._crc, self._size & 0xFFFFFFFF))

    def _begin(self) -> None:
        block = self._blocks[0][: self._filled]
        self._crc = self._crc32(block, self._crc)
        self._size += len(block)
        self._packed.append(self._crew.begin(partial(_packed, self._before), block))
        self._before = bytes(block[-_WINDOW:])
        self._blocks.append(self._blocks.pop(0))
        self._filled = 0
        if len(self._packed) == len(self._blocks):  # the next one is still being packed
            self._write(self._packed.popleft()())


def _packed(before: bytes, block: memoryview) -> bytes:
    """The block, ended on a whole byte, so that the next one can follow."""
    if not _shrinks(block):
        return _stored(block)
    packer = zlib.compressobj(LEVEL, zlib.DEFLATED, -15, zdict=before)
    return packer.compress(block) + packer.flush(zlib.Z_SYNC_FLUSH)


def _shrinks(block: memoryview) -> bool:
    """Whether samples of the block become smaller: to try all of it takes longer than all else that is done to it."""
    from isal import isal_zlib  # noqa: PLC0415 -- only who packs needs it

    sample = b"".join(block[at : at + _SAMPLE] for at in range(0, len(block), _EVERY))
    return len(isal_zlib.compress(sample, 1)) <= _HARDLY * len(sample)


def _stored(block: memoryview) -> bytes:
    """The block as it is (RFC 1951, 3.2.4)."""
    parts = [block[at : at + _MOST_STORED] for at in range(0, len(block), _MOST_STORED)]
    return b"".join(piece for part in parts for piece in (struct.pack("<BHH", 0, len(part), len(part) ^ 0xFFFF), part))
