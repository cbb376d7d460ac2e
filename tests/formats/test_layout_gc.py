"""What a layout does not need any more is removed, and nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest

from boxship.digest import Digest
from boxship.errors import ContentMismatch
from boxship.formats.layout_gc import collect, unneeded
from boxship.formats.memory import Memory
from boxship.formats.oci_layout import OCILayout
from boxship.testing import Image, random_image
from tests.cli.running import boxship
from tests.formats.stores import copied, in_memory, platform_index


def layout_of(folder: Path, *images: Image) -> OCILayout:
    layout = OCILayout(folder)
    for image in images:
        copied(in_memory(image, "1"), "1", layout, "app")  # which takes the name from the one before
    return layout


def test_what_lost_its_name_is_removed_with_all_that_it_alone_needs(tmp_path: Path) -> None:
    old, new = random_image(seed=1), random_image(seed=2)
    shared = Image.of([old.layers[0], new.layers[0]])
    layout = layout_of(tmp_path, old, shared)
    removed = {old.digest, Digest.of(old.config), Digest.of(old.layers[1])}
    assert set(unneeded(tmp_path)) == removed
    assert set(collect(tmp_path)) == removed
    assert collect(tmp_path) == []
    assert copied(layout, "app", Memory()).digest == shared.digest


def test_what_stands_in_an_index_is_needed(tmp_path: Path) -> None:
    memory = Memory()
    platform_index(memory, "1", ("linux/amd64", "linux/arm64"))
    copied(memory, "1", OCILayout(tmp_path), "app")
    assert unneeded(tmp_path) == []


def test_what_cannot_be_read_removes_nothing(tmp_path: Path) -> None:
    old, new = random_image(seed=1), random_image(seed=2)
    layout_of(tmp_path, old, new)
    (tmp_path / "blobs" / "sha256" / new.digest.hex).write_bytes(b"x" * len(new.manifest))
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(ContentMismatch):
        collect(tmp_path)
    assert sorted(tmp_path.rglob("*")) == before


def test_the_verb_says_what_it_removes(tmp_path: Path) -> None:
    layout_of(tmp_path, random_image(seed=1), random_image(seed=2))
    would = boxship("layout", "gc", "--dry-run", str(tmp_path))
    done = boxship("layout", "gc", str(tmp_path))
    assert (would.status, done.status, done.output) == (0, 0, "")
    assert would.errors.replace("would remove", "removed") == done.errors
    assert done.errors.count("boxship: removed sha256:") == 4
    assert boxship("layout", "gc", str(tmp_path)).errors == ""
    assert boxship("layout", "gc", str(tmp_path / "nobody")).status == 3
