"""Streams made plain: they mean the same in whatever pieces they come."""

from __future__ import annotations

import bz2
import gzip
import lzma
import sys

import pytest

from boxship.errors import UnexpectedAnswer
from boxship.image.compression import plain

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

ONE = {
    "gzip": gzip.compress(b"one", mtime=0),
    "zstd": zstd.compress(b"one"),
    "bzip2": bz2.compress(b"one"),
    "xz": lzma.compress(b"one"),
    "zstd, skipped": b"\x50\x2a\x4d\x18\3\0\0\0abc" + zstd.compress(b"one"),
}


def made(content: bytes, size: int) -> bytes:
    """The plain bytes of a stream that comes in pieces of that size."""
    view = memoryview(content)
    return b"".join(bytes(piece) for piece in plain((view[at : at + size] for at in range(0, len(view), size)), "it"))


@pytest.mark.parametrize("size", [1, 7, 16, 10_000])
@pytest.mark.parametrize("kind", ONE)
def test_streams_may_follow_each_other_and_zeros_may_end_them(kind: str, size: int) -> None:
    one = ONE[kind]
    for zeros in (0, 1, 15, 700):
        assert made(one + bytes(zeros), size) == b"one"
        assert made(one + one + bytes(zeros), size) == b"oneone"


@pytest.mark.parametrize("size", [1, 7, 10_000])
@pytest.mark.parametrize("block", ["01 00 00", "05 00 00", "19 00 00 6f 6e 65"], ids=["none", "empty", "three bytes"])
def test_a_frame_of_zstd_has_as_many_bytes_as_it_says(block: str, size: int) -> None:
    said_to_have_99 = bytes.fromhex("28 b5 2f fd 20 63") + bytes.fromhex(block)
    with pytest.raises(UnexpectedAnswer, match="zstd"):
        made(ONE["zstd"] + said_to_have_99, size)


@pytest.mark.parametrize("size", [1, 7, 10_000])
@pytest.mark.parametrize("kind", ONE)
def test_what_is_cut_short_or_followed_by_something_else_is_broken(kind: str, size: int) -> None:
    one = ONE[kind]
    # Of a stream behind zeros gzip says that it is garbage, and leaves it out; Go refuses the zeros.
    for broken in (one[:-1], one + b"x", one + bytes(9) + b"x" * 99, one + bytes(9) + one, one + b"\0" + one):
        with pytest.raises(UnexpectedAnswer, match="cannot be unpacked"):
            made(broken, size)
