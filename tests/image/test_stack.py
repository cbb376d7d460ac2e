"""Files of an image: links lead nowhere but into it, and no layer is read that has no say."""

from __future__ import annotations

import contextlib
import os
import tracemalloc
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import pytest

from boxship.digest import Digest
from boxship.errors import NotFound, UnexpectedAnswer
from boxship.formats.memory import Memory
from boxship.image.bounds import Bounds
from boxship.image.layers import Layers
from boxship.image.opening import image_at
from boxship.image.stack import Stack
from boxship.spec.descriptor import Descriptor
from boxship.testing import Image
from tests.formats.stores import Entry, file, folder, in_memory, layers_of, link, symlink, tar_of


class Counted(Memory):
    """Says which layers were asked for."""

    def __init__(self) -> None:
        super().__init__("counted")
        self.asked: list[Descriptor] = []

    @contextmanager
    def open_blob(self, blob: Descriptor, at: int = 0) -> Iterator[Iterator[memoryview]]:
        self.asked.append(blob)
        with super().open_blob(blob, at) as pieces:
            yield pieces


@contextmanager
def stack(*layers: Sequence[Entry], bounds: Bounds | None = None) -> Iterator[tuple[Stack, Counted]]:
    store = Counted()
    in_memory(Image.of(map(tar_of, layers)), "1", into=store)
    with Stack(layers_of(store, bounds=bounds)) as made:
        store.asked.clear()
        yield made, store


def content(of: Stack, path: str) -> bytes | None:
    seen = of.find(path)
    return b"".join(of.content(seen)) if seen else None


LINKS: dict[str, tuple[list[list[Entry]], str, bytes | None]] = {
    "an absolute link": ([[file("b", b"1"), symlink("a", "/b")]], "a", b"1"),
    "a relative one": ([[file("d/b", b"1"), symlink("d/a", "b")]], "/d/a", b"1"),
    "out of the root": ([[file("etc/passwd", b"1"), symlink("a", "../../../etc/passwd")]], "a", b"1"),
    "a folder on the way": ([[file("usr/lib/a", b"1"), symlink("lib", "usr/lib")]], "lib/a", b"1"),
    "two on the way": ([[file("c/a", b"1"), symlink("b", "c"), symlink("d", "b")]], "d/a", b"1"),
    "of a lower layer": ([[symlink("lib", "usr/lib"), file("usr/lib/a", b"1")], [file("b")]], "lib/a", b"1"),
    "a folder in its place": (
        [[symlink("lib", "usr"), file("usr/a", b"1")], [folder("lib"), file("lib/a", b"2")]],
        "lib/a",
        b"2",
    ),
    "nothing of it is left": ([[symlink("lib", "usr"), file("usr/a", b"1")], [folder("lib")]], "lib/a", None),
    "a link that was removed": ([[symlink("lib", "usr"), file("usr/a", b"1")], [file(".wh.lib")]], "lib/a", None),
    "a link to nothing": ([[symlink("a", "b")]], "a", None),
    "a file on the way": ([[file("a", b"1")]], "a/b", None),
    "hard": ([[file("a", b"1"), link("b", "a")]], "b", b"1"),
    "hard, of a lower layer": ([[file("a", b"1")], [link("b", "a")]], "b", b"1"),
    "hard, of what is hidden": ([[file("a", b"1"), link("b", "a")], [file("a", b"2")]], "b", b"1"),
    "hard, to a link to what had its name": (
        [[file("b", b"1"), link("a", "b")], [file(".wh.b"), link("b", "a")]],
        "b",
        b"1",
    ),
    "dots": ([[file("d/a", b"1")]], "./d/../d//a", b"1"),
    "a folder that became a link": (
        [[folder("d"), file("d/x", b"1"), symlink("d", "e"), file("e/x", b"2")]],
        "d/x",
        b"2",
    ),
    "a folder that became a link, and one again": (
        [[file("d/e/x", b"1"), file("e/x", b"1"), symlink("d", "/"), folder("d"), file("d/y", b"2")]],
        "d/e/x",
        None,
    ),
    "a link that became a folder": ([[symlink("d", "e"), folder("d"), file("d/x", b"1")]], "d/x", b"1"),
    "dots out of a link": (
        [[symlink("l", "x/y"), folder("x/y"), file("x/a", b"1"), file("a", b"2")]],
        "l/../a",
        b"1",
    ),
    "a link with dots out of a link": (
        [[symlink("l", "x/y"), folder("x/y"), file("x/a", b"1"), file("a", b"2"), symlink("m", "l/../a")]],
        "m",
        b"1",
    ),
    "dots out of nothing": ([[file("a", b"1")]], "b/../a", None),
    "dots out of a file": ([[file("a", b"1")]], "a/../a", None),
    "dots again and again": ([[file("d/a", b"1")]], "d/../" * 30 + "d/a", b"1"),
    "written with dots": ([[file("./d/a", b"1")]], "d/a", b"1"),
}


