"""What was damaged at a registry is sent again by whoever copies the image there once more."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from boxship import Client
from boxship.digest import Digest
from boxship.testing import Image, RunningRegistry, put_image, registry
from tests.cli.running import boxship
from tests.formats.stores import file, tar_of

LAYER = tar_of([file("a", os.urandom(1000))], packed=False)
IMAGE = Image.of([LAYER, tar_of([file("b", b"b")], packed=False)])


@pytest.fixture
def target() -> Iterator[RunningRegistry]:
    with registry() as running:
        yield running


def damage(running: RunningRegistry, digest: Digest) -> None:
    """Damage a blob, and let the registry find that out."""
    (path,) = (running.folder / "blobs").rglob(digest.hex)
    path.chmod(0o600)
    path.write_bytes(path.read_bytes()[:-1] + b"?")
    assert boxship("registry", "scrub", "--disk", str(running.folder)).status == 8


@pytest.mark.parametrize("name", ["app:v1", "app:v2"])
def test_a_copy_sends_again_what_was_damaged(target: RunningRegistry, name: str) -> None:
    with registry() as source, Client() as client:
        put_image(source.address, "app", "v1", IMAGE)
        client.copy(f"{source.address}/app:v1", f"{target.address}/app:v1")
        damage(target, Digest.of(IMAGE.layers[0]))
        copied = client.copy(f"{source.address}/app:v1", f"{target.address}/{name}")
        assert (copied.pushed, copied.present) == (1, 2)
        assert boxship("validate", f"{target.address}/{name}").status == 0


def test_an_append_that_is_run_again_sends_its_layer_again(target: RunningRegistry, tmp_path: Path) -> None:
    (tmp_path / "layer.tar").write_bytes(LAYER)
    words = ("append", "-f", str(tmp_path / "layer.tar"), "-t", f"{target.address}/app:v1")
    assert boxship(*words).status == 0
    with Client() as client:
        (layer,) = client.manifest(f"{target.address}/app:v1").layers  # type: ignore[union-attr] # it is no index
    damage(target, layer.digest)
    assert boxship("validate", f"{target.address}/app:v1").status == 8
    done = boxship(*words)
    assert done.status == 0, done.errors
    assert boxship("validate", f"{target.address}/app:v1").status == 0


def test_what_nobody_has_any_more_is_still_told(target: RunningRegistry) -> None:
    put_image(target.address, "app", "v1", IMAGE)
    damage(target, Digest.of(IMAGE.layers[0]))
    done = boxship("copy", f"{target.address}/app:v1", f"{target.address}/app:v2")
    assert done.status != 0
    assert "Traceback" not in done.errors
