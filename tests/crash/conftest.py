"""One undisturbed run, recorded: what the points are points of."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.crash.tracing import Call, record


@dataclass(frozen=True, slots=True)
class Recording:
    """The calls of the run, strace's log of them, and a folder for the scopes of points."""

    calls: tuple[Call, ...]
    log: Path
    scopes: Path


@pytest.fixture(scope="session")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Recording:
    scopes = tmp_path_factory.mktemp("crashes")
    (scopes / "recorded").mkdir()
    log = scopes / "strace.log"
    return Recording(record(scopes / "recorded" / "registry", log), log, scopes)
