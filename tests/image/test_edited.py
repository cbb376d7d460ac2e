"""A file of an image is edited where it is to be seen, and nothing else of the image changes."""

from __future__ import annotations

import io
import json
import tarfile
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from boxship import Client
from boxship.errors import UnexpectedAnswer
from boxship.testing import Image, put_image, registry
from tests.cli.running import boxship
from tests.formats.stores import Entry, file, folder, link, symlink, tar_of
from tests.verbs.changed import image, put


def seen(*layers: Sequence[Entry], name: str, tmp_path: Path) -> bytes:
    """What an editor is shown of the file."""
    shown: list[bytes] = []
    put(f"oci:{tmp_path}/layout", "1", image(*layers))

    def edit(content: bytes) -> bytes:
        shown.append(content)
        return content + b"!"

    with Client() as client:
        client.edit_file(f"oci:{tmp_path}/layout:1", path=name, edit=edit)
        assert content_of(client, f"oci:{tmp_path}/layout:1", name.strip("/"))[1] == shown[0] + b"!"
        assert not client.validate(f"oci:{tmp_path}/layout:1").findings
    (one,) = shown
    return one


def content_of(client: Client, where: str, name: str) -> tuple[tarfile.TarInfo, bytes]:
    out = io.BytesIO()
    client.export(where, out)
    with tarfile.open(fileobj=io.BytesIO(out.getvalue())) as tar:
        return tar.getmember(name), tar.extractfile(name).read()  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("layers", "name", "content"),
    [
        ([[file("etc/a", b"1")]], "/etc/a", b"1"),
        ([[file("etc/a", b"1")]], "etc/a", b"1"),
        ([[file("etc/a", b"1")], [file("etc/a", b"2")]], "etc/a", b"2"),
        ([[file("etc/a", b"1")], [file("etc/b", b"2")]], "etc/a", b"1"),
        ([[file("etc/a", b"1")], [file("etc/.wh.a")]], "etc/a", b""),
        ([[file("etc/a", b"1")], [file(".wh.etc")]], "etc/a", b""),
        ([[file("etc/a", b"1")], [folder("etc"), file("etc/.wh..wh..opq")]], "etc/a", b""),
        ([[file("etc/a", b"1")], [file(".wh..wh..opq")]], "etc/a", b""),
        ([[file("etc/a", b"1")], [file("etc/.wh..wh..opq"), file("etc/a", b"2")]], "etc/a", b"2"),
        ([[file("etc/a", b"1")], [file("etc/.wh.a"), file("etc/a", b"2")]], "etc/a", b"2"),
        ([[file("etc/a", b"1")], [file("etc")], [folder("etc")]], "etc/a", b""),
        ([[file("a", b"1"), link("b", "a")]], "b", b"1"),
        ([[file("a", b"1")], [link("b", "a")]], "b", b"1"),
        ([[file("a", b"1"), link("b", "a"), link("c", "b")], [file("a", b"2")]], "c", b"1"),
        ([[file("a", b"1")]], "b", b""),
        ([[file("a", b"1")]], "new/folder/b", b""),
    ],
)
def test_it_is_what_all_layers_show(layers: list[list[Entry]], name: str, content: bytes, tmp_path: Path) -> None:
    assert seen(*layers, name=name, tmp_path=tmp_path) == content


@pytest.mark.parametrize(
    ("layers", "name", "said"),
    [
        ([[folder("a")]], "a", "it is a folder"),
        ([[symlink("a", "b"), symlink("b", "a")]], "a", "there is another one"),
        ([[file("a", b"1")]], "../b", "out of the image"),
    ],
)
def test_what_is_no_file_is_refused_in_words(layers: list[list[Entry]], name: str, said: str, tmp_path: Path) -> None:
    with pytest.raises(UnexpectedAnswer, match=said):
        seen(*layers, name=name, tmp_path=tmp_path)


