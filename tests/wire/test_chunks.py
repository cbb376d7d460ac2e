from __future__ import annotations

import io
from collections.abc import Sequence

import pytest

from boxship.wire.chunks import Chunks
from boxship.wire.framing import Incomplete, NotHTTP

CONTENT = bytes(range(256)) * 5


class Halting:
    """Bytes that come in pieces; before each of them, it has stalled once."""

    def __init__(self, pieces: Sequence[bytes]) -> None:
        self._pieces, self._there, self._stalled = list(pieces), b"", False

    def peek(self) -> bytes:
        self._more()
        return self._there

    def read(self, size: int, /) -> bytes:
        taken, self._there = self._there[:size], self._there[size:]
        return taken

    def readinto(self, buffer: memoryview, /) -> int:
        self._more()
        taken = self.read(len(buffer))
        buffer[: len(taken)] = taken
        return len(taken)

    def _more(self) -> None:
        if self._there or not self._pieces:
            return
        self._stalled = not self._stalled
        if self._stalled:
            raise TimeoutError
        self._there = self._pieces.pop(0)


def encoded(size: int) -> bytes:
    pieces = (CONTENT[start : start + size] for start in range(0, len(CONTENT), size))
    return b"".join(b"%x;a=b\r\n%b\r\n" % (len(piece), piece) for piece in pieces) + b"0\r\nX: y\r\n\r\n"


def read(chunks: Chunks, size: int) -> tuple[bytes, int]:
    """All the content, and how often it stalled on the way."""
    content, stalls, view = b"", 0, memoryview(bytearray(size))
    while True:
        try:
            count = chunks.readinto(view)
        except TimeoutError:
            stalls += 1
            continue
        if not count:
            return content, stalls
        content += view[:count]


@pytest.mark.parametrize("piece", [1, 2, 3, 7, 100, 5000])
@pytest.mark.parametrize("chunk", [1, 5, 256, 1280])
@pytest.mark.parametrize("size", [1, 4, 1000, 5000])
def test_content_comes_whole_however_often_it_stalls(piece: int, chunk: int, size: int) -> None:
    wire = encoded(chunk)
    chunks = Chunks(Halting([wire[start : start + piece] for start in range(0, len(wire), piece)]))
    content, stalls = read(chunks, size)
    assert content == CONTENT
    assert stalls > 0
    assert chunks.ended


def test_what_comes_after_the_end_is_left() -> None:
    file = io.BufferedReader(io.BytesIO(encoded(100) + b"HTTP/1.1 200 OK"))
    assert read(Chunks(file), 99)[0] == CONTENT
    assert file.read() == b"HTTP/1.1 200 OK"


@pytest.mark.parametrize("cut", range(1, 25))
def test_an_early_end_is_none_of_the_content_s(cut: int) -> None:
    chunks = Chunks(Halting([encoded(1280)[:-cut]]))
    with pytest.raises(Incomplete):
        read(chunks, 5000)
    with pytest.raises(Incomplete):
        chunks.readinto(memoryview(bytearray(1)))
    assert not chunks.ended


BROKEN = {
    "no size": b"zz\r\nab",
    "a sign": b"+5\r\nabcde\r\n0\r\n\r\n",
    "a prefix": b"0x5\r\nabcde\r\n0\r\n\r\n",
    "an underscore": b"1_0\r\n0123456789abcdef\r\n0\r\n\r\n",
    "an empty line": b"\r\n5\r\nabcde\r\n0\r\n\r\n",
    "a size past every blob": b"f" * 16 + b"\r\nabcde",
    "more than it says": b"5\r\nabcdefg\r\n0\r\n\r\n",
    "extensions without end": b"5;" + b"a" * 70_000 + b"\r\nabcde\r\n0\r\n\r\n",
    "trailers without end": b"5\r\nabcde\r\n0\r\n" + b"X: y\r\n" * 12_000 + b"\r\n",
}


@pytest.mark.parametrize("wire", BROKEN.values(), ids=BROKEN.keys())
def test_a_broken_chunk_is_an_error_and_stays_one(wire: bytes) -> None:
    chunks = Chunks(Halting([wire]))
    for _ in range(2):
        with pytest.raises(NotHTTP):
            read(chunks, 5000)
    assert not chunks.ended
