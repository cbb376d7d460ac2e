"""Fixtures of the tests against other people's programs; each test marks the programs it needs with `peer`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.peers.certificates import Certificate, issue
from tests.peers.programs import Address, docker_registry


@pytest.fixture
def distribution(tmp_path: Path) -> Iterator[Address]:
    """An empty docker-registry on loopback, plain HTTP."""
    with docker_registry(tmp_path / "docker-registry") as address:
        yield address


@pytest.fixture
def certificate(tmp_path: Path) -> Certificate:
    """A certificate for 127.0.0.1, ::1 and localhost, by an authority that nobody trusts."""
    return issue(tmp_path, "127.0.0.1", "::1", "localhost")
