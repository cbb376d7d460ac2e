"""zstd written by several threads, the same bytes every time: how a stream is cut does not depend on their number."""

from __future__ import annotations

__all__ = ["LEVEL", "Zstd"]

import sys
from collections.abc import Callable

LEVEL = 3


class Zstd:
    """Takes plain bytes; hands packed ones to `write`, in order."""

    def __init__(self, write: Callable[[bytes], object], threads: int) -> None:
        if sys.version_info >= (3, 14):
            from compression.zstd import CompressionParameter, ZstdCompressor  # noqa: PLC0415 -- only who packs
        else:
            from backports.zstd import CompressionParameter, ZstdCompressor  # noqa: PLC0415
        parameters = {
            int(CompressionParameter.compression_level): LEVEL,
            int(CompressionParameter.nb_workers): max(1, threads),
            int(CompressionParameter.checksum_flag): 1,
        }
        self._write, self._packer = write, ZstdCompressor(options=parameters)

    def write(self, piece: bytes | memoryview) -> None:
        """Take more; it is not kept."""
        if packed := self._packer.compress(piece):
            self._write(packed)

    def close(self) -> None:
        """Write what is left, and the end."""
        self._write(self._packer.flush())
