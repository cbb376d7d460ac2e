"""gzip in blocks: one stream that everybody reads, the same bytes however it is fed and whoever packs."""

from __future__ import annotations

import gzip
import os
import subprocess
import zlib
from collections.abc import Iterator
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from boxship.connect.crew import Crew
from boxship.image.gzip import LEVEL, Gzip

BLOCK = 512 * 1024
TEXT = b"".join(b"%d lines of a file that is much like all others\n" % number for number in range(40_000))


@pytest.fixture(scope="module")
def crew() -> Iterator[Crew]:
    crew = Crew(4, "gzip-test")
    yield crew
    crew.close()


def packed(crew: Crew, *pieces: bytes) -> bytes:
    out: list[bytes] = []
    packer = Gzip(out.append, crew)
    for piece in pieces:
        packer.write(memoryview(piece))
    packer.close()
    return b"".join(out)


@pytest.mark.parametrize(
    "content",
    [b"", b"x", TEXT, os.urandom(BLOCK), os.urandom(3 * BLOCK + 7), bytes(5 * BLOCK), TEXT + os.urandom(BLOCK) + TEXT],
    ids=["nothing", "a byte", "text", "a block", "noise", "zeros", "a mixture"],
)
def test_it_is_one_stream_that_others_read(crew: Crew, content: bytes) -> None:
    made = packed(crew, content)
    assert gzip.decompress(made) == content
    one = zlib.decompressobj(31)
    assert (one.decompress(made), one.unused_data, one.eof) == (content, b"", True)
    assert subprocess.run(["gzip", "-dc"], input=made, capture_output=True, check=True).stdout == content


@settings(max_examples=30, deadline=None)
@given(cuts=some.lists(some.integers(0, len(TEXT)), max_size=6))
def test_how_it_is_fed_changes_nothing(crew: Crew, cuts: list[int]) -> None:
    ends = [0, *sorted(cuts), len(TEXT)]
    parts = [TEXT[start:end] for start, end in pairwise(ends)]
    assert packed(crew, *parts) == packed(crew, TEXT)


def test_how_many_pack_changes_nothing(crew: Crew) -> None:
    alone = Crew(1, "gzip-alone")
    assert packed(alone, TEXT) == packed(crew, TEXT)
    alone.close()


def test_blocks_cost_little(crew: Crew) -> None:
    assert len(packed(crew, TEXT)) <= 1.05 * len(zlib.compress(TEXT, 9, 31))
    noise = os.urandom(4 * BLOCK)
    assert len(packed(crew, noise)) <= 1.0002 * len(noise)  # stored, not encoded
    half = BLOCK // 2
    assert len(packed(crew, noise[:half] + TEXT[:half])) <= 0.75 * BLOCK
    assert LEVEL == 6  # another one gives other digests to all that is made
