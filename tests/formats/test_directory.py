"""`dir:` folders: what skopeo reads and writes."""

from __future__ import annotations

import errno
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from boxship.digest import Digest
from boxship.errors import BoxshipError, DigestMismatch, InvalidInput, NotFound, SizeMismatch
from boxship.formats.directory import Directory, DirectorySource
from boxship.formats.memory import Memory
from boxship.formats.opening import source_at, target_at
from boxship.formats.place import Kind, Place
from boxship.media_type import DOCKER_LIST, OCI_INDEX
from boxship.testing import Image, random_image
from tests.formats.stores import copied, in_memory, platform_index
from tests.peers.programs import skopeo_copy

BOTH = ("linux/amd64", "linux/arm64")


def names_in(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def hex_names(image: Image) -> set[str]:
    return {digest.hex for digest in image.blobs}


def test_an_image_lies_in_the_folder_as_skopeo_puts_it_there(tmp_path: Path) -> None:
    image = random_image()
    copied(in_memory(image, "1"), "1", Directory(tmp_path / "dir"), "1")
    assert names_in(tmp_path / "dir") == {"version", "manifest.json", *hex_names(image)}
    assert (tmp_path / "dir" / "version").read_text() == "Directory Transport Version: 1.1\n"
    assert (tmp_path / "dir" / "manifest.json").read_bytes() == image.manifest
    back = Memory()
    assert copied(DirectorySource(tmp_path / "dir"), "", back, "1").digest == image.digest


@pytest.mark.parametrize("media_type", [OCI_INDEX, DOCKER_LIST])
@pytest.mark.peer("skopeo")
def test_skopeo_reads_the_index_that_is_written_and_its_own_is_read(tmp_path: Path, media_type: str) -> None:
    store = Memory()
    digest = platform_index(store, "1", BOTH, media_type)
    copied(store, "1", Directory(tmp_path / "ours"))
    skopeo_copy(f"dir:{tmp_path}/ours", f"dir:{tmp_path}/theirs", "--all", "--preserve-digests")
    assert names_in(tmp_path / "ours") == names_in(tmp_path / "theirs")
    for name in names_in(tmp_path / "theirs"):
        assert (tmp_path / "ours" / name).read_bytes() == (tmp_path / "theirs" / name).read_bytes()
    back = Memory()
    assert copied(DirectorySource(tmp_path / "theirs"), "", back, "1").digest == digest
    assert back.resolve("1").media_type == media_type


def test_an_image_of_an_index_is_found_by_its_digest(tmp_path: Path) -> None:
    store = Memory()
    digest = platform_index(store, "1", BOTH)
    copied(store, "1", Directory(tmp_path))
    source = DirectorySource(tmp_path)
    child = json.loads(source.read(source.resolve("")).raw)["manifests"][1]["digest"]
    assert source.resolve(child).digest == Digest.parse(child)
    assert source.resolve(str(digest)).digest == digest
    for name in ("latest", f"sha256:{'0' * 64}"):
        with pytest.raises(NotFound):
            source.resolve(name)


def test_another_image_takes_the_place_of_the_first_and_shares_its_blobs(tmp_path: Path) -> None:
    store, first = Memory(), random_image(seed=1)
    platform_index(store, "index", BOTH)
    in_memory(first, "image", into=store)
    copied(store, "index", Directory(tmp_path))
    (tmp_path / "signature-1").write_bytes(b"of the index")
    copied(store, "image", Directory(tmp_path))
    assert names_in(tmp_path) == {"version", "manifest.json", *hex_names(first)}
    again = copied(store, "image", Directory(tmp_path))
    assert (again.pushed, again.present) == (0, 0)


def test_what_the_folder_holds_stays_until_the_new_image_is_whole(tmp_path: Path) -> None:
    image, other = random_image(seed=1), random_image(seed=2)
    copied(in_memory(image, "1"), "1", Directory(tmp_path))

    class Broken(Memory):
        @contextmanager
        def open_blob(self, blob: object, at: int = 0) -> Iterator[Iterator[memoryview]]:
            raise SizeMismatch("a blob", expected=1, actual=0)
            yield

    with pytest.raises(SizeMismatch):
        copied(in_memory(other, "2", into=Broken()), "2", Directory(tmp_path))
    assert copied(DirectorySource(tmp_path), "", Memory()).digest == image.digest


def test_a_folder_of_other_things_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("years of work")
    with pytest.raises(InvalidInput, match="other things"):
        copied(in_memory(random_image(), "1"), "1", Directory(tmp_path))
    assert names_in(tmp_path) == {"thesis.txt"}


def test_a_folder_with_a_version_of_something_else_is_left_alone(tmp_path: Path) -> None:
    others = {"version": "2.4.1\n", "thesis.txt": "years of work"}
    for name, content in others.items():
        (tmp_path / name).write_text(content)
    with pytest.raises(InvalidInput, match="other things"):
        copied(in_memory(random_image(), "1"), "1", Directory(tmp_path))
    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == others


def test_what_somebody_laid_beside_the_image_stays_when_another_comes(tmp_path: Path) -> None:
    old, new = random_image(seed=1), random_image(seed=2)
    copied(in_memory(old, "1"), "1", Directory(tmp_path))
    theirs = {"README", "abc", "signature-of-mine", f".{'0' * 64}.note"}
    for name in (*theirs, "signature-2", f"{'0' * 64}-signature-1", f".manifest.json.{'0' * 32}"):
        (tmp_path / name).write_text("x")
    copied(in_memory(new, "1"), "1", Directory(tmp_path))
    assert names_in(tmp_path) == {"version", "manifest.json", *hex_names(new), *theirs}


def test_the_folder_holds_one_image(tmp_path: Path) -> None:
    target = Directory(tmp_path)
    copied(in_memory(random_image(seed=1), "1"), "1", target)
    with pytest.raises(InvalidInput, match="one image"):
        copied(in_memory(random_image(seed=2), "1"), "1", target)


def test_a_manifest_under_a_wrong_name_is_found_wrong(tmp_path: Path) -> None:
    wrong = Digest.of(b"another")
    copied(in_memory(random_image(), "1"), "1", Directory(tmp_path))
    (tmp_path / f"{wrong.hex}.manifest.json").write_bytes((tmp_path / "manifest.json").read_bytes())
    with pytest.raises(DigestMismatch):
        DirectorySource(tmp_path).resolve(str(wrong))


def test_what_is_no_image_is_said_to_be_none(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match=r"manifest\.json"):
        DirectorySource(tmp_path).resolve("")


def test_a_full_disk_is_told_in_words_and_leaves_nothing_under_a_final_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    image = random_image()
    target = Directory(tmp_path)
    target._begin()
    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(BoxshipError, match=r"cannot be written: no space left.*make room"):
        copied(in_memory(image, "1"), "1", target)
    assert names_in(tmp_path) - {".arriving"} == {"version"}


@pytest.mark.parametrize("kind", [Kind.OCI, Kind.DIR])
def test_a_manifest_that_is_broken_is_written_anew(tmp_path: Path, kind: Kind) -> None:
    store, place = Memory(), Place(kind, tmp_path / "images")
    digest = platform_index(store, "1", BOTH)
    with target_at(place) as target:
        copied(store, "1", target)
    (child, _) = json.loads(store.read(store.resolve("1")).raw)["manifests"]
    name = child["digest"].partition(":")[2]
    (broken,) = (path for path in place.path.rglob("*") if path.name in (name, f"{name}.manifest.json"))
    broken.write_bytes(b"x" * broken.stat().st_size)
    with target_at(place) as target:
        assert copied(store, "1", target).pushed == 0
    with source_at(place) as source:
        assert copied(source, "", Memory()).digest == digest


@pytest.mark.parametrize("kind", [Kind.OCI, Kind.DIR])
def test_what_is_named_is_on_the_disk_before(tmp_path: Path, kind: Kind, monkeypatch: pytest.MonkeyPatch) -> None:
    """Files before they have their names, and their names before the one that refers to them."""
    steps: list[str] = []
    fsync, replace = os.fsync, Path.replace

    def told(descriptor: int) -> None:
        steps.append(f"disk {os.path.realpath(f'/proc/self/fd/{descriptor}')}")
        fsync(descriptor)

    def renamed(self: Path, target: Path) -> Path:
        steps.append(f"name {target.name}")
        assert f"disk {self}" in steps
        return replace(self, target)

    monkeypatch.setattr(os, "fsync", told)
    monkeypatch.setattr(Path, "replace", renamed)
    image, place = random_image(), Place(kind, tmp_path / "images")
    with target_at(place) as target:
        copied(in_memory(image, "1"), "1", target)
    blobs = place.path / "blobs" / "sha256" if kind is Kind.OCI else place.path
    last = "index.json" if kind is Kind.OCI else "manifest.json"
    named = max(steps.index(f"name {name}") for name in hex_names(image))
    disk = max(at for at, step in enumerate(steps[: steps.index(f"name {last}")]) if step == f"disk {blobs}")
    assert named < disk < steps.index(f"name {last}") < steps.index(f"disk {place.path}", disk + 1)