@pytest.mark.parametrize(("layers", "path", "found"), LINKS.values(), ids=LINKS)
def test_a_path_leads_where_it_leads_in_the_image(layers: list[list[Entry]], path: str, found: bytes | None) -> None:
    with stack(*layers) as (files, _):
        assert content(files, path) == found


def test_links_in_a_circle_end() -> None:
    with stack([symlink("a", "b"), symlink("b", "a"), symlink("d", "d/d"), symlink("e", "e/../e")]) as (files, _):
        for path in ("a", "b", "d", "d/x", "e"):
            with pytest.raises(UnexpectedAnswer, match="leads nowhere"):
                files.find(path)


def test_a_hard_link_to_itself_is_no_file() -> None:
    with stack([link("a", "b"), link("b", "a")]) as (files, _):
        seen = files.find("a")
        assert seen
        with pytest.raises(NotFound):
            files.content(seen)


def test_a_hard_link_to_a_hard_link_is_one_to_its_file() -> None:
    """A chain is gone through once: for each of its links it would take the square of it, hours for a small layer."""
    links = [link(f"f{number}", f"./f{number - 1}") for number in range(1, 5_000)]
    with stack([file("f0", b"1")], [file("x")], links) as (files, _):
        shown = files.below("")
        assert {seen.entry.target for name, seen in shown.items() if name not in ("f0", "x")} == {"./f0"}
        assert content(files, "f4999") == b"1"
        assert {files.linked(seen).name for name, seen in shown.items() if name != "x"} == {"f0"}


def test_only_layers_that_have_a_say_are_read() -> None:
    layers = [[file(f"f{number}", b"%d" % number)] for number in range(10)]
    layers[7].append(file("d/.wh..wh..opq"))
    with stack(*layers) as (files, store):
        assert content(files, "f8") == b"8"
        assert len(store.asked) == 2
        assert files.find("d/x") is None  # an opaque folder: what is below it is not asked
        assert (files.read, len(store.asked)) == ((7, 8, 9), 3)
        assert content(files, "f9") == b"9"  # of a layer that was read for something else
        assert content(files, "f0") == b"0"
        assert files.read == tuple(range(10))


@pytest.mark.parametrize("whiteout", ["a/d/.wh..wh..opq", "a/.wh.d", "a/.wh..wh..opq", ".wh..wh..opq"])
def test_a_folder_is_listed_down_to_the_layer_that_hides_the_rest(whiteout: str) -> None:
    with stack([file("a/d/x")], [file(whiteout)], [file("a/d/y"), file("z")]) as (files, _):
        assert list(files.below("a/d")) == ["a/d/y"]
        assert files.read == (1, 2)


def test_a_layer_that_may_not_be_distributed_matters_where_it_has_a_say() -> None:
    store = in_memory(Image.of([tar_of([file("a", b"1")])]), "1")
    (layer,) = image_at(store, "1").layers
    media_type = "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip"
    foreign = Descriptor(media_type=media_type, digest=Digest.of(b""), size=layer.size, urls=("https://x/",))
    with Stack(Layers(store, (foreign, layer), Bounds())) as files:
        assert content(files, "a") == b"1"
        with pytest.raises(UnexpectedAnswer, match="is not there"):
            files.find("b")


def test_a_bomb_is_not_unpacked() -> None:
    few = Bounds(size=5_000)
    with (
        stack([file("a", bytes(10_000))], bounds=few) as (files, _),
        pytest.raises(UnexpectedAnswer, match="more than"),
    ):
        files.find("a")


@pytest.mark.parametrize("name", ["a/" * 300_000 + "x", "/".join(["a"] * 2_000) + "/x"])
def test_names_of_very_many_folders_take_no_memory(name: str) -> None:
    """A layer of a few kilobytes: each folder on the way, held as a name of its own, would take gigabytes."""
    tracemalloc.start()
    try:
        layer = [file(f"{number:06}/{name}") for number in range(5)]
        with stack(layer) as (files, _), contextlib.suppress(UnexpectedAnswer):
            assert files.find("b") is None
        assert tracemalloc.get_traced_memory()[1] < 16_000_000
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("fields", [{"uid": "abc"}, {"mtime": "nan"}, {"gid": "1" * 5_000}])
def test_a_header_without_sense_is_said(fields: dict[str, str]) -> None:
    with stack([file("a", pax_headers=fields)]) as (files, _), pytest.raises(UnexpectedAnswer, match="header"):
        files.find("a")


def test_many_files_that_are_wanted_are_one_that_is_open() -> None:
    names = [f"f{number}" for number in range(5)]
    layer = [file(name, name.encode() * 1_000_000) for name in names]
    with stack(layer) as (files, _):
        files.want(names)
        before = _open_files()
        assert [content(files, name) for name in names] == [name.encode() * 1_000_000 for name in names]
        assert _open_files() <= before + 1


def _open_files() -> int:
    return sum(1 for number in range(2_000) if _is_open(number))


def _is_open(number: int) -> bool:
    try:
        os.fstat(number)
    except OSError:
        return False
    return True
