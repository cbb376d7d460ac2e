"""Artifacts are pulled as oras pulls them, and nothing that they say leads out of the folder or over what is there."""

from __future__ import annotations

import base64
import errno
import json
import os
import stat
import tarfile
from collections.abc import Iterable, Mapping
from pathlib import Path

import pytest

from boxship import Client
from boxship.artifact.given import TITLE
from boxship.digest import Digest
from boxship.errors import BoxshipError, ContentMismatch, NameTaken, UnexpectedAnswer
from boxship.image.bounds import Bounds
from boxship.media_type import OCI_EMPTY, OCI_LAYER_GZIP, OCI_MANIFEST
from boxship.testing import Image, put_image, registry
from tests.formats.stores import Entry, file, folder, link, symlink, tar_of

Tree = Mapping[str, str]
Layer = tuple[bytes, Mapping[str, str]]


def tree_of(root: Path) -> Tree:
    """What is in a folder, by its names: texts of files, `->` and where links lead, `/` for folders."""
    return {
        path.relative_to(root).as_posix(): f"-> {path.readlink()}"
        if path.is_symlink()
        else "/"
        if path.is_dir()
        else path.read_text()
        for path in sorted(root.rglob("*"))
    }


def titled(content: bytes, title: str, **more: str) -> Layer:
    return content, {TITLE: title, **more}


def packed(title: str, entries: Iterable[Entry], tar: str = "") -> Layer:
    said = {"io.deis.oras.content.digest": tar} if tar else {}
    return tar_of(entries), {TITLE: title, "io.deis.oras.content.unpack": "true", **said}


def artifact(root: Path, layers: Iterable[Layer], config: bytes = b"{}") -> str:
    """An artifact in a layout, of these layers as they are; where it is."""
    made = list(layers)
    described = [
        {
            "mediaType": OCI_LAYER_GZIP,
            "digest": str(Digest.of(content)),
            "size": len(content),
            "annotations": dict(said),
        }
        for content, said in made
    ]
    manifest = json.dumps(
        {
            "schemaVersion": 2,
            "mediaType": OCI_MANIFEST,
            "artifactType": "a/b",
            "config": {"mediaType": OCI_EMPTY, "digest": str(Digest.of(config)), "size": len(config)},
            "layers": described,
        }
    ).encode()
    blobs = root / "layout/blobs/sha256"
    blobs.mkdir(parents=True)
    for content in (manifest, config, *(content for content, _ in made)):
        (blobs / Digest.of(content).hex).write_bytes(content)
    entry = {"mediaType": OCI_MANIFEST, "digest": str(Digest.of(manifest)), "size": len(manifest)}
    (root / "layout/index.json").write_text(json.dumps({"schemaVersion": 2, "manifests": [entry]}))
    return f"oci:{root / 'layout'}"


def test_what_is_pushed_is_pulled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("docs/deep").mkdir(parents=True)
    Path("docs/run").write_text("#!/bin/sh\n")
    Path("docs/run").chmod(0o755)
    Path("docs/deep/.wh.a").write_text("no whiteout")
    Path("docs/link").symlink_to("deep/.wh.a")
    Path("deep/er").mkdir(parents=True)
    Path("deep/er/note").write_text("note")
    Path("empty").mkdir()
    Path("config").write_text("{}\n")
    files = ["docs", "deep/er/note:text/plain", "empty"]
    with registry() as running, Client() as client:
        for at in (f"{running.address}/notes:1", "oci:layout:1", "oci-archive:notes.tar:1"):
            client.push_artifact(at, files, artifact_type="application/x-notes", config="config:a/b")
            out = Path("out", at.partition(":")[0])
            pulled = client.pull_artifact(at, out, config_title="config")
            assert sorted(pulled.files) == ["config", "deep/er/note", "docs", "empty"]
            assert tree_of(out) == {
                "config": "{}\n",
                "deep": "/",
                "deep/er": "/",
                "deep/er/note": "note",
                "docs": "/",
                "docs/deep": "/",
                "docs/deep/.wh.a": "no whiteout",
                "docs/link": "-> deep/.wh.a",
                "docs/run": "#!/bin/sh\n",
                "empty": "/",
            }
            assert stat.S_IMODE((out / "docs/run").stat().st_mode) == 0o755


