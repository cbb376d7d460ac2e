"""Whatever titles, names and links an artifact has, nothing of it leaves the folder that it is pulled into."""

from __future__ import annotations

import contextlib
import os
import tempfile
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from boxship import Client
from boxship.errors import NameTaken, UnexpectedAnswer
from tests.artifact.test_pulling import Layer, artifact, packed, titled, tree_of
from tests.formats.stores import Entry, file, folder, link, symlink

# Most of them are as they should be: what is refused as a whole shows nothing of the rest.
TITLES = st.sampled_from(["a", "b", "e/f", "l", "e/a", "kept", "d/x", "../outside/new", "é"])
NAMES = st.sampled_from(["d/a", "d/b", "d/l", "d/m", "d/l/x", "d/m/x", "d/a/b", "d", "d/l/m", "x"])
TARGETS = st.sampled_from(
    ["a", "l", "m/..", "l/../..", "../..", "../../outside/secret", "/", "../outside", "d/a", "d/l"]
)


@st.composite
def entries(draw: st.DrawFn) -> list[Entry]:
    """What is in the tar of the folder `d`."""
    made = [folder("d")]
    for _ in range(draw(st.integers(0, 4))):
        name, target = draw(NAMES), draw(TARGETS)
        made.append(
            draw(st.sampled_from([file(name, b"hostile"), folder(name), symlink(name, target), link(name, target)]))
        )
    return made


LAYERS = st.lists(
    st.one_of(
        st.builds(lambda title: titled(b"hostile", title), TITLES), st.builds(lambda some: packed("d", some), entries())
    ),
    min_size=1,
    max_size=3,
)
LINKS = st.dictionaries(st.sampled_from(["a", "d", "into"]), st.sampled_from(["..", "../outside", "../outside/secret"]))
NOTHING: dict[str, str] = {}
THERE = st.one_of(st.just(NOTHING), st.just(NOTHING), LINKS)


@settings(max_examples=200)
@given(LAYERS, THERE, st.booleans())
def test_nothing_leaves_the_folder(layers: list[Layer], there: dict[str, str], overwrite: bool) -> None:  # noqa: FBT001 -- drawn
    with tempfile.TemporaryDirectory() as name, Client() as client:
        root = Path(name)
        (root / "outside").mkdir()
        (root / "outside/secret").write_text("mine")
        into = root / "into"
        into.mkdir()
        (into / "kept").write_text("mine")
        for link_name, target in there.items():
            (into / link_name).symlink_to(target)
        at, before = artifact(root, layers), tree_of(into)
        with contextlib.suppress(UnexpectedAnswer, NameTaken):
            client.pull_artifact(at, into, overwrite=overwrite)
        assert tree_of(root / "outside") == {"secret": "mine"}
        assert sorted(path.name for path in root.iterdir()) == ["into", "layout", "outside"]
        after = tree_of(into)
        if not overwrite:
            assert {one: after.get(one) for one in before} == before
        if not there:  # whose links may lead further on from one that leads to them
            links = (path for path in into.rglob("*") if path.is_symlink())
            assert all(os.path.realpath(path).startswith(os.path.realpath(into)) for path in links)
