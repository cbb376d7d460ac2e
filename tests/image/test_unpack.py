"""An image in a folder: the same file system as umoci's, whatever hostile layers say, and nothing outside of it."""

from __future__ import annotations

import os
import stat
import subprocess
import tarfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from isal import igzip

from boxship.errors import UnexpectedAnswer
from boxship.image.bounds import Bounds
from boxship.image.unpack import unpack
from boxship.image.unpacked import Unpacked
from boxship.testing import Image
from tests.formats.stores import Entry, file, folder, in_memory, layers_of, link, symlink, tar_of
from tests.image.test_export import LINKS, RULES


@pytest.fixture
def root(tmp_path: Path) -> Iterator[Path]:
    """A folder beside another that nobody may touch."""
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "secret").write_text("kept")
    (tmp_path / "root").mkdir()
    yield tmp_path / "root"
    assert {path.name for path in tmp_path.iterdir()} == {"outside", "root"}
    assert {path.name for path in (tmp_path / "outside").iterdir()} == {"secret"}
    secret = (tmp_path / "outside" / "secret").stat()
    assert (tmp_path / "outside" / "secret").read_text() == "kept"
    assert (secret.st_nlink, stat.S_IMODE(secret.st_mode)) == (1, 0o644)


def unpacked(root: Path, *layers: list[Entry], devices: bool = False, bounds: Bounds | None = None) -> Unpacked:
    store = in_memory(Image.of(map(tar_of, layers)), "1")
    return unpack(layers_of(store, bounds=bounds), root, devices=devices)


def tree(root: Path) -> dict[str, str]:
    """Every name below the folder with what it is."""
    found = {}
    for path in sorted(root.rglob("*")):
        name = path.relative_to(root).as_posix()
        if path.is_symlink():
            found[name] = f"-> {path.readlink()}"
        else:
            found[name] = path.read_bytes().decode() if path.is_file() else "/"
    return found


def with_folders(expected: dict[str, str]) -> dict[str, str]:
    """What the specification says nothing of: a file's folders are there."""
    parents = {parent.as_posix() for name in expected for parent in Path(name).parents if parent.name}
    return {**dict.fromkeys(parents, "/"), **expected}


@pytest.mark.parametrize(("layers", "expected"), [rule[1:] for rule in RULES], ids=[rule[0] for rule in RULES])
def test_layers_make_a_file_system(root: Path, layers: list[list[Entry]], expected: dict[str, str]) -> None:
    unpacked(root, *layers)
    folded = {name.rstrip("/"): told for name, told in expected.items()}
    assert {name: told for name, told in tree(root).items() if name in folded} == folded
    assert tree(root).keys() - with_folders(folded).keys() <= {"d"}  # one that an opaque marker or a whiteout stood in


@pytest.mark.parametrize(
    ("layers", "expected"),
    [case[1:] for case in LINKS if case[0] not in ("to a file that comes later", "to nothing")
     and "AUFS" not in case[0]],
)  # fmt: skip
def test_hard_links_are_of_one_file(root: Path, layers: list[list[Entry]], expected: list[tuple[str, str]]) -> None:
    unpacked(root, *layers)
    assert tree(root).keys() == {name for name, _ in expected}
    for name, told in expected:
        if told.startswith("= "):
            assert (root / name).samefile(root / told[2:])
        else:
            assert (root / name).read_text() == told


def test_the_folder_may_be_named_by_a_link(root: Path) -> None:
    (root / "inner").mkdir()
    (root / "link").symlink_to("inner")
    unpacked(root / "link", [file("a", b"1")])
    assert tree(root / "inner") == {"a": "1"}


def test_a_link_to_nothing_is_an_error(root: Path) -> None:
    with pytest.raises(UnexpectedAnswer, match="there is no 'b'"):
        unpacked(root, [link("a", "b")])


def test_a_symbolic_link_without_a_target_is_an_error(root: Path) -> None:
    with pytest.raises(UnexpectedAnswer, match="it is a link to nothing"):
        unpacked(root, [symlink("a", "")])