# The folder `site` as oras-go 3 packs it, with a hard link (`hard`) and a symbolic one.
OF_ORAS = base64.b64decode(
    "H4sIAAAAAAAA/+yVQaqDMBCGs36n8AT6TzTmPMqzWGihGKX29kXrdGF20kTB+TYzmUWQDJ+/u/aNCgwAWGMUPqyr3xNgtUoMXxCSwfVVpwA+b+X7"
    "8Uvl+cGZ9p+lzza98OT3TO9RFoX3REv1eyJAqwSy/zj7b+6P/sWTI/hPOof4H83/tur+ebDL/rXvvxH/Y/g//nEnnJHZ/xufwjD5YK31FFmq3xPl"
    "sCrRbqizkW8R/0P4P+/fDTWf9/n/r3pCWeaS/9HyP7BnG/KftJX8l/yX/A+d/4IgnJf3AMY5Z18AFgAA"
)


def test_a_folder_that_oras_has_packed_is_taken_out(tmp_path: Path) -> None:
    tar = "sha256:2f8e7eec5f30f1b07140f004bcf3ca8aa4f6e3c2044b65fc42cffd7a89b52ff0"
    said = {TITLE: "site", "io.deis.oras.content.unpack": "true", "io.deis.oras.content.digest": tar}
    with Client() as client:
        client.pull_artifact(artifact(tmp_path, [(OF_ORAS, said)]), tmp_path / "into")
    assert tree_of(tmp_path / "into") == {
        "site": "/",
        "site/.wh.f": "",
        "site/empty": "/",
        "site/hard": "x\n",
        "site/l": "-> sub/x",
        "site/sub": "/",
        "site/sub/x": "x\n",
    }
    assert stat.S_IMODE((tmp_path / "into/site/sub/x").stat().st_mode) == 0o755


@pytest.mark.parametrize(
    "title", ["../out", "/etc/out", "a/../../out", "..", ".", "/", "a/..", "a\x00b", "a\nb", "a\x1b[2Jb", "a" * 5000]
)
def test_a_title_that_leads_anywhere_is_refused(title: str, tmp_path: Path) -> None:
    at = artifact(tmp_path, [titled(b"fine", "fine"), titled(b"1", title)])
    with Client() as client, pytest.raises(UnexpectedAnswer, match="file called"):
        client.pull_artifact(at, tmp_path / "into/there")
    assert not (tmp_path / "into/there").exists()
    assert {path.name for path in tmp_path.iterdir()} <= {"layout", "into"}


SECRET = "outside"

# What a folder of an artifact, called `d`, may have in it: each of them leads out, or is no part of it.
HOSTILE: Mapping[str, list[Entry]] = {
    "a name beside it": [file("other", b"1")],
    "a name above it": [file("d/../../x", b"1")],
    "a name from the root on": [file("/etc/x", b"1")],
    "a name that begins like it": [file("dd/x", b"1")],
    "a link out of it": [symlink("d/l", "../../secret")],
    "a link to the root": [symlink("d/l", "/")],
    "a link by way of another": [folder("d/a"), symlink("d/a/up", ".."), symlink("d/l", "a/up/../../secret")],
    "a file behind a link": [symlink("d/l", "/tmp"), file("d/l/boxship-pwned", b"1")],
    "a hard link out of it": [link("d/h", "../secret")],
    "a hard link to nothing": [link("d/h", "d/none")],
    "a hard link to a link": [symlink("d/l", "x"), link("d/h", "d/l")],
}


