"""Devices, pipes and names of what is open: they are written to, and stay what they are."""

from __future__ import annotations

import io
import os
import stat
import tarfile
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from boxship import Client
from boxship.formats.written import is_special, new_file, write_file
from boxship.testing import RunningRegistry, put_image, registry


@pytest.fixture(scope="module")
def here() -> Iterator[RunningRegistry]:
    with registry() as running:
        put_image(running.address, "app", "1")
        yield running


def through(pipe: Path, act: Callable[[], object]) -> bytes:
    """What comes out of a pipe of that name while something is done."""
    os.mkfifo(pipe)
    read = list[bytes]()
    reader = threading.Thread(target=lambda: read.append(pipe.read_bytes()), daemon=True)
    reader.start()
    act()
    reader.join(20)
    assert stat.S_ISFIFO(pipe.stat().st_mode)
    return read[0]


def by_new_file(pipe: Path) -> None:
    with new_file(pipe) as file:
        file.write(b"content")


def test_a_pipe_is_written_to(tmp_path: Path) -> None:
    assert through(tmp_path / "one", lambda: write_file(tmp_path / "one", b"content")) == b"content"
    assert through(tmp_path / "two", lambda: by_new_file(tmp_path / "two")) == b"content"


@pytest.mark.parametrize("form", ["docker-archive", "oci-archive"])
def test_an_archive_goes_through_a_pipe(tmp_path: Path, here: RunningRegistry, form: str) -> None:
    def copied() -> None:
        with Client() as client:
            client.copy(f"{here.address}/app:1", f"{form}:{tmp_path}/pipe")

    with tarfile.open(fileobj=io.BytesIO(through(tmp_path / "pipe", copied))) as archive:
        assert "index.json" in archive.getnames()


def test_a_file_system_goes_through_a_pipe(tmp_path: Path, here: RunningRegistry) -> None:
    with Client() as client:
        raw = through(tmp_path / "pipe", lambda: client.export(f"{here.address}/app:1", tmp_path / "pipe"))
    with tarfile.open(fileobj=io.BytesIO(raw)) as archive:
        assert archive.getnames() != []


@pytest.mark.parametrize("name", ["/dev/null", "/dev/stdout", "/dev/fd/1", "/proc/self/fd/1"])
def test_a_device_and_what_is_open_are_special(name: str) -> None:
    assert is_special(Path(name))


def test_files_folders_and_what_is_not_there_are_not(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    (tmp_path / "link").symlink_to(tmp_path / "file")
    assert [is_special(tmp_path / name) for name in ("file", "link", "none", ".")] == [False] * 4
