"""Files of an image, one by one, are those that umoci unpacks."""

from __future__ import annotations

import itertools
import subprocess
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from boxship import Client
from tests.peers.containers import Containers
from tests.peers.machine import machine
from tests.peers.test_changing import BASE, IS_ROOT, LAYERS, image, tree_of
from tests.verbs.changed import put


@pytest.mark.peer("umoci")
def test_what_is_listed_printed_and_got_is_what_umoci_unpacks(tmp_path: Path) -> None:
    at = f"oci:{tmp_path / 'layout'}"
    put(at, "app", image(LAYERS))
    theirs = _unpacked(tmp_path, "app")
    with Client() as client:
        listed = client.list_files(f"{at}:app", recursive=True)
        assert {seen.name for seen in listed.found} == {
            path.relative_to(theirs).as_posix() for path in theirs.rglob("*")
        }
        for path in theirs.rglob("*"):
            if path.is_file() and not path.is_symlink():
                target = tmp_path / "one"
                client.read_files(f"{at}:app", path.relative_to(theirs).as_posix(), target)
                assert target.read_bytes() == path.read_bytes()
        for folder in ("etc", "usr", "opt", "var"):
            client.get_files(f"{at}:app", folder, tmp_path / folder)
            assert tree_of(tmp_path / folder) == {
                name.removeprefix(f"{folder}/"): _within(folder, said)
                for name, said in tree_of(theirs).items()
                if name.startswith(f"{folder}/")
            }


@pytest.mark.peer("umoci")
def test_what_differs_is_what_differs_where_umoci_unpacks(tmp_path: Path) -> None:
    at = f"oci:{tmp_path / 'layout'}"
    names = {"base": BASE, "app": LAYERS, "lowest": LAYERS[:1]}
    trees = {}
    for name, layers in names.items():
        put(at, name, image(layers))
        trees[name] = tree_of(_unpacked(tmp_path, name))
    with Client() as client:
        for before, after in itertools.permutations(names, 2):
            found = {change.name for change in client.diff(f"{at}:{before}", f"{at}:{after}").files}
            one, other = trees[before], trees[after]
            assert found == {name for name in one.keys() | other.keys() if _told(one, name) != _told(other, name)}


@pytest.mark.network
@pytest.mark.peer("umoci", "buildah")
def test_what_buildah_commits_is_seen_as_umoci_unpacks_it(tmp_path: Path) -> None:
    """A base, and an image on it that has a file less, another one changed, and a link."""
    at = f"oci:{tmp_path / 'layout'}"
    with machine(tmp_path) as alone, TemporaryDirectory(prefix="boxship-") as short:
        built = Containers(alone, Path(short))
        built.build("base", layers=3)
        work = built.buildah("from", "--pull-never", "base")
        root = Path(built.buildah("mount", work))
        (root / "etc/file-0").unlink()
        (root / "etc/file-1").write_text("another")
        (root / "etc/link").symlink_to("/etc/file-2")
        built.buildah("commit", "--quiet", work, "app")
        for name in ("base", "app"):
            built.buildah("push", "--quiet", name, f"{at}:{name}")
    trees = {name: tree_of(_unpacked(tmp_path, name)) for name in ("base", "app")}
    with Client() as client:
        listed = client.list_files(f"{at}:app", recursive=True)
        assert {seen.name for seen in listed.found} == trees["app"].keys()
        found = client.diff(f"{at}:base", f"{at}:app")
        assert {change.name for change in found.files} == {"etc/file-0", "etc/file-1", "etc/link"}
        out = tmp_path / "out"
        read = client.read_files(f"{at}:app", ["/etc/link", "/etc/file-1"], out)
        assert out.read_bytes() == (tmp_path / "bundle-app/rootfs/etc/file-2").read_bytes() + b"another"
        assert len(read.read) == 2 < read.layers
        assert client.tree(f"{at}:app").waste >= Path("/etc/services").stat().st_size


def _told(tree: dict[str, object], name: str) -> object:
    """What is said of a file, without its other names, which differ with them."""
    said = tree.get(name)
    return said[:-1] if isinstance(said, tuple) else said


def _unpacked(folder: Path, name: str) -> Path:
    """The image as umoci unpacks it."""
    words = () if IS_ROOT else ("--rootless",)
    command = ["umoci", "unpack", *words, "--image", f"{folder / 'layout'}:{name}", str(folder / f"bundle-{name}")]
    subprocess.run(command, check=True, capture_output=True, timeout=60)
    return folder / f"bundle-{name}/rootfs"


def _within(folder: str, said: object) -> object:
    """What is said of a file, its other names counted from the folder on."""
    assert isinstance(said, tuple)
    *rest, names = said
    return (*rest, [name.removeprefix(f"{folder}/") for name in names] if isinstance(names, list) else names)
