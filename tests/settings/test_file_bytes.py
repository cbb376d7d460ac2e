"""Files of settings are read, whatever they are, and none of them for ever."""

from __future__ import annotations

import os
import sys
import threading
import time
from pathlib import Path

import pytest

from boxship.errors import InvalidSettings
from boxship.settings import file_bytes as room
from boxship.settings.docker_config import read_config
from boxship.settings.file_bytes import file_bytes
from boxship.settings.toml_file import read_toml


def test_a_file_is_read_whole(tmp_path: Path) -> None:
    content = os.urandom(200_000)
    (tmp_path / "file").write_bytes(content)
    assert file_bytes(tmp_path / "file") == content
    with pytest.raises(FileNotFoundError):
        file_bytes(tmp_path / "other")


def test_one_that_is_too_long_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "_MOST", 100)
    (tmp_path / "file").write_bytes(bytes(101))
    with pytest.raises(InvalidSettings, match="more than 100 bytes"):
        read_config(tmp_path / "file")


@pytest.mark.skipif(sys.platform == "win32", reason="it has no named pipes in folders, and no devices")
def test_a_pipe_is_read_to_its_end_and_not_waited_for_for_ever(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    os.mkfifo(tmp_path / "pipe")

    def write() -> None:
        with (tmp_path / "pipe").open("wb") as pipe:
            for piece in (b"a = ", b"1\n"):
                pipe.write(piece)
                pipe.flush()
                time.sleep(0.1)

    thread = threading.Thread(target=write)
    thread.start()
    assert read_toml(tmp_path / "pipe").values == {"a": 1}
    thread.join()
    monkeypatch.setattr(room, "_SECONDS", 0.1)
    with pytest.raises(InvalidSettings, match="is a pipe, and nobody has ended it"):
        read_config(tmp_path / "pipe")


@pytest.mark.skipif(not Path("/dev/zero").exists(), reason="Linux and macOS have it")
def test_a_device_without_an_end_is_said() -> None:
    with pytest.raises(InvalidSettings, match="more than"):
        read_config(Path("/dev/zero"))
