"""One undisturbed run, recorded: what the points are points of."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from tests.crash.tracing import Call, record

# What a killed process has written is still there, whatever it was written to; in memory nobody waits for a disk.
MEMORY = "/dev/shm" if Path("/dev/shm").is_dir() else None


@dataclass(frozen=True, slots=True)
class Recording:
    """The calls of the run, strace's log of them, and a folder for the scopes of points."""

    calls: tuple[Call, ...]
    log: Path
    scopes: Path


@pytest.fixture(scope="session")
def recording() -> Iterator[Recording]:
    with TemporaryDirectory(prefix="crashes-", dir=MEMORY) as folder:
        scopes = Path(folder)
        (scopes / "recorded").mkdir()
        log = scopes / "strace.log"
        yield Recording(record(scopes / "recorded" / "registry", log), log, scopes)
