"""Archives: what is written for docker and others, how it is named in them, and how it is gone on with."""

from __future__ import annotations

import contextlib
import errno
import gzip
import io
import json
import os
import signal
import subprocess
import sys
import tarfile
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import cast

import pytest

from boxship.digest import Digest
from boxship.errors import (
    BoxshipError,
    DigestMismatch,
    InvalidInput,
    InvalidReference,
    NotFound,
    SizeMismatch,
    UnexpectedAnswer,
)
from boxship.formats.memory import Memory
from boxship.formats.opening import source_at, target_at
from boxship.formats.place import Kind, Place
from boxship.platform import Platform
from boxship.registry.uploads import BlobSource, How
from boxship.spec.descriptor import Descriptor
from boxship.store import Expecting, Target
from boxship.testing import Image, random_image
from tests.formats.stores import copied, in_memory, platform_index

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

BOTH = (str(Platform.here()), "linux/s390x")
BIG = Image.of([os.urandom(3 << 20), os.urandom(2 << 20), b"small"])


def members(path: Path) -> dict[str, bytes]:
    with tarfile.open(path, "r:") as tar:
        return {member.name: tar.extractfile(member).read() for member in tar}  # type: ignore[union-attr]


def write(place: Place, store: Memory, name: str, *names: str) -> Digest:
    with target_at(place) as target:
        return copied(store, name, target, *names).digest