@pytest.mark.parametrize("entries", HOSTILE.values(), ids=HOSTILE)
def test_what_a_folder_has_does_not_lead_out_of_it(entries: list[Entry], tmp_path: Path) -> None:
    (tmp_path / "secret").write_text(SECRET)
    at = artifact(tmp_path, [titled(b"fine", "fine"), packed("d", [folder("d"), *entries])])
    with Client() as client, pytest.raises(UnexpectedAnswer):
        client.pull_artifact(at, tmp_path / "into")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["layout", "secret"]
    assert (tmp_path / "secret").read_text() == SECRET
    assert not Path("/tmp/boxship-pwned").exists()


def test_nothing_is_written_behind_a_link_that_is_there(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "into").mkdir()
    (tmp_path / "into/d").symlink_to(tmp_path / "elsewhere")
    at = artifact(tmp_path, [titled(b"first", "a"), titled(b"1", "d/x")])
    with Client() as client, pytest.raises(NameTaken, match="into/d is not written"):
        client.pull_artifact(at, tmp_path / "into", overwrite=True)
    assert tree_of(tmp_path / "into") == {"d": f"-> {tmp_path / 'elsewhere'}"}
    assert tree_of(tmp_path / "elsewhere") == {}


def test_what_is_there_stays_but_where_somebody_says_so(tmp_path: Path) -> None:
    into = tmp_path / "into"
    (into / "d/kept").mkdir(parents=True)
    (into / "d/x").write_text("mine")
    (into / "l").symlink_to("d/x")
    at = artifact(tmp_path, [titled(b"first", "a"), packed("d", [folder("d"), file("d/x", b"new")]), titled(b"2", "l")])
    with Client() as client:
        with pytest.raises(NameTaken, match="--overwrite"):
            client.pull_artifact(at, into)
        assert tree_of(into) == {"d": "/", "d/kept": "/", "d/x": "mine", "l": "-> d/x"}
        client.pull_artifact(at, into, overwrite=True)
        assert tree_of(into) == {"a": "first", "d": "/", "d/kept": "/", "d/x": "new", "l": "2"}
    (into / "a").unlink()
    (into / "a").mkdir()
    with Client() as client, pytest.raises(NameTaken):
        client.pull_artifact(at, into, overwrite=True)


@pytest.mark.parametrize("links", [True, False])
def test_where_one_cannot_be_put_there_all_is_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, links: bool
) -> None:
    """Also on a disk that has no hard links."""
    replace, into = os.replace, tmp_path / "into"

    def refusing(source: Path, name: str, **others: int) -> None:
        if name == "z":
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), name)
        replace(source, name, **others)

    def linking(name: str, _: Path, *, src_dir_fd: int, follow_symlinks: bool) -> None:
        os.stat(name, dir_fd=src_dir_fd, follow_symlinks=follow_symlinks)
        raise PermissionError(errno.EPERM, os.strerror(errno.EPERM))

    (into / "d").mkdir(parents=True)
    (into / "d/x").write_text("mine")
    (into / "l").symlink_to("d/x")
    before = tree_of(into)
    new = [titled(b"1", "a"), titled(b"2", "d/x"), titled(b"3", "l"), titled(b"4", "new/deep/b"), titled(b"5", "z")]
    at = artifact(tmp_path, new)
    monkeypatch.setattr(os, "replace", refusing)
    if not links:
        monkeypatch.setattr(os, "link", linking)
    with Client() as client, pytest.raises(BoxshipError, match="into cannot be written: z: permission denied"):
        client.pull_artifact(at, into, overwrite=True)
    assert tree_of(into) == before
    monkeypatch.undo()
    with Client() as client:
        client.pull_artifact(at, into, overwrite=True)
    assert tree_of(into) == {
        **before,
        "a": "1",
        "d/x": "2",
        "l": "3",
        "new": "/",
        "new/deep": "/",
        "new/deep/b": "4",
        "z": "5",
    }


