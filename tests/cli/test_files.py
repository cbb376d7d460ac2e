"""`boxship files` and `boxship tree`: what they print and write, and what they ask a registry for."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from boxship.testing import Image, ScriptedRegistry, Server, serving
from tests.cli.running import Outcome, boxship
from tests.formats.stores import Entry, file, folder, link, symlink, tar_of

LAYERS: list[list[Entry]] = [
    [folder("etc"), file("etc/os-release", b"NAME=old\n"), file("big", bytes(4000)), symlink("bin", "usr/bin")],
    *([file(f"opt/{number}", b"%d" % number)] for number in range(7)),
    [file("usr/bin/run", b"#!/bin/sh\n", mode=0o755), file(".wh.big"), link("usr/bin/also", "usr/bin/run")],
    [file("etc/os-release", b"NAME=new\n")],
]
IMAGE = Image.of(map(tar_of, LAYERS))
BIN = ("/usr/bin/also", "/usr/bin/run")


@pytest.fixture
def server() -> Iterator[Server]:
    with serving(ScriptedRegistry(image=IMAGE)) as running:
        yield running


def layers_asked(server: Server) -> int:
    """How many layers it was asked for: the configuration is none."""
    return sum(request.method == "GET" and "/blobs/" in request.path for request in server.requests)


def files(server: Server, action: str, *words: str) -> Outcome:
    return boxship("files", action, f"{server.url}/app:latest", *words)


def test_a_file_of_the_top_layer_costs_that_layer_alone(server: Server) -> None:
    outcome = files(server, "cat", "/etc/os-release")
    assert (outcome.status, outcome.raw) == (0, b"NAME=new\n")
    assert layers_asked(server) == 1
    assert "read 1 of 10 layers" in outcome.errors


def test_each_layer_is_asked_for_once_for_several_files(server: Server) -> None:
    outcome = files(server, "cat", "bin/run", "/usr/bin/also", "etc/os-release")
    assert outcome.raw == b"#!/bin/sh\n" * 2 + b"NAME=new\n"
    # /bin is a link in the lowest layer: what it leads to was passed over in another, which is read once more.
    assert layers_asked(server) == 10 + 1


def test_what_is_not_there_is_not_found(server: Server) -> None:
    for path in ("/big", "/nothing/at/all"):
        outcome = files(server, "cat", path)
        assert (outcome.status, outcome.raw) == (3, b"")
        assert "no layer of the image shows anything there" in outcome.errors
    assert files(server, "cat", "/etc").status == 1


def test_a_folder_is_listed(server: Server) -> None:
    outcome = files(server, "ls", "/usr/bin", "-o", "name")
    assert outcome.output == "/usr/bin/also\n/usr/bin/run\n"
    root = files(server, "ls")
    assert [line.split("/", 1)[1] for line in root.output.splitlines()] == ["bin -> usr/bin", "etc", "opt", "usr"]
    found = json.loads(files(server, "ls", "/opt", "-o", "json").output)
    assert found["schema"] == "boxship.files/1"
    assert [(each["path"], each["size"], each["layer"]) for each in found["files"]][:2] == [
        ("/opt/0", 1, 1),
        ("/opt/1", 1, 2),
    ]
    root_layers = json.loads(files(server, "ls", "-o", "json").output)["files"]
    # /opt and /usr are nobody's entries, but of layers that have something in them.
    assert {each["path"]: each["layer"] for each in root_layers} == {"/bin": 0, "/etc": 0, "/opt": 7, "/usr": 8}
    deep = files(server, "ls", "-R", "/", "-o", "name").output.split()
    assert deep == [
        "/bin",
        "/etc",
        "/etc/os-release",
        *(f"/opt/{n}" for n in range(7)),
        "/usr/bin/also",
        "/usr/bin/run",
    ]


def test_a_file_is_got_with_its_rights_and_never_over_another(server: Server, tmp_path: Path) -> None:
    target = tmp_path / "run"
    assert files(server, "get", "/usr/bin/run", str(target)).status == 0
    assert (target.read_bytes(), target.stat().st_mode & 0o777) == (b"#!/bin/sh\n", 0o755)
    again = files(server, "get", "/etc/os-release", str(target))
    assert again.status == 2
    assert "there already" in again.errors
    assert target.read_bytes() == b"#!/bin/sh\n"


def test_a_link_that_leads_nowhere_stays(server: Server, tmp_path: Path) -> None:
    target = tmp_path / "run"
    target.symlink_to("nowhere")
    assert files(server, "get", "/usr/bin/run", str(target)).status == 2
    assert target.is_symlink()


@pytest.mark.parametrize("shape", ["json", "jsonl"])
def test_a_name_that_is_no_text_is_json_all_the_same(shape: str) -> None:
    names = ["a\udcff", "b\x9b2J", "c\x1b[2J", "\u00e9"]
    with serving(ScriptedRegistry(image=Image.of([tar_of(map(file, names))]))) as odd:
        outcome = files(odd, "ls", "/", "-o", shape)
    assert outcome.status == 0, outcome.errors
    text = outcome.raw.decode()
    found = json.loads(text)["files"] if shape == "json" else [json.loads(line) for line in text.splitlines()]
    assert sorted(each["path"] for each in found) == sorted(f"/{name}" for name in names)
    assert "é" in text
    assert all(letter.isprintable() or letter == "\n" for letter in text)


def test_a_folder_is_got(server: Server, tmp_path: Path) -> None:
    assert files(server, "get", "/usr", str(tmp_path / "usr")).status == 0
    assert sum("/manifests/" in request.path for request in server.requests) == 1  # the same image all along
    assert {path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*")} == {
        "usr", "usr/bin", "usr/bin/run", "usr/bin/also",
    }  # fmt: skip
    assert (tmp_path / "usr/bin/run").stat().st_ino == (tmp_path / "usr/bin/also").stat().st_ino


FOLDERS: dict[str, tuple[list[list[Entry]], set[str]]] = {
    "removed and made again": ([[file("d/e/a", b"1")], [file(".wh.d")], [file("d/e/b", b"2")]], {"b"}),
    "emptied above": ([[file("d/e/a", b"1")], [file("d/.wh..wh..opq"), file("d/e/b", b"2")]], {"b"}),
    "emptied": ([[file("d/e/a", b"1")], [file("d/e/.wh..wh..opq"), file("d/e/b", b"2")]], {"b"}),
    "a file in its place": ([[file("d/e/a", b"1")], [file("d", b"1")], [file("d/e/b", b"2")]], {"b"}),
    "a file removed": ([[file("d/e/a", b"1"), file("d/e/b")], [file("d/e/.wh.a")]], {"b"}),
    "neighbours": ([[file("d/e/b", b"1"), file("d/ea", b"2"), file("d/c", b"2")], [file("d/.wh.c")]], {"b"}),
    "links": ([[file("d/e/a", b"1"), link("d/e/b", "d/e/a"), symlink("d/e/c", "../../x")]], {"a", "b", "c"}),
}


@pytest.mark.parametrize(("layers", "names"), FOLDERS.values(), ids=FOLDERS)
def test_a_folder_is_got_as_all_layers_show_it(layers: list[list[Entry]], names: set[str], tmp_path: Path) -> None:
    with serving(ScriptedRegistry(image=Image.of(map(tar_of, layers)))) as server:
        outcome = files(server, "get", "d/e", str(tmp_path / "e"))
    assert outcome.status == 0, outcome.errors
    assert {path.name for path in (tmp_path / "e").iterdir()} == names


def test_a_hard_link_out_of_the_folder_is_said(tmp_path: Path) -> None:
    with serving(ScriptedRegistry(image=Image.of([tar_of([file("a", b"1"), link("d/b", "a")])]))) as server:
        outcome = files(server, "get", "d", str(tmp_path / "d"))
    assert outcome.status != 0
    assert "which is not in d" in outcome.errors
    assert not (tmp_path / "d").exists()


def test_a_tree_says_what_is_wasted(server: Server) -> None:
    outcome = boxship("tree", f"{server.url}/app:latest", "-o", "json")
    found = json.loads(outcome.output)
    assert found["schema"] == "boxship.tree/1"
    assert (found["waste"], found["size"]) == (4009, 26)
    lowest, *_, middle, top = found["layers"]
    assert (lowest["files"], lowest["hidden"], lowest["waste"]) == (3, 2, 4009)
    assert (middle["removed"], middle["files"], middle["changed"]) == (1, 2, 0)
    assert (top["changed"], top["waste"]) == (1, 0)
    assert layers_asked(server) == 10 + 1  # and the configuration
    assert "26 B are to be seen, 4.0 kB are wasted" in boxship("tree", f"{server.url}/app:latest").output
