"""What images are changed into is right for other people's programs, too, which unpack the very same files."""

from __future__ import annotations

import os
import stat
import subprocess
import tarfile
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from boxship import Client
from boxship.digest import Digest
from boxship.image.changes import Changes
from boxship.image.convert import Conversion
from boxship.platform import Platform
from boxship.testing import Image
from tests.formats.stores import Entry, file, folder, link, symlink, tar_of
from tests.peers.programs import skopeo_copy
from tests.verbs.changed import put

IS_ROOT = os.geteuid() == 0
SET_IDS = stat.S_ISUID | stat.S_ISGID  # what others' files are given by root alone
HERE = str(Platform.here())


def owned(name: str, content: bytes, mode: int) -> Entry:
    entry, _ = file(name, content)
    entry.mode, entry.uid, entry.gid, entry.mtime = mode, 7, 8, 1_000_000_000
    return entry, content


def fifo(name: str) -> Entry:
    entry = tarfile.TarInfo(name)
    entry.type, entry.mode = tarfile.FIFOTYPE, 0o600
    return entry, b""


LAYERS: list[list[Entry]] = [
    [
        folder("etc"),
        owned("etc/shadow", b"secret", 0o640),
        owned("etc/run", b"#!/bin/sh\n", 0o4755),
        link("etc/also", "etc/run"),
        folder("usr"),
        folder("usr/lib"),
        file("usr/lib/a", b"1" * 50_000),
        symlink("lib", "usr/lib"),
        folder("var"),
        file("var/gone", b"1"),
        folder("opt"),
        file("opt/old", b"1"),
    ],
    [
        folder("var"),
        file("var/.wh.gone"),
        folder("opt"),
        file("opt/.wh..wh..opq"),
        file("opt/new", b"2"),
        fifo("var/pipe"),
    ],
    [owned("etc/run", b"#!/bin/other\n", 0o755), symlink("usr/up", "../etc/run"), file("ü" * 60, b"3")],
]
BASE, UPPER = LAYERS[:2], LAYERS[2:]


def image(layers: list[list[Entry]], platform: str = HERE) -> Image:
    return Image.of([tar_of(entries) for entries in layers], platform=platform)


Act = Callable[[Client, str, Path], object]
"""What makes `made` of the image `app`, which is on `base`; `other` is another one."""


def _append(client: Client, at: str, own: Path) -> object:
    (own / "more/etc").mkdir(parents=True)
    (own / "more/etc/added").write_text("added")
    (own / "more/etc/link").symlink_to("added")
    (own / "more/etc/hard").hardlink_to(own / "more/etc/added")
    return client.append([own / "more"], f"{at}:made", base=f"{at}:app")


def _append_to_nothing(client: Client, at: str, own: Path) -> object:
    (own / "alone.tar").write_bytes(tar_of(LAYERS[0], packed=False))
    client.append([own / "alone.tar"], f"{at}:bare")
    return client.mutate(f"{at}:bare", f"{at}:made", changes=Changes(platform=Platform.here()))


def _mutate(client: Client, at: str, own: Path) -> object:
    del own
    changes = Changes(
        labels={"team": "a"}, env={"A": "1"}, entrypoint=("/etc/run",), user="7:8", annotations={"b": "c"}
    )
    return client.mutate(f"{at}:app", f"{at}:made", changes=changes)


def _zstd_and_back(client: Client, at: str, own: Path) -> object:
    del own
    client.mutate(f"{at}:app", f"{at}:zstd", conversion=Conversion(compression="zstd"))  # which umoci 0.4 cannot read
    assert client.validate(f"{at}:zstd").findings == ()
    return client.mutate(f"{at}:zstd", f"{at}:made", conversion=Conversion(compression="gzip"))


def _index(client: Client, at: str, own: Path) -> object:
    del own
    return client.make_index([f"{at}:app", f"{at}:far"], f"{at}:made")


ACTS: Mapping[str, Act] = {
    "append": _append,
    "append to nothing": _append_to_nothing,
    "mutate": _mutate,
    "plain": lambda client, at, _: client.mutate(f"{at}:app", f"{at}:made", conversion=Conversion(compression="none")),
    "zstd and back": _zstd_and_back,
    "strip": lambda client, at, _: client.mutate(f"{at}:app", f"{at}:made", conversion=Conversion(strip=("usr/lib",))),
    "flatten": lambda client, at, _: client.flatten(f"{at}:app", f"{at}:made"),
    "rebase": lambda client, at, _: client.rebase(
        f"{at}:app", f"{at}:made", old_base=f"{at}:base", new_base=f"{at}:other"
    ),
    "edit": lambda client, at, _: client.edit_file(f"{at}:app", f"{at}:made", path="etc/run", edit=lambda _: b"edited"),
    "index": _index,
}


def tree_of(root: Path) -> dict[str, object]:
    """Everything in a folder: what it is, whose, with which rights, of when, and which other names it has."""
    found: dict[str, object] = {}
    names: dict[int, list[str]] = {}
    for path in sorted(root.rglob("*")):
        name, at = path.relative_to(root).as_posix(), path.lstat()
        content = str(path.readlink()) if path.is_symlink() else path.read_bytes() if path.is_file() else ""
        is_folder = stat.S_ISDIR(at.st_mode)
        same = names.setdefault(at.st_ino, [])
        same.append(name)
        when = 0 if is_folder or path.is_symlink() else int(at.st_mtime)
        mode = at.st_mode if IS_ROOT else at.st_mode & ~SET_IDS
        found[name] = (oct(mode), at.st_uid, at.st_gid, when, content, () if is_folder else same)
    return found


@pytest.fixture
def layout(tmp_path: Path) -> str:
    at = f"oci:{tmp_path / 'layout'}"
    put(at, "app", image(LAYERS))
    put(at, "base", image(BASE))
    put(at, "other", image([[folder("srv"), file("srv/new", b"base")], *BASE[1:]]))
    put(at, "far", image(BASE, "linux/s390x"))
    return at


@pytest.mark.peer("umoci", "skopeo")
@pytest.mark.parametrize("act", ACTS.values(), ids=ACTS)
def test_it_is_valid_and_umoci_unpacks_the_same_files(act: Act, layout: str, tmp_path: Path) -> None:
    with Client() as client:
        act(client, layout, tmp_path)
        assert client.validate(f"{layout}:made").findings == ()
        client.unpack(f"{layout}:made", tmp_path / "ours")
        as_it_is = ("--all", "--dest-oci-accept-uncompressed-layers")
        skopeo_copy(f"{layout}:made", f"oci:{tmp_path / 'theirs'}:made", *as_it_is)
        assert Digest.of(client.raw(f"oci:{tmp_path / 'theirs'}:made")) == Digest.of(client.raw(f"{layout}:made"))
        client.copy(f"oci:{tmp_path / 'theirs'}:made", f"oci:{tmp_path / 'one'}:made", platforms=[HERE])
    words = () if IS_ROOT else ("--rootless",)
    command = ["umoci", "unpack", *words, "--image", f"{tmp_path / 'one'}:made", str(tmp_path / "bundle")]
    subprocess.run(command, check=True, capture_output=True, timeout=60)
    theirs = tree_of(tmp_path / "bundle/rootfs")
    assert tree_of(tmp_path / "ours") == theirs
    assert len(theirs) > 3
