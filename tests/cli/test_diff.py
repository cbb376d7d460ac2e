"""`boxship diff`: what it prints, in which status it ends, and what it asks a registry for."""

from __future__ import annotations

import json
import tarfile
from pathlib import Path
from typing import Any

import pytest

from boxship import Client
from boxship.errors import UnexpectedAnswer
from boxship.image.changes import Changes
from boxship.testing import Image, RunningRegistry, registry
from tests.cli.running import Outcome, boxship
from tests.formats.stores import Entry, file, folder, link, symlink, tar_of
from tests.image.test_packages import APK, DPKG
from tests.verbs.changed import put

STATUS = "var/lib/dpkg/status"
BASE = [
    folder("etc"),
    file("etc/a", b"1"),
    file("etc/b", b"1"),
    symlink("l", "etc/a"),
    file(STATUS, DPKG),
]
BEFORE = [file("only/before", b"12"), file("same", b"1", mtime=1), link("h", "same"), file("lib/apk/db/installed", APK)]
AFTER = [
    file("etc/a", b"2"),
    file("etc/.wh.b"),
    symlink("l", "etc/b"),
    file("same", b"1", mtime=2, mode=0o600),
    link("h", "same"),
    file(STATUS, DPKG.replace(b"u10", b"u11")),
]


@pytest.fixture
def layout(tmp_path: Path) -> str:
    at = f"oci:{tmp_path / 'layout'}"
    for name, layers in (("1", [BASE, BEFORE]), ("2", [BASE, AFTER])):
        put(at, name, Image.of(map(tar_of, layers)))
    return at


def diff(*words: str) -> Outcome:
    return boxship("diff", *words)


def found(*words: str) -> Any:
    return json.loads(diff(*words, "-o", "json").output)


def test_what_differs_is_said_and_the_status_is_8(layout: str) -> None:
    outcome = diff(f"{layout}:1", f"{layout}:2")
    assert outcome.status == 8
    lines = outcome.output.splitlines()
    assert "layers: the lowest 1 are the same, 1 others before, 1 after" in lines
    assert "packages: 0 added, 2 removed, 1 changed" in lines
    assert "~ deb libc6 (amd64) 2.36-9+deb12u10 -> 2.36-9+deb12u11" in lines
    assert "- apk musl (x86_64) 1.2.4-r2" in lines
    assert "files: 0 added, 3 removed, 5 changed" in lines
    assert "- /only/before 2 B" in lines
    assert "~ /etc/a content 1 B -> 1 B" in lines
    assert "~ /l target etc/a -> etc/b" in lines
    assert "~ /same mode 0644 -> 0600" in lines
    assert "~ /h mode 0644 -> 0600" in lines


def test_what_is_the_same_is_nothing_and_the_status_is_0(layout: str) -> None:
    outcome = diff(f"{layout}:1", f"{layout}:1")
    assert (outcome.status, outcome.output) == (0, "")
    assert found(f"{layout}:1", f"{layout}:1")["different"] is False


def test_what_differs_is_json(layout: str) -> None:
    told = found(f"{layout}:1", f"{layout}:2")
    assert told["schema"] == "boxship.diff/1"
    files = {one["path"]: one for one in told["files"]}
    assert files["/etc/a"]["what"] == ["content"]
    assert files["/etc/a"]["before"]["digest"] != files["/etc/a"]["after"]["digest"]
    assert files["/etc/b"]["after"] is None
    assert files["/same"]["what"] == ["mode"]
    timed = {one["path"]: one["what"] for one in found("--times", f"{layout}:1", f"{layout}:2")["files"]}
    assert timed["/same"] == ["mode", "modified"]
    assert {one["before"]["name"] for one in told["packages"]} == {"libc6", "musl", "busybox"}
    assert told["layers"]["shared"] == 1
    assert len(told["read"]) == 3  # the layer that both have, once


