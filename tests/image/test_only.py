"""A folder of an image alone: what upper layers say of it, or of a folder that it is in, is said of what it has."""

from __future__ import annotations

from pathlib import Path

import pytest

from boxship.image.unpack import unpack
from boxship.testing import Image
from tests.formats.stores import file, in_memory, layers_of, tar_of

UPPER = {
    "the folder is removed": ("a/.wh.d", False),
    "a folder that it is in is removed": (".wh.a", False),
    "its content is another one's": ("a/d/.wh..wh..opq", False),
    "the content of a folder that it is in is another one's": ("a/.wh..wh..opq", False),
    "all content is another one's": (".wh..wh..opq", False),
    "it is a file": ("a/d", False),
    "a folder that it is in is a file": ("a", False),
    "another is removed": ("a/.wh.de", True),
    "another is a file": ("a/de", True),
    "a name that says nothing is removed": (".wh.", True),
    "and beside it": ("a/.wh.", True),
    "what AUFS keeps for itself": (".wh..wh.plnk", True),
}


@pytest.mark.parametrize(("upper", "stays"), UPPER.values(), ids=UPPER)
def test_what_upper_layers_hide_is_not_unpacked(tmp_path: Path, upper: str, *, stays: bool) -> None:
    store = in_memory(Image.of(map(tar_of, ([file("a/d/x")], [file(upper)]))), "1")
    unpack(layers_of(store), tmp_path, only="a/d")
    assert [path.name for path in tmp_path.iterdir()] == (["x"] if stays else [])
