"""A registry for each test, and content to push to it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.server.driver import Driver


@pytest.fixture
def registry(tmp_path: Path) -> Iterator[Driver]:
    with Driver(tmp_path / "registry", allow_delete=True) as driver:
        yield driver
