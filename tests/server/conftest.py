"""A registry for each test, and content to push to it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from boxship.server.registry import Settings
from tests.server.driver import Driver

# What registries promise, whatever keeps their names: these modules' tests are tried with each.
CONTRACT = (
    "blobs",
    "manifests",
    "recent",
    "referrers",
    "retention",
    "sessions",
    "sweep",
    "tagging",
    "tags",
    "untagged",
    "uploads",
)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    module = metafunc.module.__name__.rpartition(".test_")[2]
    if "registry" in metafunc.fixturenames and module in CONTRACT:
        metafunc.parametrize("names", ("sqlite", pytest.param("postgresql", marks=pytest.mark.peer("postgres"))))


@pytest.fixture
def names() -> str:
    return "sqlite"


@pytest.fixture
def registry(tmp_path: Path, names: str, request: pytest.FixtureRequest) -> Iterator[Driver]:
    url = request.getfixturevalue("postgresql").new() if names == "postgresql" else ""
    with Driver(tmp_path / "registry", settings=Settings(allow_delete=True, database=url)) as driver:
        yield driver
