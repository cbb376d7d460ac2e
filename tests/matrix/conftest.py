"""The matrix is played once for each stage and each kind of client; every row is a test of its own."""

from __future__ import annotations

__all__ = ["Proved"]

from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from functools import cache
from pathlib import Path
from typing import Protocol

import pytest

from tests.behaviour.ports import certificates
from tests.matrix.addresses import DOMAIN
from tests.matrix.lab import Way
from tests.matrix.proof import Proof, prove
from tests.matrix.row import Stage
from tests.matrix.rows import ROWS


class Proved(Protocol):
    """Gives the proofs of all rows of a stage."""

    def __call__(self, stage: Stage, way: Way, /) -> Mapping[str, Proof]: ...


@pytest.fixture(scope="session")
def materials(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with an authority and its certificates, for every row's name."""
    folder = tmp_path_factory.mktemp("certificates")
    certificates(folder, f"*.{DOMAIN}")
    return folder


@pytest.fixture(scope="session")
def proved(materials: Path) -> Proved:
    """All rows of a stage, proved when the first of them is asked for."""

    @cache
    def played(stage: Stage, way: Way) -> Future[Mapping[str, Proof]]:
        # A future keeps an error as well: what cannot be played is not tried again for every row.
        rows = [row for row in ROWS.values() if stage in row.stages]
        with ThreadPoolExecutor(1) as pool:
            return pool.submit(prove, rows, stage, materials, way)

    return lambda stage, way: played(stage, way).result()
