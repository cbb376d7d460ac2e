"""The matrix is played once for each stage and each kind of client; every row is a test of its own."""

from __future__ import annotations

__all__ = ["Proved"]

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Protocol

import pytest

from tests.behaviour.ports import certificates
from tests.matrix.lab import DOMAIN, Way
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
    def proofs(stage: Stage, way: Way) -> Mapping[str, Proof]:
        return prove((row for row in ROWS.values() if stage in row.stages), stage, materials, way)

    return proofs
