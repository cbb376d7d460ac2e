"""A folder for crashes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

# What a killed process has written is still there, whatever it was written to; in memory nobody waits for a disk.
_MEMORY = "/dev/shm" if Path("/dev/shm").is_dir() else None


@pytest.fixture(scope="session")
def crashes() -> Iterator[Path]:
    with TemporaryDirectory(prefix="crashes-", dir=_MEMORY) as folder:
        yield Path(folder)