class Counted(Memory):
    """A source that says what was asked of it, and breaks off in its largest blob where it is told to."""

    def __init__(self, *, breaks: bool = False) -> None:
        super().__init__("source")
        self.asked: dict[Digest, list[int]] = {}
        self.breaks = breaks

    @contextmanager
    def open_blob(self, blob: Descriptor, at: int = 0) -> Iterator[Iterator[memoryview]]:
        self.asked.setdefault(blob.digest, []).append(at)
        with super().open_blob(blob, at) as pieces:
            yield self._broken(pieces) if self.breaks and blob.size > 2 << 20 else pieces

    def _broken(self, pieces: Iterator[memoryview]) -> Iterator[memoryview]:
        for piece in pieces:
            yield piece[: len(piece) // 2 + 1]
            raise SizeMismatch("a blob", expected=len(piece), actual=0)


# Names.


def test_docker_finds_in_the_archive_what_docker_save_writes(tmp_path: Path) -> None:
    place = Place(Kind.DOCKER_ARCHIVE, tmp_path / "image.tar")
    image = random_image()
    write(place, in_memory(image, "1"), "1", "app", "reg.corp:5000/team/app:v2")
    found = members(place.path)
    index = json.loads(found["index.json"])
    assert [entry["annotations"] for entry in index["manifests"]] == [
        {"io.containerd.image.name": name, "org.opencontainers.image.ref.name": name.rpartition(":")[2]}
        for name in ("docker.io/library/app:latest", "reg.corp:5000/team/app:v2")
    ]
    (entry,) = json.loads(found["manifest.json"])
    assert entry["RepoTags"] == ["app:latest", "reg.corp:5000/team/app:v2"]
    assert found[entry["Config"]] == image.config
    assert [found[name] for name in entry["Layers"]] == list(image.layers)
    with source_at(place) as source:
        for name in ("app", "app:latest", "library/app", "docker.io/library/app:latest", "v2", "team/app:v2", "@1"):
            assert source.resolve(name).digest == image.digest
        for name in ("ap", "app:2", "@2", "@x", "m/app:v2"):
            with pytest.raises(NotFound, match=r"its names are|counted from"):
                source.resolve(name)


def test_a_name_that_two_images_may_have_is_asked_about(tmp_path: Path) -> None:
    place = Place(Kind.DOCKER_ARCHIVE, tmp_path / "image.tar")
    with target_at(place) as target:
        for seed, name in enumerate(("one:latest", "two:latest")):
            copied(in_memory(random_image(seed=seed), "1"), "1", target, name)
    with source_at(place) as source:
        for name in ("latest", ""):
            with pytest.raises(NotFound, match="which is meant"):
                source.resolve(name)
        assert source.resolve("@0") == source.resolve("one") != source.resolve("two:latest") == source.resolve("@1")


def test_what_is_no_reference_is_no_name_for_docker(tmp_path: Path) -> None:
    place = Place(Kind.DOCKER_ARCHIVE, tmp_path / "image.tar")
    with pytest.raises(InvalidReference):
        write(place, in_memory(random_image(), "1"), "1", "App:1")
    assert not place.path.exists()


def test_of_an_index_docker_gets_the_image_for_this_machine(tmp_path: Path) -> None:
    place = Place(Kind.DOCKER_ARCHIVE, tmp_path / "image.tar")
    store = Memory()
    digest = platform_index(store, "1", BOTH)
    assert write(place, store, "1", "app") == digest
    found = members(place.path)
    (entry,) = json.loads(found["manifest.json"])
    config = json.loads(found[entry["Config"]])
    assert Platform(config["os"], config["architecture"]) == Platform.here()
    with source_at(place) as source:
        assert source.resolve("app").digest == digest


# Streams.


def test_an_archive_comes_from_standard_input_and_goes_to_standard_output(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = Place.parse("-")
    assert place
    out = tmp_path / "out.tar"
    with out.open("w") as stream, monkeypatch.context() as patch:
        patch.setattr(sys, "stdout", stream)
        digest = write(place, in_memory(BIG, "1"), "1", "app:1")
    for compress in (bytes, gzip.compress, zstd.compress):
        out.write_bytes(compress(members_and_all := out.read_bytes()))
        with out.open() as stream, monkeypatch.context() as patch:
            patch.setattr(sys, "stdin", stream)
            with source_at(place) as source:
                assert copied(source, "app:1", Memory()).digest == digest
        out.write_bytes(members_and_all)
    assert json.loads(members(out)["manifest.json"])[0]["RepoTags"] == ["app:1"]


def test_nothing_is_written_to_a_terminal_nor_read_from_one(monkeypatch: pytest.MonkeyPatch) -> None:
    place = Place(Kind.DOCKER_ARCHIVE, Path("-"))

    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    monkeypatch.setattr(sys, "stdout", Terminal())
    monkeypatch.setattr(sys, "stdin", Terminal())
    with pytest.raises(InvalidInput, match="terminal"):
        write(place, in_memory(BIG, "1"), "1", "app:1")
    with pytest.raises(InvalidInput, match="terminal"), source_at(place):
        pass


def test_a_stream_ends_where_it_broke_off(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = Counted(breaks=True)
    in_memory(BIG, "1", into=source)
    out = tmp_path / "out.tar"
    with out.open("w") as stream, monkeypatch.context() as patch:
        patch.setattr(sys, "stdout", stream)
        with pytest.raises(SizeMismatch):
            write(Place(Kind.OCI_ARCHIVE, Path("-")), source, "1", "1")
    with pytest.raises((UnexpectedAnswer, NotFound)), source_at(Place(Kind.OCI_ARCHIVE, out)) as back:
        copied(back, "1", Memory())


def test_an_archive_may_come_from_a_pipe(tmp_path: Path) -> None:
    place = Place(Kind.OCI_ARCHIVE, tmp_path / "image.tar")
    digest = write(place, in_memory(BIG, "1"), "1", "1")
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    writer = threading.Thread(target=lambda: pipe.write_bytes(place.path.read_bytes()))
    writer.start()
    with source_at(Place(Kind.OCI_ARCHIVE, pipe)) as source:
        assert copied(source, "1", Memory()).digest == digest
    writer.join()


# The same each time.


class Reversed:
    """A target that is brought each blob after those that are smaller, as far as it lets others come first."""

    def __init__(self, target: Target, *, whole: bool) -> None:
        """`whole`: they have come, and have not just begun."""
        self.target, self.whole = target, whole
        self.come: dict[Digest, threading.Event] = {}

    def __getattr__(self, name: str) -> object:
        return getattr(self.target, name)

    def expect(self, content: Sequence[Descriptor]) -> None:
        self.come = {blob.digest: threading.Event() for blob in content if blob.digest in BIG.blobs}
        if isinstance(self.target, Expecting):
            self.target.expect(content)

    def take_blob(self, blob: Descriptor, source: BlobSource) -> How:
        order = list(self.come)
        for later in order[order.index(blob.digest) + 1 :]:
            assert self.come[later].wait(60)
        if not self.whole:
            self.come[blob.digest].set()
        how = self.target.take_blob(blob, source)
        self.come[blob.digest].set()
        return how


BY_SIZE = sorted(BIG.blobs, key=lambda digest: -len(BIG.blobs[digest]))


def in_reverse(place: Place) -> None:
    with target_at(place) as target:
        copied(in_memory(BIG, "1"), "1", cast("Target", Reversed(target, whole=str(place.path) != "-")), "app:1")


@pytest.mark.parametrize("kind", [Kind.DOCKER_ARCHIVE, Kind.OCI_ARCHIVE])
def test_an_archive_is_the_same_whichever_blob_comes_first(tmp_path: Path, kind: Kind) -> None:
    one, two = (Place(kind, tmp_path / name) for name in ("one.tar", "two.tar"))
    in_reverse(one)
    write(two, in_memory(BIG, "1"), "1", "app:1")
    assert one.path.read_bytes() == two.path.read_bytes()
    blobs = [f"blobs/sha256/{digest.hex}" for digest in (*BY_SIZE, BIG.digest)]
    lists = ["oci-layout", "index.json", *["manifest.json"] * (kind is Kind.DOCKER_ARCHIVE)]
    assert list(members(one.path)) == [*blobs, *lists]


def test_a_stream_is_the_same_as_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = Place(Kind.OCI_ARCHIVE, tmp_path / "image.tar")
    write(file, in_memory(BIG, "1"), "1", "app:1")
    out = tmp_path / "out.tar"
    with out.open("w") as stream, monkeypatch.context() as patch:
        patch.setattr(sys, "stdout", stream)
        in_reverse(Place(Kind.OCI_ARCHIVE, Path("-")))
    assert out.read_bytes() == file.path.read_bytes()


def test_several_platforms_are_the_same_archive_each_time(tmp_path: Path) -> None:
    store = Memory()
    platform_index(store, "1", [f"linux/{cpu}" for cpu in ("amd64", "arm64", "s390x", "riscv64", "ppc64le")])
    places = [Place(Kind.OCI_ARCHIVE, tmp_path / f"{count}.tar") for count in range(5)]
    for place in places:
        write(place, store, "1", "1")
    assert len({place.path.read_bytes() for place in places}) == 1


@pytest.mark.parametrize("left", [[], [os.urandom(4 << 20)]], ids=["itself", "another image"])
@pytest.mark.parametrize("kind", [Kind.DOCKER_ARCHIVE, Kind.OCI_ARCHIVE])
def test_what_broke_off_becomes_the_same_archive(tmp_path: Path, kind: Kind, left: list[bytes]) -> None:
    place, fresh = (Place(kind, tmp_path / name) for name in ("image.tar", "fresh.tar"))
    source = Counted(breaks=True)
    in_memory(Image.of([*left, BIG.layers[1]]) if left else BIG, "1", into=source)
    with pytest.raises(SizeMismatch):
        write(place, source, "1", "app:1")
    for whole in (place, fresh):
        write(whole, in_memory(BIG, "1"), "1", "app:1")
    assert place.path.read_bytes() == fresh.path.read_bytes()


# Going on.


@pytest.mark.parametrize("kind", [Kind.DOCKER_ARCHIVE, Kind.OCI_ARCHIVE, Kind.OCI, Kind.DIR])
def test_what_broke_off_goes_on_where_it_was(tmp_path: Path, kind: Kind) -> None:
    place = Place(kind, tmp_path / "image")
    source = Counted(breaks=True)
    in_memory(BIG, "1", into=source)
    with pytest.raises(SizeMismatch):
        write(place, source, "1", "app:1")
    assert not place.path.is_file()
    source.asked.clear()
    source.breaks = False
    write(place, source, "1", "app:1")
    largest = Digest.of(BIG.layers[0])
    assert source.asked[largest] == [(3 << 19) + 1]
    with source_at(place) as back:
        assert copied(back, "", Memory()).digest == BIG.digest
    assert [path.name for path in tmp_path.rglob("*.partial")] == []
    assert not list(tmp_path.rglob(".arriving"))


def test_what_was_left_wrong_is_brought_anew(tmp_path: Path) -> None:
    place = Place(Kind.OCI_ARCHIVE, tmp_path / "image.tar")
    source = Counted(breaks=True)
    in_memory(BIG, "1", into=source)
    with pytest.raises(SizeMismatch):
        write(place, source, "1", "1")
    partial = tmp_path / ".image.tar.partial"
    with partial.open("r+b") as file:
        file.seek(700)  # in the first layer
        file.write(b"not what came")
    source.breaks = False
    write(place, source, "1", "1")
    with source_at(place) as back:
        assert copied(back, "1", Memory()).digest == BIG.digest


def test_what_another_image_left_takes_no_room_in_the_archive(tmp_path: Path) -> None:
    place = Place(Kind.OCI_ARCHIVE, tmp_path / "image.tar")
    other = Counted(breaks=True)
    in_memory(Image.of([os.urandom(4 << 20), BIG.layers[1]]), "1", into=other)
    with pytest.raises(SizeMismatch):
        write(place, other, "1", "1")
    write(place, in_memory(BIG, "1"), "1", "1")
    size = sum(map(len, BIG.blobs.values()))
    assert size < place.path.stat().st_size < size + (64 << 10)
    with source_at(place) as back:
        assert copied(back, "1", Memory()).digest == BIG.digest
    members(place.path)


def test_two_who_write_one_archive_do_not_meet(tmp_path: Path) -> None:
    place = Place(Kind.OCI_ARCHIVE, tmp_path / "image.tar")
    one, two = in_memory(BIG, "1"), in_memory(random_image(), "1")
    with target_at(place) as first:
        copied(one, "1", first, "1")
        write(place, two, "1", "1")
    with source_at(place) as back:
        assert copied(back, "1", Memory()).digest == BIG.digest
    assert [path.name for path in tmp_path.iterdir()] == ["image.tar"]


def test_an_archive_that_is_there_stays_until_the_new_one_is_whole(tmp_path: Path) -> None:
    place = Place(Kind.DOCKER_ARCHIVE, tmp_path / "image.tar")
    image = random_image()
    write(place, in_memory(image, "1"), "1", "app:1")
    source = Counted(breaks=True)
    in_memory(BIG, "1", into=source)
    with pytest.raises(SizeMismatch):
        write(place, source, "1", "app:1")
    with source_at(place) as back:
        assert back.resolve("").digest == image.digest


KILLED = """
import os, sys, threading, time
from pathlib import Path
from boxship.formats.opening import target_at
from boxship.formats.place import Kind, Place
from boxship.spec.descriptor import Descriptor
from boxship.digest import Digest
from contextlib import contextmanager

content = Path(sys.argv[1]).read_bytes()

class Slow:
    @contextmanager
    def open_blob(self, blob, at=0):
        yield self.pieces()
    def pieces(self):
        yield memoryview(content)[: 1 << 20]
        print("half", flush=True)
        time.sleep(60)

with target_at(Place(Kind(sys.argv[2]), Path(sys.argv[3]))) as target:
    target.take_blob(Descriptor(media_type="", digest=Digest.of(content), size=len(content)), Slow())
"""


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT])
@pytest.mark.parametrize("kind", [Kind.DOCKER_ARCHIVE, Kind.OCI, Kind.DIR])
def test_a_killed_process_leaves_no_half_file_and_what_came_is_kept(
    tmp_path: Path, kind: Kind, how: signal.Signals
) -> None:
    place = Place(kind, tmp_path / "image")
    layer = tmp_path / "layer"
    layer.write_bytes(BIG.layers[0])
    argv = [sys.executable, "-c", KILLED, str(layer), kind.value, str(place.path)]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        assert process.stdout
        assert process.stdout.readline() == b"half\n"
        process.send_signal(how)
    assert not place.path.is_file()
    hexes = {digest.hex for digest in BIG.blobs}
    assert not [path for path in tmp_path.rglob("*") if path.name in hexes]
    source = Counted()
    in_memory(BIG, "1", into=source)
    write(place, source, "1", "app:1")
    assert source.asked[Digest.of(BIG.layers[0])] == [1 << 20]
    with source_at(place) as back:
        assert copied(back, "", Memory()).digest == BIG.digest


def test_a_full_disk_is_told_in_words_and_there_is_no_archive(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place = Place(Kind.DOCKER_ARCHIVE, tmp_path / "image.tar")

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr("boxship.formats.resumed.write_all", full)
    with pytest.raises(BoxshipError, match=r"image\.tar cannot be written: no space left.*goes on with what has come"):
        write(place, in_memory(BIG, "1"), "1", "1")
    assert not place.path.exists()
    monkeypatch.undo()
    write(place, in_memory(BIG, "1"), "1", "1")


def test_a_folder_that_may_not_be_written_is_said(tmp_path: Path) -> None:
    place = Place(Kind.DOCKER_ARCHIVE, tmp_path / "nowhere" / "image.tar")
    with pytest.raises(BoxshipError, match=r"cannot be written: .*no such file or directory"):
        write(place, in_memory(BIG, "1"), "1", "1")


def test_a_blob_that_failed_may_be_taken_again_from_elsewhere(tmp_path: Path) -> None:
    place = Place(Kind.OCI_ARCHIVE, tmp_path / "image.tar")
    content = BIG.layers[0]
    blob = Descriptor(media_type="", digest=Digest.of(content), size=len(content))
    wrong = Memory()
    wrong._blobs[blob.digest] = content[:-1] + b"?"

    class Verifying(Memory):
        @contextmanager
        def open_blob(self, blob: Descriptor, at: int = 0) -> Iterator[Iterator[memoryview]]:
            raise DigestMismatch("a blob", expected="", actual="")
            yield

    with target_at(place) as target:
        for source in (Verifying(), in_memory(BIG, "1")):
            with contextlib.suppress(DigestMismatch):
                target.take_blob(blob, source)
        copied(in_memory(BIG, "1"), "1", target, "1")
    with source_at(place) as back:
        assert copied(back, "1", Memory()).digest == BIG.digest
    assert place.path.stat().st_size < sum(map(len, BIG.blobs.values())) + (64 << 10)