@pytest.mark.parametrize(
    ("name", "where"),
    [
        ("a", "b"),
        ("lib/x", "usr/lib/x"),
        ("lib/new", "usr/lib/new"),
        ("none/new", "none/new"),
        ("usr/lib/h", "usr/lib/h"),
    ],
)
def test_links_are_followed_and_stay(name: str, where: str, tmp_path: Path) -> None:
    below = [file("b", b"1"), symlink("a", "b"), symlink("lib", "usr/lib"), file("usr/lib/x"), link("usr/lib/h", "b")]
    put(f"oci:{tmp_path}/layout", "1", image(below))
    with Client() as client:
        at = f"oci:{tmp_path}/layout:1"
        client.edit_file(at, path=name, edit=answering(b"new"))
        assert content_of(client, at, where)[1] == b"new"
        out = io.BytesIO()
        client.export(at, out)
        with tarfile.open(fileobj=io.BytesIO(out.getvalue())) as tar:
            assert (tar.getmember("a").linkname, tar.getmember("lib").linkname) == ("b", "usr/lib")
            assert tar.extractfile("b").read() == (b"new" if where == "b" else b"1")  # type: ignore[union-attr]


def answering(content: bytes) -> Callable[[bytes], bytes]:
    return lambda _: content


def test_rights_owner_and_attributes_stay_and_the_same_content_changes_nothing(tmp_path: Path) -> None:
    info = tarfile.TarInfo("etc/shadow")
    info.mode, info.uid, info.gid, info.mtime, info.size = 0o640, 7, 8, 99, 1
    info.pax_headers = {"SCHILY.xattr.user.x": "y"}
    put(f"oci:{tmp_path}/layout", "1", image([(info, b"1")]))
    with Client() as client:
        at = f"oci:{tmp_path}/layout"
        before = client.copy(f"{at}:1", f"{at}:1").digest
        assert client.edit_file(f"{at}:1", f"{at}:2", path="etc/shadow", edit=answering(b"1")).digest == before
        one = client.edit_file(f"{at}:1", f"{at}:2", path="etc/shadow", edit=answering(b"longer"))
        assert client.edit_file(f"{at}:1", f"{at}:3", path="etc/shadow", edit=answering(b"longer")).digest == one.digest
        member, content = content_of(client, f"{at}:2", "etc/shadow")
        kept, changed = (json.loads(client.raw(f"{at}:{name}"))["layers"] for name in ("1", "2"))
    assert (member.mode, member.uid, member.gid, member.mtime) == (0o640, 7, 8, 99)
    assert (member.pax_headers, content) == (info.pax_headers, b"longer")
    assert changed[:1] == kept


def test_of_an_index_every_image_is_edited(tmp_path: Path) -> None:
    images = [image([file("motd", b"1")], platform=f"linux/{name}") for name in ("amd64", "arm64")]
    put(f"oci:{tmp_path}/layout", "1", *images, platforms=["linux/amd64", "linux/arm64"])
    with Client() as client:
        client.edit_file(f"oci:{tmp_path}/layout:1", path="motd", edit=lambda content: content + b"2")
        for platform in ("linux/amd64", "linux/arm64"):
            out = io.BytesIO()
            client.export(f"oci:{tmp_path}/layout:1", out, platform=platform)
            with tarfile.open(fileobj=io.BytesIO(out.getvalue())) as tar:
                assert tar.extractfile("motd").read() == b"12"  # type: ignore[union-attr]


def test_the_command_takes_it_from_standard_input() -> None:
    with registry() as running, Client() as client:
        at = f"{running.address}/app"
        put_image(running.address, "app", "1", image=Image.of([tar_of([file("etc/motd", b"1")])]))
        done = boxship("edit", "fs", f"{at}:1", "-f", "/etc/motd", "-t", f"{at}:2", given=b"ENABLED=0\n")
        assert done.output.startswith(f"{at}@sha256:")
        assert content_of(client, f"{at}:2", "etc/motd")[1] == b"ENABLED=0\n"
        new = boxship("edit", "fs", f"{at}:1", "-f", "opt/new", given=b"new")
        assert new.status == 0
        member, content = content_of(client, f"{at}:1", "opt/new")
        assert (member.mode, content) == (0o555, b"new")
