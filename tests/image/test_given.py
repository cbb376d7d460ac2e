"""Layers that are compressed already are taken where they are, and have to stay what they were; a pipe's are kept."""

from __future__ import annotations

import gzip
import hashlib
import io
import os
import tarfile
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from boxship.connect.crew import Crew
from boxship.errors import InvalidInput
from boxship.image.content import Content, given
from boxship.image.workshop import Workshop

NOISE = os.urandom(3_000_000)


def a_tar() -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        member = tarfile.TarInfo("noise")
        member.size = len(NOISE)
        tar.addfile(member, io.BytesIO(NOISE))
    return out.getvalue()


TAR = a_tar()
PACKED = gzip.compress(TAR, 1, mtime=0)


@pytest.fixture
def crew() -> Iterator[Crew]:
    crew = Crew(1, "given-test")
    yield crew
    crew.close()


@pytest.fixture
def shop(crew: Crew, tmp_path: Path) -> Workshop:
    (tmp_path / "shop").mkdir()
    return Workshop(tmp_path / "shop", crew)


@pytest.fixture
def layer(tmp_path: Path) -> Path:
    path = tmp_path / "layer.tar.gz"
    path.write_bytes(PACKED)
    return path


def content_of(content: Content, at: int = 0) -> bytes:
    return b"".join(bytes(piece) for piece in content.pieces(at))


def sha256(content: bytes) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def test_a_file_is_taken_where_it_is(shop: Workshop, layer: Path, tmp_path: Path) -> None:
    made = shop.begin(str(layer), oci=True, history={})()
    assert (str(made.descriptor.digest), made.descriptor.size) == (sha256(PACKED), len(PACKED))
    assert str(made.diff_id) == sha256(TAR)
    assert content_of(made.content, 7) == PACKED[7:]
    assert not list((tmp_path / "shop").iterdir())


def test_others_are_begun_while_one_is_read(shop: Workshop, crew: Crew, layer: Path) -> None:
    other = layer.with_name("other.tar.gz")
    other.write_bytes(gzip.compress(TAR, 2, mtime=0))
    busy = threading.Event()
    crew.begin(lambda event: event.wait(), busy)  # its only thread
    layers = [shop.begin(str(path), oci=True, history={}) for path in (layer, other)]
    busy.set()
    first, second = (made() for made in layers)
    assert first.descriptor.digest != second.descriptor.digest
    assert str(first.diff_id) == str(second.diff_id) == sha256(TAR)


def test_what_comes_through_a_pipe_can_be_read_again(shop: Workshop, tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    writer = threading.Thread(target=pipe.write_bytes, args=(PACKED,))
    writer.start()
    made = shop.begin(str(pipe), oci=True, history={})()
    writer.join()
    assert (str(made.descriptor.digest), str(made.diff_id)) == (sha256(PACKED), sha256(TAR))
    assert content_of(made.content) == content_of(made.content) == PACKED


def test_a_file_that_is_changed_meanwhile_is_refused(shop: Workshop, layer: Path) -> None:
    made = shop.begin(str(layer), oci=True, history={})()
    with layer.open("r+b") as file:
        file.write(b"x")
    with pytest.raises(InvalidInput, match=r"layer\.tar\.gz: it was changed"):
        list(made.content.pieces())


def test_so_is_one_that_is_replaced_by_another_of_its_size_and_time(layer: Path) -> None:
    content, when = given(layer), layer.stat().st_mtime_ns
    other = layer.with_name("other")
    other.write_bytes(PACKED)
    os.utime(other, ns=(when, when))
    other.replace(layer)
    with pytest.raises(InvalidInput, match="it was changed"):
        list(content.pieces())