def test_what_gives_a_file_more_rights_and_what_makes_another_device_is_told(layout: str) -> None:
    capability = {"SCHILY.xattr.security.capability": "\x01"}
    put(layout, "3", Image.of([tar_of([file("ping"), _device("null", 3)])]))
    put(layout, "4", Image.of([tar_of([file("ping", pax_headers=capability), _device("null", 8)])]))
    files = {one["path"]: one for one in found(f"{layout}:3", f"{layout}:4")["files"]}
    assert {name: one["what"] for name, one in files.items()} == {"/ping": ["attributes"], "/null": ["device"]}
    assert files["/ping"]["after"]["attributes"] == {"security.capability": "\x01"}
    assert (files["/null"]["after"]["device"], files["/ping"]["after"]["device"]) == ([1, 8], None)
    lines = diff(f"{layout}:3", f"{layout}:4").output
    assert "~ /ping attributes none -> security.capability\n" in lines
    assert "~ /null device 1:3 -> 1:8\n" in lines


def _device(name: str, minor: int) -> Entry:
    return file(name, type=tarfile.CHRTYPE, devmajor=1, devminor=minor)


def test_the_other_way_round_what_is_gone_has_come(layout: str) -> None:
    there, back = found(f"{layout}:1", f"{layout}:2"), found(f"{layout}:2", f"{layout}:1")
    assert [(one["after"], one["before"]) for one in back["files"]] == [
        (one["before"], one["after"]) for one in there["files"]
    ]


def test_a_hard_link_of_the_same_layer_is_the_file_that_is_below_it(layout: str) -> None:
    links = [link("h", "f"), file("same", b"1")]
    for name, content in (("3", b"1"), ("4", b"2")):
        put(layout, name, Image.of(map(tar_of, ([file("f", content)], links))))
    files = found(f"{layout}:3", f"{layout}:4")["files"]
    assert [(one["path"], one["what"]) for one in files] == [("/f", ["content"]), ("/h", ["content"])]


def _asked(running: RunningRegistry, *words: str) -> tuple[Outcome, int]:
    """How it ended, and how many blobs were asked for."""
    outcome = diff(*words, "-vv")
    return outcome, sum("WroteRequest: GET" in line and "/blobs/" in line for line in outcome.errors.splitlines())


def test_no_layer_is_read_where_both_have_the_same_ones(layout: str) -> None:
    with registry() as running, Client() as client:
        client.copy(f"{layout}:1", f"{running.address}/app:1")
        client.mutate(f"{running.address}/app:1", f"{running.address}/app:2", changes=Changes(labels={"team": "a"}))
        outcome, asked = _asked(running, f"{running.address}/app:1", f"{running.address}/app:2")
        assert outcome.status == 8
        assert '~ config.config.Labels.team: nothing -> "a"' in outcome.output or '"team": "a"' in outcome.output
        assert asked == 2  # the configurations
        client.copy(f"{layout}:2", f"{running.address}/app:3")
        assert _asked(running, f"{running.address}/app:1", f"{running.address}/app:3")[1] == 2 + 3


def test_no_more_than_so_much_of_packages_is_held_in_memory(layout: str, monkeypatch: pytest.MonkeyPatch) -> None:
    names = [f"{STATUS}.d/{name}" for name in "ab"]
    put(layout, "many", Image.of([tar_of([file(name, DPKG) for name in names])]))
    with Client() as client:
        monkeypatch.setattr("boxship.image.difference._PACKAGES", 2 * len(DPKG))
        assert client.diff(f"{layout}:many", f"{layout}:1").packages
        monkeypatch.setattr("boxship.image.difference._PACKAGES", 2 * len(DPKG) - 1)
        with pytest.raises(UnexpectedAnswer, match="more than"):
            client.diff(f"{layout}:many", f"{layout}:1")


BAD: dict[str, tuple[list[list[Entry]], str]] = {
    "an empty layer": ([[]], ""),
    "a hard link to nothing": ([[link("h", "nothing")]], "hard link"),
    "a broken database": ([[file("var/lib/rpm/rpmdb.sqlite", b"no")]], "no database of rpm"),
}


@pytest.mark.parametrize(("layers", "words"), BAD.values(), ids=BAD)
def test_what_is_broken_is_said(layout: str, layers: list[list[Entry]], words: str) -> None:
    put(layout, "bad", Image.of(map(tar_of, layers)))
    outcome = diff(f"{layout}:bad", f"{layout}:1")
    assert outcome.status == (8 if not words else 1 if "database" in words else 3), outcome.errors
    assert words in outcome.errors