def test_a_name_that_no_file_can_have_is_an_error(root: Path) -> None:
    with pytest.raises(UnexpectedAnswer, match="cannot be made"):
        unpacked(root, [symlink("a", "b" * 5000)])
    with pytest.raises(UnexpectedAnswer, match="cannot be made"):
        unpacked(root, [file("a" * 300, b"1")])


# What may be said of a file.


def test_rights_times_and_owners_are_those_of_the_image(root: Path) -> None:
    fields = {"mode": 0o4751, "mtime": 1700000000.25, "uid": 12, "gid": 13}
    shut = folder("shut", mode=0o500, mtime=5)
    unpacked(root, [folder("d", mode=0o1777, mtime=1), shut, file("shut/in", b"1", **fields), symlink("s", "shut")])
    found = (root / "shut" / "in").stat()
    assert found.st_mtime == fields["mtime"]
    own = os.geteuid() == 0
    assert stat.S_IMODE(found.st_mode) == (fields["mode"] if own else 0o751)
    assert (found.st_uid, found.st_gid) == ((12, 13) if own else (os.geteuid(), os.getegid()))
    assert [(root / name).stat().st_mtime for name in ("d", "shut")] == [1, 5]
    assert [stat.S_IMODE((root / name).stat().st_mode) for name in ("d", "shut")] == [0o1777, 0o500]


def test_a_folder_that_comes_again_is_told_what_the_last_one_said(root: Path) -> None:
    unpacked(root, [folder("d", mode=0o700), file("d/a")], [folder("d", mode=0o711)], [folder("gone", mode=0o700)],
             [file(".wh.gone")], [file("gone/a")])  # fmt: skip
    assert [stat.S_IMODE((root / name).stat().st_mode) for name in ("d", "gone")] == [0o711, 0o755]


def test_only_harmless_attributes_are_set(root: Path) -> None:
    pax = {f"SCHILY.xattr.{name}": "y" for name in ("user.note", "trusted.overlay.opaque", "security.selinux")}
    unpacked(root, [file("a", b"1", pax_headers=pax)])
    assert [name for name in os.listxattr(root / "a") if name != "security.selinux"] in (["user.note"], [])
    assert tree(root) == {"a": "1"}


def device(name: str, kind: bytes, major: int, minor: int) -> Entry:
    member = tarfile.TarInfo(name)
    member.type, member.devmajor, member.devminor = kind, major, minor
    return member, b""


def test_devices_are_left_out_and_said(root: Path) -> None:
    entries = [device("dev/null", tarfile.CHRTYPE, 1, 3), device("dev/sda", tarfile.BLKTYPE, 8, 0), file("a", b"1")]
    assert unpacked(root, entries).left_out == ["dev/null", "dev/sda"]
    assert tree(root) == {"a": "1", "dev": "/"}


def test_devices_are_made_where_they_are_asked_for(root: Path) -> None:
    if os.geteuid():
        with pytest.raises(PermissionError):
            unpacked(root, [device("null", tarfile.CHRTYPE, 1, 3)], devices=True)
        return
    unpacked(root, [device("null", tarfile.CHRTYPE, 1, 3)], devices=True)
    found = (root / "null").stat()
    assert stat.S_ISCHR(found.st_mode)
    assert found.st_rdev == os.makedev(1, 3)


def test_a_pipe_is_made(root: Path) -> None:
    unpacked(root, [device("pipe", tarfile.FIFOTYPE, 0, 0)])
    assert (root / "pipe").is_fifo()


# Links, which lead no further than a process comes whose root the folder is.

