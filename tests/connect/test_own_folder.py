"""A folder of the user's own files: what anybody else may have written does not count, and nothing is left half."""

from __future__ import annotations

import os
import re
import signal
import socket
import stat
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from boxship.connect.own_folder import OwnFolder
from tests.connect.driving import nothing_left

NAME = "a1.json"
OTHER = 65534  # a user that is not us: nobody
needs_root = pytest.mark.network  # for its root: only root gives files away


@pytest.fixture(autouse=True)
def _no_descriptor_is_left() -> Iterator[None]:
    with nothing_left():
        yield


def folder_at(path: Path, most: int = 3) -> OwnFolder:
    return OwnFolder(path, named=re.compile(r"[0-9a-f]+\.json"), most=most, largest=100)


@pytest.fixture
def folder(tmp_path: Path) -> OwnFolder:
    folder = folder_at(tmp_path / "cache" / "boxship" / "hosts")
    folder.write(NAME, b"kept")
    return folder


def read(folder: OwnFolder) -> bytes | None:
    try:
        return folder.read(NAME)
    except OSError:
        return None


def mode(path: Path) -> str:
    return oct(stat.S_IMODE(path.lstat().st_mode))


def test_what_is_written_is_the_users_alone(folder: OwnFolder) -> None:
    assert folder.read(NAME) == b"kept"
    assert mode(folder.path / NAME) == "0o600"
    made = (folder.path, folder.path.parent, folder.path.parent.parent)
    assert [mode(path) for path in made] == ["0o700"] * 3


def test_what_is_removed_is_gone_and_may_be_gone_before(folder: OwnFolder) -> None:
    folder.remove(NAME)
    folder.remove(NAME)
    assert read(folder) is None


def link(path: Path) -> None:
    path.rename(path.with_name("elsewhere"))
    path.symlink_to(path.with_name("elsewhere"))


