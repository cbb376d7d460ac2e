"""`boxship artifact`: its words, and what it prints."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from boxship.testing import put_image, registry
from tests.cli.running import boxship, three_parts

# As oras' own tests have it (test/e2e/testdata/files/foobar).
ANNOTATIONS = {
    "$config": {"hello": "config"},
    "$manifest": {"hi": "manifest"},
    "foobar/bar": {"foo": "bar", "org.opencontainers.image.title": "foobar/baz"},
}


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "foobar").mkdir()
    (tmp_path / "foobar/bar").write_text("bar")
    (tmp_path / "annotations.json").write_text(json.dumps(ANNOTATIONS))
    return tmp_path


def test_files_are_pushed_with_all_that_is_said_of_them_and_pulled(here: Path) -> None:
    with registry() as running:
        at = f"{running.address}/notes"
        words = (
            "--annotation-file",
            "annotations.json",
            "-a",
            "own=1",
            "--title",
            "told",
            "--media-type",
            "text/plain",
            "--created",
            "2026-01-02T03:04:05Z",
        )
        pushed = boxship("artifact", "push", f"{at}:1", "foobar/bar", "-", *words, given=b"said")
        assert pushed.output.startswith(f"{at}@sha256:")
        manifest = json.loads(boxship("manifest", f"{at}:1").raw)
        assert manifest["annotations"] == {
            "hi": "manifest",
            "org.opencontainers.image.created": "2026-01-02T03:04:05Z",
            "own": "1",
        }
        assert manifest["config"]["annotations"] == {"hello": "config"}
        assert manifest["layers"][0]["annotations"] == ANNOTATIONS["foobar/bar"]
        assert manifest["layers"][1]["mediaType"] == "text/plain"
        pulled = boxship("artifact", "pull", f"{at}:1", "-d", "out")
        assert pulled.output == "out/foobar/baz\nout/told\n"
        assert (here / "out/foobar/baz").read_text() == "bar"
        assert (here / "out/told").read_text() == "said"
        again = boxship("artifact", "pull", f"{at}:1", "-d", "out")
        what, why, do = three_parts(again)
        assert (again.status, what, why) == (1, "out/foobar/baz is not written", "there is something of that name")
        assert do == "--overwrite replaces it"
        assert boxship("artifact", "pull", f"{at}:1", "-d", "out", "--overwrite").status == 0


def test_what_issue_8_shows_of_artifacts(here: Path) -> None:
    (here / "sbom.json").write_text("{}")
    with registry() as running:
        at = f"{running.address}/reg/app"
        put_image(running.address, "reg/app", "2")
        attached = boxship("artifact", "attach", f"{at}:2", "sbom.json", "--artifact-type", "application/spdx+json")
        assert attached.output.startswith(f"{at}@sha256:")
        assert boxship("artifact", "pull", attached.output.strip(), "-d", "out").output == "out/sbom.json\n"
        assert boxship("validate", attached.output.strip()).status == 0


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("a:b",), "written with one more"),
        (("none",), "no such file"),
        (("foobar/bar", "--artifact-type", "sbom"), "media type"),
        (("foobar/bar", "-a", "b"), "NAME=VALUE"),
        (("foobar", "--annotation-file", "annotations.json"), "foobar/bar is none of the files"),
        (("foobar", "--annotation-file", "none.json"), "no such file"),
        (("foobar", "--annotation-file", "foobar/bar"), "not JSON"),
        (("-", "--media-type", "plain"), "--media-type 'plain'"),
        (("foobar/bar", "--created", "today"), "today"),
        (("foobar/bar", "./foobar/bar"), "two files"),
    ],
)
def test_wrong_words_are_told(words: tuple[str, ...], said: str, here: Path) -> None:
    told = boxship("artifact", "push", f"oci:{here}/layout:1", *words)
    assert told.status == 2
    assert said in told.errors
