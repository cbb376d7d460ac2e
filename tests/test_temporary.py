"""Tests keep their files in memory where that has room for them, and on a disk elsewhere."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile

import pytest

from tests.temporary import in_memory, room

MIB = 1024**2


def system(mebibytes: int, flags: int = 0) -> os.statvfs_result:
    """A file system with blocks of 4 KiB, of which so much is left."""
    blocks = mebibytes * MIB // 4096
    return os.statvfs_result((4096, 4096, 2 * blocks, blocks, blocks, 0, 0, 0, flags, 255))


def meminfo(mebibytes: int) -> str:
    return f"MemTotal:       99999999 kB\nMemFree:            1 kB\nMemAvailable:   {mebibytes * 1024} kB\n"


@pytest.mark.parametrize(
    ("left", "told", "found"),
    [
        (system(9), meminfo(8), 8),
        (system(8), meminfo(9), 8),
        (system(9, os.ST_NOEXEC), meminfo(9), 0),
        (system(9, os.ST_NOSUID), meminfo(9), 9),
        (system(9), "MemTotal: 99999999 kB\n", 0),
    ],
    ids=["memory that others use", "a small file system", "no program may run there", "no setuid", "an old kernel"],
)
def test_room_is_what_files_and_programs_may_have(left: os.statvfs_result, told: str, found: int) -> None:
    assert room(left, told) == found * MIB


def test_programs_that_tests_run_keep_their_files_where_tests_do() -> None:
    told = [sys.executable, "-c", "import tempfile; print(tempfile.gettempdir())"]
    assert subprocess.run(told, capture_output=True, text=True, check=True).stdout.strip() == tempfile.gettempdir()


def test_what_is_in_memory_is_a_folder_of_this_machine() -> None:
    folder = in_memory()
    assert folder is None or os.access(folder, os.W_OK)
