"""A layout for images."""

from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture
def layout(tmp_path: Path) -> str:
    """A layout that is not there yet."""
    return f"oci:{tmp_path}/layout"
