"""Archives that are compressed as a whole (`docker save app | gzip`), unpacked to a file that can be sought."""

from __future__ import annotations

__all__ = ["unpacked"]

import bz2
import gzip
import lzma
import shutil
import sys
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import IO, cast

from boxship.errors import UnexpectedAnswer

_PIECE = 1024 * 1024
_LONGEST_MAGIC = 6


def unpacked(path: Path, scratch: Path) -> Path:
    """The archive itself where it is not compressed; else a file in `scratch` with what it holds."""
    with path.open("rb") as file:
        magic = file.read(_LONGEST_MAGIC)
    opens = next((opens for begin, opens in _OPENS.items() if magic.startswith(begin)), None)
    if opens is None:
        return path
    plain = scratch / "archive.tar"
    try:
        with path.open("rb") as file, opens(file) as packed, plain.open("wb") as out:
            shutil.copyfileobj(packed, out, _PIECE)
    except (OSError, EOFError, ValueError, lzma.LZMAError, zlib.error) as error:
        raise UnexpectedAnswer(f"{path} cannot be unpacked", why=str(error)) from error
    return plain


def _zstd(file: IO[bytes]) -> IO[bytes]:
    if sys.version_info >= (3, 14):
        from compression import zstd  # noqa: PLC0415 -- who has no such archive waits for neither
    else:
        from backports import zstd  # noqa: PLC0415
    return cast("IO[bytes]", zstd.ZstdFile(file))


_OPENS: dict[bytes, Callable[[IO[bytes]], IO[bytes]]] = {
    b"\x1f\x8b": lambda file: cast("IO[bytes]", gzip.GzipFile(fileobj=file)),
    b"BZh": bz2.open,
    b"\xfd7zXZ\x00": lzma.open,
    b"\x28\xb5\x2f\xfd": _zstd,
}
