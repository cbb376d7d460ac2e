"""Layers are put on images, or make one: tars and folders, with their history, the same every time."""

from __future__ import annotations

import gzip
import io
import os
import tarfile
from pathlib import Path

import pytest

from boxship import Client
from boxship.errors import InvalidInput
from boxship.media_type import DOCKER_CONFIG, DOCKER_LAYER_GZIP, DOCKER_MANIFEST
from tests.formats.stores import file, folder, tar_of
from tests.verbs.changed import BASE, blob, config, described, digest, image, manifest, names, opened, put, sound


def test_layers_go_on_top_with_their_history(layout: str, tmp_path: Path) -> None:
    history = [{"created_by": "one"}, {"created_by": "two"}]
    put(layout, "1", described(image(*BASE), history=history))
    tar = tar_of([file("new", b"1")], packed=False)
    for name, content in (("plain.tar", tar), ("packed.tgz", gzip.compress(tar, mtime=0))):
        (tmp_path / name).write_bytes(content)
    (tmp_path / "folder" / "sub").mkdir(parents=True)
    (tmp_path / "folder" / "sub" / "file").write_text("x")
    paths = [tmp_path / "plain.tar", tmp_path / "packed.tgz", tmp_path / "folder"]
    with Client() as client:
        client.append(paths, f"{layout}:2", base=f"{layout}:1", annotate=True)
        made = manifest(client, f"{layout}:2")
        assert made["layers"][:2] == manifest(client, f"{layout}:1")["layers"]
        assert made["layers"][3]["size"] == len(gzip.compress(tar, mtime=0))  # as it was
        assert len(config(client, f"{layout}:2")["history"]) == 5
        assert made["annotations"]["org.opencontainers.image.base.digest"] == str(digest(client, f"{layout}:1"))
        assert sound(client, f"{layout}:2")
        assert names(client, f"{layout}:2") == sorted(["bin/sh", "etc/hosts", "etc/release", "new", "sub", "sub/file"])


def test_a_history_that_speaks_of_no_layer_is_not_begun(layout: str, tmp_path: Path) -> None:
    put(layout, "1", image(*BASE))
    (tmp_path / "a.tar").write_bytes(tar_of([file("a")]))
    with Client() as client:
        client.append([tmp_path / "a.tar"], f"{layout}:2", base=f"{layout}:1")
        assert "history" not in config(client, f"{layout}:2")
        assert sound(client, f"{layout}:2")


@pytest.mark.parametrize(("epoch", "said"), [("", None), ("0", "1970-01-01T00:00:00Z"), ("1", "1970-01-01T00:00:01Z")])
def test_a_new_step_is_of_the_time_that_the_environment_says(
    layout: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, epoch: str, said: str | None
) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", epoch)
    (tmp_path / "a.tar").write_bytes(tar_of([file("a")]))
    with Client() as client:
        client.append([tmp_path / "a.tar"], f"{layout}:1")
        client.edit_file(f"{layout}:1", path="a", edit=lambda _: b"1")
        assert [step.get("created") for step in config(client, f"{layout}:1")["history"]] == [said, said]


@pytest.mark.parametrize("kind", ["oci", "docker"])
def test_the_same_is_made_from_nothing_every_time(layout: str, tmp_path: Path, kind: str) -> None:
    (tmp_path / "d").mkdir()
    (tmp_path / "d" / "b").write_text("b")
    (tmp_path / "d" / "a").symlink_to("b")
    os.link(tmp_path / "d" / "b", tmp_path / "d" / "c")
    with Client() as client:
        one = client.append([tmp_path / "d"], f"{layout}:1", oci=kind == "oci")
        os.utime(tmp_path / "d" / "b", (1, 1))
        two = client.append([tmp_path / "d"], f"{layout}:2", oci=kind == "oci")
        assert one.digest == two.digest
        assert sound(client, f"{layout}:1")
        made = manifest(client, f"{layout}:1")
        types = {made["mediaType"], made["config"]["mediaType"], made["layers"][0]["mediaType"]}
        assert (types == {DOCKER_MANIFEST, DOCKER_CONFIG, DOCKER_LAYER_GZIP}) is (kind == "docker")


def test_files_are_where_windows_has_them(layout: str, tmp_path: Path) -> None:
    put(layout, "1", image([file("Files/x")], platform="windows/amd64"))
    (tmp_path / "a.tar").write_bytes(tar_of([folder("dir"), file("dir/app.exe", b"MZ"), file("other")]))
    (tmp_path / "bad.tar").write_bytes(tar_of([file("Files/y")]))
    with Client() as client:
        client.append([tmp_path / "a.tar"], f"{layout}:2", base=f"{layout}:1")
        layer = manifest(client, f"{layout}:2")["layers"][1]
        with opened(client, f"{layout}:2") as (store, _):
            content = gzip.decompress(blob(store, layer))
        with tarfile.open(fileobj=io.BytesIO(content)) as tar:
            members = tar.getmembers()
        assert [member.name for member in members] == [
            "Files",
            "Hives",
            "Files/dir",
            "Files/dir/app.exe",
            "Files/other",
        ]
        assert all("MSWINDOWS.rawsd" in member.pax_headers for member in members[2:])
        with pytest.raises(InvalidInput, match="is in Windows' own folder already"):
            client.append([tmp_path / "bad.tar"], f"{layout}:3", base=f"{layout}:1")


def test_a_layer_that_is_not_there_is_said(layout: str, tmp_path: Path) -> None:
    with Client() as client, pytest.raises(InvalidInput, match="no such file"):
        client.append([tmp_path / "nothing"], f"{layout}:1")
