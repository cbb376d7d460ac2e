"""A script that calls crane is answered by boxship as by crane: all rows, by both of them where crane is on PATH."""

from __future__ import annotations

import io
import json
import subprocess
import tarfile

import pytest

from boxship.digest import Digest
from boxship.testing import Image, put_image
from tests.crane.answers import answer, name_of, recorded
from tests.crane.rows import LISTING, ROWS
from tests.crane.stage import Stage
from tests.formats.stores import file, tar_of


def test_every_row_is_recorded() -> None:
    assert set(recorded()) == set(ROWS)


FILES = [
    ("app", tarfile.REGTYPE, 0o755, 10),
    ("also", tarfile.LNKTYPE, 0o644, 0),
    ("etc/version", tarfile.REGTYPE, 0o644, 1),
]


@pytest.mark.parametrize("line", ["export {at}/app:1 out.tar", "export --platform linux/arm64 {at}/app:multi out.tar"])
def test_what_is_exported_is_the_same(stage: Stage, line: str) -> None:
    part = stage.part(name_of(f"files of {line}"))
    assert part.run(line).status == 0
    with tarfile.open(part.here / "out.tar", "r:") as tar:
        assert [(member.name, member.type, member.mode, member.size) for member in tar] == FILES


def test_an_archive_from_standard_input_is_exported_to_standard_output(stage: Stage) -> None:
    part = stage.part("piped")
    assert part.run("pull {at}/app:1 app.tar").status == 0
    argv = [*stage.program, "export", "-"]
    with (part.here / "app.tar").open("rb") as archive:
        done = subprocess.run(argv, stdin=archive, capture_output=True, timeout=20, check=True)
    with tarfile.open(fileobj=io.BytesIO(done.stdout), mode="r:") as tar:
        assert tar.getnames() == [name for name, *_ in FILES]


def test_what_is_wrong_with_an_image_is_printed(stage: Stage) -> None:
    part = stage.part("wrong")
    image = Image.of([tar_of([file("a")])])
    other = {"type": "layers", "diff_ids": [str(Digest.of(b""))]}
    config = json.dumps({**json.loads(image.config), "rootfs": other}).encode()
    document = json.loads(image.manifest)
    document["config"] |= {"digest": str(Digest.of(config)), "size": len(config)}
    wrong = Image(manifest=json.dumps(document).encode(), config=config, layers=image.layers)
    put_image(stage.at, "wrong", "1", wrong)
    done = part.run("validate --remote {new}:1")
    assert done.status != 0
    assert done.output.startswith("FAIL: {new}:1: ")


@pytest.mark.parametrize("name", [name for name in ROWS if name not in LISTING])
def test_it_answers_as_crane_did(stage: Stage, name: str) -> None:
    assert answer(stage, name, ROWS[name]) == recorded()[name]