def fifo(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


def listening(path: Path) -> None:
    path.unlink()
    with socket.socket(socket.AF_UNIX) as sock:
        sock.bind(str(path))


def directory(path: Path) -> None:
    path.unlink()
    path.mkdir()


def device(path: Path) -> None:
    path.unlink()
    os.mknod(path, stat.S_IFCHR | 0o600, os.makedev(1, 5))  # /dev/zero never ends


@pytest.mark.parametrize(
    "spoil",
    [
        link,
        fifo,
        listening,
        directory,
        pytest.param(device, marks=needs_root),
        pytest.param(lambda path: path.chmod(0o620), id="group-writable"),
        pytest.param(lambda path: path.chmod(0o602), id="world-writable"),
        pytest.param(lambda path: path.write_bytes(b"x" * 101), id="too large"),
        pytest.param(lambda path: os.chown(path, OTHER, -1), id="another user's", marks=needs_root),
        pytest.param(lambda path: path.parent.chmod(0o770), id="group-writable folder"),
        pytest.param(lambda path: path.parent.chmod(0o707), id="world-writable folder"),
        pytest.param(lambda path: os.chown(path.parent, OTHER, -1), id="another user's folder", marks=needs_root),
    ],
)
def test_what_others_may_have_written_does_not_count(folder: OwnFolder, spoil: Callable[[Path], None]) -> None:
    spoil(folder.path / NAME)
    began = time.monotonic()
    assert read(folder) is None
    assert time.monotonic() - began < 1.0


def test_the_largest_file_counts(folder: OwnFolder) -> None:
    folder.write(NAME, b"x" * 100)
    assert folder.read(NAME) == b"x" * 100


@pytest.mark.parametrize("spoil", [link, fifo, listening])
def test_a_file_of_our_own_takes_the_place_of_a_foreign_one(folder: OwnFolder, spoil: Callable[[Path], None]) -> None:
    spoil(folder.path / NAME)
    folder.write(NAME, b"new")
    assert folder.read(NAME) == b"new"
    assert (folder.path / NAME).lstat().st_nlink == 1
    elsewhere = folder.path / "elsewhere"
    assert not elsewhere.exists() or elsewhere.read_bytes() == b"kept"


@pytest.mark.parametrize("spoil", [0o770, 0o707])
def test_nothing_is_written_or_removed_where_others_may_write(folder: OwnFolder, spoil: int) -> None:
    folder.path.chmod(spoil)
    folder.write(NAME, b"new")
    folder.write("b2.json", b"new")
    folder.remove(NAME)
    assert sorted(path.name for path in folder.path.iterdir()) == [NAME]
    assert (folder.path / NAME).read_bytes() == b"kept"


def test_a_folder_that_the_user_has_linked_is_followed(folder: OwnFolder) -> None:
    link(folder.path)
    folder.write("b2.json", b"new")
    assert (read(folder), folder.read("b2.json")) == (b"kept", b"new")


@needs_root
def test_a_folder_that_another_user_has_linked_is_not_followed(folder: OwnFolder) -> None:
    link(folder.path)
    os.chown(folder.path, OTHER, -1, follow_symlinks=False)
    folder.write(NAME, b"new")
    assert read(folder) is None
    assert (folder.path / NAME).read_bytes() == b"kept"


@needs_root
def test_root_leaves_no_folder_in_another_users_home(tmp_path: Path) -> None:
    os.chown(tmp_path, OTHER, -1)
    folder_at(tmp_path / ".cache" / "boxship" / "hosts").write(NAME, b"kept")
    assert list(tmp_path.iterdir()) == []


def test_for_a_new_file_the_oldest_goes(folder: OwnFolder) -> None:
    for age, name in ((30, "b2.json"), (20, NAME), (10, "c3.json")):
        folder.write(name, b"kept")
        os.utime(folder.path / name, (time.time() - age,) * 2)
    folder.write(NAME, b"again, and no longer among the oldest")
    assert len(list(folder.path.iterdir())) == 3
    folder.write("d4.json", b"new")
    assert sorted(path.name for path in folder.path.iterdir()) == [NAME, "c3.json", "d4.json"]


def test_other_files_are_left_alone(folder: OwnFolder) -> None:
    others = ["package.json", "a1.json.bak", "notes", "b2.json.new", "x.0123456789abcdef.new"]
    for name in others:
        (folder.path / name).write_text("mine")
        os.utime(folder.path / name, (0, 0))
    (folder.path / "dd.json").mkdir()
    os.utime(folder.path / "dd.json", (0, 0))
    for name in ("b2.json", "c3.json", "d4.json"):
        folder.write(name, b"kept")
    assert {path.name for path in folder.path.iterdir()} == {*others, "dd.json", "b2.json", "c3.json", "d4.json"}


KILLED = """
import os, pathlib, re, signal, sys
from boxship.connect.own_folder import OwnFolder
pathlib.Path.replace = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
OwnFolder(pathlib.Path(sys.argv[1]), named=re.compile(r"[0-9a-f]+\\.json"), most=3, largest=100).write("a1.json", b"x")
"""


def test_what_a_killed_writer_leaves_does_not_count_and_goes_after_a_while(folder: OwnFolder) -> None:
    killed = subprocess.run([sys.executable, "-c", KILLED, folder.path], check=False, timeout=30)
    (left,) = set(folder.path.iterdir()) - {folder.path / NAME}
    assert (killed.returncode, folder.read(NAME)) == (-signal.SIGKILL, b"kept")
    folder.write("b2.json", b"new")
    assert left.exists()  # its writer may be alive
    os.utime(left, (time.time() - 4000,) * 2)
    folder.write(NAME, b"the names are not looked through for a file that was there")
    assert left.exists()
    folder.write("c3.json", b"new")
    assert not left.exists()


def test_a_write_that_fails_leaves_nothing(folder: OwnFolder) -> None:
    directory(folder.path / NAME)
    with pytest.raises(OSError, match=NAME):
        folder.write(NAME, b"new")
    assert [path.name for path in folder.path.iterdir()] == [NAME]