OUTSIDE = "../outside"
INSIDE = [
    ("a relative link out", [[symlink("l", OUTSIDE)], [file("l/new", b"1")]], "outside/new"),
    ("an absolute link", [[symlink("l", "/outside")], [file("l/new", b"1")]], "outside/new"),
    ("a link to the root's own parent", [[symlink("l", "../../../../..")], [file("l/new", b"1")]], "new"),
    ("a chain", [[symlink("a", "b/.."), symlink("b", "../.."), symlink("c", "a/outside")], [file("c/new", b"1")]],
     "outside/new"),
    ("a folder through a link", [[symlink("l", OUTSIDE), folder("l/new")]], "outside/new"),
    ("a link through a link", [[symlink("l", OUTSIDE), symlink("l/new", "secret")]], "outside/new"),
    ("a link for a folder", [[folder("d"), file("d/a")], [symlink("d", OUTSIDE)], [file("d/new", b"1")]],
     "outside/new"),
    ("a backslash", [[file("..\\outside\\new", b"1")]], "..\\outside\\new"),
    ("a backslash at its beginning", [[file("\\outside\\new", b"1")]], "\\outside\\new"),
    ("a drive", [[file("C:/outside/new", b"1")]], "C:/outside/new"),
    ("letters that are no dots", [[file("\uff0e\uff0e/outside/new", b"1")]], "\uff0e\uff0e/outside/new"),
    ("one that turns round", [[symlink("\u202e..", "x"), file("\u202e/new", b"1")]], "\u202e/new"),
    ("a letter in two forms", [[symlink("\u00e9", OUTSIDE), file("e\u0301/new", b"1")]], "e\u0301/new"),
    ("a letter in two cases", [[symlink("Link", OUTSIDE), file("link/new", b"1")]], "link/new"),
    ("a mark that some file systems ignore", [[symlink("l", OUTSIDE), file("l\u200d/new", b"1")]], "l\u200d/new"),
    ("an absolute name", [[file("/outside/new", b"1")]], "outside/new"),
    ("dots inside", [[file("a/b/../../outside/new", b"1")]], "outside/new"),
]  # fmt: skip


@pytest.mark.parametrize(("layers", "expected"), [case[1:] for case in INSIDE], ids=[case[0] for case in INSIDE])
def test_nothing_is_made_outside(root: Path, layers: list[list[Entry]], expected: str) -> None:
    unpacked(root, *layers)
    assert os.path.lexists(root / expected)


def test_what_a_link_leads_to_is_replaced_as_the_link(root: Path) -> None:
    unpacked(root, [symlink("l", "../outside/secret"), symlink("m", "/outside/secret")], [file("l", b"1"), file("m")])
    assert tree(root) == {"l": "1", "m": ""}


@pytest.mark.parametrize("name", [f"l/{white}" for white in (".wh.secret", ".wh..wh..opq")])
@pytest.mark.parametrize("target", [OUTSIDE, "/../outside", "../../../../outside"])
def test_a_whiteout_through_a_link_removes_nothing_outside(root: Path, name: str, target: str) -> None:
    unpacked(root, [folder("outside"), file("outside/secret", b"1"), symlink("l", target)], [file(name)])
    assert "outside/secret" not in tree(root)


@pytest.mark.parametrize("name", [".wh..", ".wh...", "a/.wh..", "a/.wh...", ".wh."])
def test_a_whiteout_of_a_folder_s_own_names_removes_nothing(root: Path, name: str) -> None:
    unpacked(root, [file("a/b", b"1"), file("c", b"1")], [file(name)])
    assert tree(root) == {"a": "/", "a/b": "1", "c": "1"}


@pytest.mark.parametrize("target", ["../outside/secret", "/../outside/secret", "l/secret", "a/../../outside/secret"])
def test_a_hard_link_reaches_nothing_outside(root: Path, target: str) -> None:
    with pytest.raises(UnexpectedAnswer):
        unpacked(root, [symlink("l", OUTSIDE), link("h", target)])


def test_a_hard_link_to_a_link_is_the_link(root: Path) -> None:
    unpacked(root, [symlink("l", "../outside/secret"), link("h", "l"), file("h/../i", b"1")])
    assert tree(root) == {"l": "-> ../outside/secret", "h": "-> ../outside/secret", "i": "1"}


def test_links_that_go_round_are_said(root: Path) -> None:
    with pytest.raises(UnexpectedAnswer, match="go round"):
        unpacked(root, [symlink("a", "b"), symlink("b", "a")], [file("a/new")])


def test_folders_are_not_deeper_than_can_be_gone_through(root: Path) -> None:
    with pytest.raises(UnexpectedAnswer, match="deep"):
        unpacked(root, [file("d/" * 300 + "a")])


@pytest.mark.parametrize("name", ["a" * 5000, "a\0b", "a" * 300])
def test_names_that_no_file_can_have_are_said(root: Path, name: str) -> None:
    entry = file("x", b"1", pax_headers={"path": name})
    with pytest.raises((UnexpectedAnswer, OSError), match=r"name of 5000|null (byte|character)|too long"):
        unpacked(root, [entry])


