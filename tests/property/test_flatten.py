"""Flattening is held against a plain model: layers of files, folders, links of both sorts and whiteouts.

Whatever they are, the one layer has every name with what was to be seen under it, and names of a file stay its names.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from boxship.connect.crew import Crew
from boxship.formats.memory import Memory
from boxship.image.flat import flat
from boxship.image.image import Image as Changed
from boxship.image.image import read_image
from boxship.image.overlay import Overlay
from boxship.image.unpack import unpack
from boxship.image.workshop import workshop
from boxship.store import Source
from boxship.testing import Image
from tests.formats.stores import Entry, copied, file, folder, in_memory, layers_of, link, symlink, tar_of

FOLDERS = ("d", "d/e", "f")
LEAVES = ("a", "b", "d/a", "d/b", "d/e/a", "f/a", "f/b")
ANY = (*FOLDERS, *LEAVES)


@dataclass(frozen=True, slots=True)
class Thing:
    """A folder (nothing is said), a symbolic link (its target), or a file: its bytes, and which file it is."""

    content: bytes = b""
    target: str = ""
    number: int = 0

    @property
    def is_folder(self) -> bool:
        return not (self.target or self.number)


FOLDER = Thing()
Tree = dict[str, Thing]


@dataclass(slots=True)
class Stack:
    """Layers that are drawn, and what they make."""

    layers: list[list[Entry]] = field(default_factory=list)
    tree: Tree = field(default_factory=dict)
    files: int = 0

    def put(self, draw: st.DrawFn) -> None:
        """Another layer, on top."""
        gone = draw(st.lists(st.sampled_from(ANY), unique=True, max_size=2))
        opaque = draw(st.lists(st.sampled_from(("", *FOLDERS)), unique=True, max_size=1))
        own = self._own(draw)
        left = _left(self.tree, own, gone, opaque)
        links = self._links(draw, own, left)
        marks = [file(f"{name}/.wh..wh..opq".lstrip("/")) for name in opaque]
        marks += [file(str(Path(name).with_name(f".wh.{Path(name).name}"))) for name in gone]
        entries = [_entry(name, own[name]) for name in sorted(own)]
        for mark in marks:
            entries.insert(draw(st.integers(0, len(entries))), mark)
        entries += [link(name, target) for name, target in links.items()]
        linked = {name: {**left, **own}[target] for name, target in links.items()}
        self.layers.append(entries)
        self.tree = {**_left(self.tree, {**own, **linked}, gone, opaque), **own, **linked}

    def _own(self, draw: st.DrawFn) -> Tree:
        own: Tree = {}
        for name in draw(st.lists(st.sampled_from(ANY), unique=True, max_size=5)):
            if not _fits(name, own):
                continue
            kind = draw(st.sampled_from(("file", "link", "folder" if name in FOLDERS else "file")))
            if kind != "folder" and any(other.startswith(f"{name}/") for other in own):
                continue
            own |= dict.fromkeys(_parents(name), FOLDER)
            own[name] = FOLDER if kind == "folder" else Thing(target="x") if kind == "link" else self._file()
        return own

    def _file(self) -> Thing:
        self.files += 1
        return Thing(content=b"%d" % self.files, number=self.files)

    def _links(self, draw: st.DrawFn, own: Tree, left: Tree) -> dict[str, str]:
        """Hard links to files of the layer, or to those that are still to be seen of lower ones."""
        files = sorted(name for name, thing in {**left, **own}.items() if thing.number)
        links: dict[str, str] = {}
        for name in draw(st.lists(st.sampled_from(LEAVES), unique=True, max_size=2)):
            # No file goes by a link that has its name, and the folders that it is in are told.
            free = name not in own and name not in files and all(parent in own for parent in _parents(name))
            if files and free and _fits(name, own):
                links[name] = draw(st.sampled_from(files))
        return links


def _parents(name: str) -> list[str]:
    return [parent.as_posix() for parent in reversed(Path(name).parents) if parent.name]


def _fits(name: str, own: Tree) -> bool:
    """Whether the layer has nothing that is in its way."""
    return all(own.get(parent, FOLDER).is_folder for parent in _parents(name)) and name not in own


def _entry(name: str, thing: Thing) -> Entry:
    if thing.is_folder:
        return folder(name)
    return symlink(name, thing.target) if thing.target else file(name, thing.content)


def _left(tree: Tree, own: Tree, gone: list[str], opaque: list[str]) -> Tree:
    """What is to be seen of lower layers."""
    return {
        name: thing
        for name, thing in tree.items()
        if not any(name == one or name.startswith(f"{one}/") for one in gone)
        and not any(one == "" or name.startswith(f"{one}/") for one in opaque)
        and not any(not other.is_folder and name.startswith(f"{one}/") for one, other in own.items())
    }


@st.composite
def stacks(draw: st.DrawFn) -> Stack:
    """Layers, the lowest first."""
    stack = Stack()
    for _ in range(draw(st.integers(1, 4))):
        stack.put(draw)
    return stack


@contextmanager
def flattened(store: Memory) -> Iterator[tuple[Source, Changed]]:
    """The image of one layer, and where it is."""
    crew = Crew(2, "test-flatten")
    try:
        with workshop(crew) as shop:
            made = flat(store, read_image(store, store.read(store.resolve("1"))), shop)
            yield Overlay(store, (made.document,), made.new, {}), made
    finally:
        crew.close()


def seen(source: Source, name: str) -> dict[str, tuple[bytes | str, frozenset[str]]]:
    """What is unpacked: of files their bytes and all of their names, of links their targets."""
    with tempfile.TemporaryDirectory() as root:
        unpack(layers_of(source, name), Path(root))
        paths = [path for path in Path(root).rglob("*") if path.is_symlink() or not path.is_dir()]
        called = {path: path.relative_to(root).as_posix() for path in paths}
        inode = {path: path.lstat().st_ino for path in paths}
        return {
            called[path]: (
                str(path.readlink()) if path.is_symlink() else path.read_bytes(),
                frozenset(called[other] for other in paths if inode[other] == inode[path]),
            )
            for path in paths
        }


def modelled(tree: Tree) -> dict[str, tuple[bytes | str, frozenset[str]]]:
    leaves = {name: thing for name, thing in tree.items() if not thing.is_folder}
    same = {
        name: frozenset(other for other, one in leaves.items() if thing.number and one.number == thing.number)
        for name, thing in leaves.items()
    }
    return {name: (thing.target or thing.content, same[name] or frozenset({name})) for name, thing in leaves.items()}


# What hides a file, or a link to it, hides no other link; each row with names of one file, which is `1`.
LINKED: list[tuple[list[list[Entry]], set[str]]] = [
    ([[file("f", b"1"), link("h", "f")], [link("b", "h")], [file("f", b"2"), file("h", b"3")]], {"b"}),
    ([[file("f", b"1"), link("h", "f")], [link("b", "h"), link("c", "f")], [file("f"), file("h")]], {"b", "c"}),
    ([[file("f", b"1"), link("a", "f")], [link("b", "f")], [file("f", b"2")]], {"a", "b"}),
    ([[file("f", b"1"), link("a", "f")], [link("b", "a"), link("c", "f")], [file("f", b"2")]], {"a", "b", "c"}),
    ([[file("f", b"1"), link("a", "f"), link("z", "a")], [link("b", "f")], [file("f"), file("a")]], {"b", "z"}),
    ([[file("f", b"1")], [link("h", "f")], [file("f", b"2")], [link("b", "h")]], {"b", "h"}),
    ([[file("f", b"1"), link("h", "f")], [file("f", b"2")], [link("b", "h")]], {"b", "h"}),
]


@pytest.mark.parametrize(("layers", "names"), LINKED)
def test_names_of_one_file_stay_names_of_one_file(layers: list[list[Entry]], names: set[str]) -> None:
    store = in_memory(Image.of(tar_of(entries, packed=False) for entries in layers), "1")
    with flattened(store) as (source, made):
        found = seen(source, str(made.document.digest))
    assert {name: found[name] for name in names} == {name: (b"1", frozenset(names)) for name in names}
    assert found == seen(store, "1")


@given(stacks())
def test_the_one_layer_has_what_all_of_them_show(stack: Stack) -> None:
    store = in_memory(Image.of(tar_of(entries, packed=False) for entries in stack.layers), "1")
    assert seen(store, "1") == modelled(stack.tree)
    with flattened(store) as (source, made), flattened(store) as (_, again):
        assert len(made.manifest.layers) == 1
        assert made.document == again.document
        name = str(made.document.digest)
        assert seen(source, name) == modelled(stack.tree)
        there = Memory()
        copied(source, name, there, "1")
        with flattened(there) as (_, once_more):
            assert once_more.manifest.layers == made.manifest.layers