@pytest.mark.parametrize(
    "layers",
    [
        [titled(b"1", "a"), titled(b"2", "a")],
        [titled(b"1", "a"), titled(b"2", "./a")],
        [titled(b"1", "d/x"), packed("d", [folder("d"), file("d/x", b"2")])],
        [titled(b"1", "d"), packed("d", [folder("d")])],
        [titled(b"1", "d"), titled(b"2", "d/x")],
    ],
)
def test_two_files_of_one_name_are_no_artifact(layers: list[Layer], tmp_path: Path) -> None:
    at = artifact(tmp_path, layers)
    with Client() as client, pytest.raises(UnexpectedAnswer, match="two files"):
        client.pull_artifact(at, tmp_path / "into")
    assert not (tmp_path / "into").exists()


def test_the_tar_of_a_folder_is_what_it_is_said_to_be_and_no_bomb(tmp_path: Path) -> None:
    for number, (layer, error) in enumerate(
        [
            (packed("d", [folder("d")], tar=f"sha256:{'0' * 64}"), ContentMismatch),
            ((b"no tar at all" * 100, {TITLE: "d", "io.deis.oras.content.unpack": "true"}), UnexpectedAnswer),
            (packed("d", [folder("d"), file("d/x", bytes(2_000_000))]), UnexpectedAnswer),
            (packed("d", [folder("d"), *(file(f"d/{name}", b"") for name in range(20))]), UnexpectedAnswer),
        ]
    ):
        own = tmp_path / str(number)
        with Client() as client, pytest.raises(BoxshipError) as raised:
            client.pull_artifact(artifact(own, [layer]), own / "into", bounds=Bounds(size=1_000_000, entries=10))
        assert isinstance(raised.value, error)
        assert not (own / "into").exists()


def test_a_blob_that_is_not_what_it_is_said_to_be_leaves_nothing(tmp_path: Path) -> None:
    at = artifact(tmp_path, [titled(b"right", "a"), titled(b"wrong", "b")])
    (tmp_path / "layout/blobs/sha256" / Digest.of(b"wrong").hex).write_bytes(b"other")
    with Client() as client, pytest.raises(ContentMismatch):
        client.pull_artifact(at, tmp_path / "into")
    assert not (tmp_path / "into").exists()


def test_what_is_no_file_is_left_out_and_told(tmp_path: Path) -> None:
    device = tarfile.TarInfo("d/null")
    device.type, device.devmajor, device.devminor = tarfile.CHRTYPE, 1, 3
    at = artifact(tmp_path, [packed("d", [folder("d"), (device, b""), file("d/x", b"1"), link("d/y", "d/x")])])
    with Client() as client:
        assert client.pull_artifact(at, tmp_path / "into").left_out == ("d/null",)
    assert tree_of(tmp_path / "into") == {"d": "/", "d/x": "1", "d/y": "1"}


def test_what_cosign_keeps_has_no_title_and_is_called_by_its_digest(tmp_path: Path) -> None:
    content = b'{"predicate": 1}'
    at = artifact(tmp_path, [(content, {"dev.cosignproject.cosign/signature": "…"})])
    with Client() as client:
        (name,) = client.pull_artifact(at, tmp_path / "into").files
    assert name == f"sha256-{Digest.of(content).hex}"
    assert (tmp_path / "into" / name).read_bytes() == content


def test_an_image_and_an_artifact_without_files_have_nothing_to_be_taken_out() -> None:
    with registry() as running, Client() as client:
        put_image(running.address, "app", "1", image=Image.of([tar_of([file("a", b"1")])]))
        client.push_artifact(f"{running.address}/app:empty", annotations={"a": "b"})
        for tag in ("1", "empty"):
            with pytest.raises(UnexpectedAnswer, match="nothing is taken out"):
                client.pull_artifact(f"{running.address}/app:{tag}", os.devnull)
