"""Fixtures of the behaviour tests: each runs on loopback, and with real ports and packets where that is possible."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.behaviour.ports import certificates
from tests.behaviour.scene import HOST, Stage
from tests.behaviour.stages import Namespaced, OnLoopback

_STAGES: dict[str, Callable[[Path], Stage]] = {"loopback": OnLoopback, "namespaces": Namespaced}


@pytest.fixture(scope="session")
def materials(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with an authority and its certificates."""
    folder = tmp_path_factory.mktemp("certificates")
    certificates(folder, HOST, "10.99.0.1")
    return folder


@pytest.fixture(scope="session", params=["loopback", pytest.param("namespaces", marks=pytest.mark.network)])
def stage(request: pytest.FixtureRequest, materials: Path) -> Stage:
    """Where the scenes are set."""
    return _STAGES[request.param](materials)
