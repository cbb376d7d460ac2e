"""Layers of all sorts, one upon the other: exported and unpacked they are what image-spec's layer.md makes of them.

And whatever bytes a layer has, nothing but an error in words comes of it.
"""

from __future__ import annotations

import contextlib
import io
import tarfile
import tempfile
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from boxship.errors import UnexpectedAnswer
from boxship.image.export import export
from boxship.image.unpack import unpack
from boxship.testing import Image
from tests.formats.stores import Entry, file, folder, in_memory, layers_of, link, symlink, tar_of

FOLDERS = ("d", "d/e", "f")
NAMES = ("a", "b", "d/a", "d/b", "d/e/a", "d/e/b", "f/a", "d", "f", "d/e")

Tree = dict[str, bytes | None]
"""Names with a file's bytes, or None for a folder."""


@st.composite
def layers(draw: st.DrawFn) -> tuple[list[list[Entry]], Tree]:
    """Layers, each without contradictions in itself, and the file system that they make."""
    tree: Tree = {}
    made = []
    for number in range(draw(st.integers(1, 4))):
        own: Tree = {}
        for name in draw(st.lists(st.sampled_from(NAMES), unique=True, max_size=5)):
            as_folder = name in FOLDERS and draw(st.booleans())
            parents = [parent.as_posix() for parent in Path(name).parents if parent.name]
            if any(own.get(parent, b"") is not None and parent in own for parent in parents):
                continue
            if not as_folder and any(other.startswith(f"{name}/") for other in own):
                continue
            own |= dict.fromkeys(parents) | {name: None if as_folder else f"{number} {name}".encode()}
        gone = draw(st.lists(st.sampled_from(NAMES), unique=True, max_size=2))
        opaque = draw(st.lists(st.sampled_from(("", *FOLDERS)), unique=True, max_size=1))
        made.append(_entries(draw, own, gone, opaque))
        tree = _applied(tree, own, gone, opaque)
    return made, tree


def _entries(draw: st.DrawFn, own: Tree, gone: list[str], opaque: list[str]) -> list[Entry]:
    entries = [folder(name) if own[name] is None else file(name, own[name] or b"") for name in sorted(own)]
    marks = [file(f"{name}/.wh..wh..opq".lstrip("/")) for name in opaque]
    marks += [file(str(Path(name).with_name(f".wh.{Path(name).name}"))) for name in gone]
    for mark in marks:
        entries.insert(draw(st.integers(0, len(entries))), mark)
    return entries


def _applied(tree: Tree, own: Tree, gone: list[str], opaque: list[str]) -> Tree:
    left = {
        name: content
        for name, content in tree.items()
        if not any(name == one or name.startswith(f"{one}/") for one in gone)
        and not any(one == "" or name.startswith(f"{one}/") for one in opaque)
        and not any(own[one] is not None and name.startswith(f"{one}/") for one in own)
    }
    return {**left, **own}


@given(layers())
def test_layers_are_exported_and_unpacked_as_the_specification_says(drawn: tuple[list[list[Entry]], Tree]) -> None:
    made, tree = drawn
    files = {name: content for name, content in tree.items() if content is not None}
    store = in_memory(Image.of(tar_of(entries, packed=False) for entries in made), "1")
    out = io.BytesIO()
    export(store, "1", out.write)
    with tarfile.open(fileobj=io.BytesIO(out.getvalue()), mode="r:") as tar:
        members = tar.getmembers()
        found = {member.name: tar.extractfile(member).read() for member in members if member.isreg()}  # type: ignore[union-attr]
    assert found == files
    assert len(members) == len({member.name for member in members})
    with tempfile.TemporaryDirectory() as root:
        unpack(layers_of(store), Path(root))
        below = [path for path in Path(root).rglob("*") if path.is_file()]
        assert {path.relative_to(root).as_posix(): path.read_bytes() for path in below} == files


SOUND = tar_of(
    [
        folder("d"),
        file("d/a", b"1" * 700),
        link("d/b", "d/a"),
        symlink("l", "../d"),
        file("l/x" * 40, b"2"),
        file("d/.wh.q"),
        file("ü" * 80, pax_headers={"SCHILY.xattr.user.x": "y"}),
    ],
    packed=False,
)
CHANGES = st.lists(
    st.tuples(st.integers(0, len(SOUND) - 1), st.sampled_from([0, 255, *b"/.9-x"])), min_size=1, max_size=6
)


def changed(changes: list[tuple[int, int]], cut: int) -> bytes:
    """A tar with other bytes, and with checksums that are right nevertheless."""
    content = bytearray(SOUND)
    for at, byte in changes:
        content[at] = byte
    for at in range(0, len(content), tarfile.BLOCKSIZE):
        header = content[at : at + tarfile.BLOCKSIZE]
        if header[257:262] == b"ustar":
            header[148:156] = b" " * 8
            header[148:156] = b"%06o\0 " % sum(header)
            content[at : at + tarfile.BLOCKSIZE] = header
    return bytes(content[: len(content) - cut])


@given(CHANGES, st.sampled_from([0, 0, 0, 1, 512, 700, 5000]))
def test_whatever_a_layer_is_nothing_but_words_come_of_it(changes: list[tuple[int, int]], cut: int) -> None:
    store = in_memory(Image.of([changed(changes, cut)]), "1")
    for act in (lambda _: export(store, "1", io.BytesIO().write), lambda root: unpack(layers_of(store), root)):
        with tempfile.TemporaryDirectory() as root:
            inner = Path(root, "inner")
            inner.mkdir()
            with contextlib.suppress(UnexpectedAnswer):
                act(inner)
            assert [path.name for path in Path(root).iterdir()] == ["inner"]