def test_a_hard_link_to_a_folder_is_said(root: Path) -> None:
    with pytest.raises(UnexpectedAnswer, match="is a folder"):
        unpacked(root, [folder("d"), link("a", "d")])


@pytest.mark.parametrize("kind", [file, folder])
@pytest.mark.parametrize("fields", [{"mtime": "x"}, {"uid": "-"}, {"mtime": "1e400"}, {"mtime": "9" * 40}])
def test_numbers_that_are_none_are_said(root: Path, kind: Callable[..., Entry], fields: dict[str, str]) -> None:
    if "uid" in fields and os.geteuid():
        fields = {"mtime": "-"}  # whose owner is not root's to give
    with pytest.raises(UnexpectedAnswer):
        unpacked(root, [kind("x", pax_headers=fields)])


def test_sparse_files_are_said_to_be_unknown(root: Path) -> None:
    with pytest.raises(UnexpectedAnswer, match="sparse"):
        unpacked(root, [file("x", b"1", pax_headers={"GNU.sparse.major": "1", "GNU.sparse.minor": "0"})])


def test_a_bomb_is_stopped(root: Path) -> None:
    bomb = igzip.compress(tar_of([file("a", bytes(400 << 20))], packed=False))
    with pytest.raises(UnexpectedAnswer, match="times as large"):
        unpack(layers_of(in_memory(Image.of([bomb]), "1"), bounds=Bounds(ratio=20)), root)
    assert sum(path.stat().st_size for path in root.rglob("*")) < 300 << 20
    with pytest.raises(UnexpectedAnswer, match="entries"):
        unpacked(root, [file(str(number)) for number in range(20)], bounds=Bounds(entries=10))


def test_many_links_to_one_name_are_not_slow(root: Path) -> None:
    """Names that lead through forty links each: what a layer of some kilobytes costs is bounded."""
    chain = [symlink("l0", "d"), *(symlink(f"l{n}", f"l{n - 1}") for n in range(1, 40))]
    unpacked(root, [folder("d"), *chain], [file(f"l{n % 40}/{n}") for n in range(2000)])
    assert len(list((root / "d").iterdir())) == 2000


# Beside umoci.


@pytest.mark.peer("umoci")
def test_umoci_unpacks_the_same(tmp_path: Path) -> None:
    from boxship.formats.oci_layout import OCILayout
    from tests.formats.stores import copied

    layers = [
        [folder("etc"), file("etc/a", b"1", mode=0o640), link("etc/b", "etc/a"), symlink("lib", "usr/lib"),
         folder("usr/lib", mode=0o711), file("usr/lib/x", b"1"), folder("opt"), file("opt/old", b"1"),
         folder("gone"), file("gone/a", b"1"), device("pipe", tarfile.FIFOTYPE, 0, 0)],
        [file("etc/.wh.a"), file("lib/y", b"2"), file("opt/.wh..wh..opq"), file("opt/new", b"2"), file(".wh.gone"),
         symlink("etc/c", "/etc/b"), file("usr/lib/x", b"22", mtime=7)],
        [folder("gone", mode=0o700), file("gone/b", b"3"), file("lib/.wh.x")],
    ]  # fmt: skip
    store = in_memory(Image.of(map(tar_of, layers)), "1")
    copied(store, "1", OCILayout(tmp_path / "layout"), "1")
    words = ["umoci", "unpack", "--rootless", "--image", f"{tmp_path}/layout:1", str(tmp_path / "theirs")]
    subprocess.run(words, check=True, capture_output=True, timeout=60)
    (tmp_path / "ours").mkdir()
    unpack(layers_of(store), tmp_path / "ours")
    theirs = tmp_path / "theirs" / "rootfs"
    assert tree(tmp_path / "ours") == tree(theirs)
    for name in tree(theirs):
        one, other = (path.lstat() for path in (tmp_path / "ours" / name, theirs / name))
        assert (one.st_mode, one.st_size, one.st_nlink) == (other.st_mode, other.st_size, other.st_nlink), name
