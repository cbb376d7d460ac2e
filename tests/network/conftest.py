"""Fixtures of the tests whose packets are really dropped; each test is marked `network`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from boxship.testing import put_image
from tests.behaviour.ports import certificates
from tests.behaviour.scene import HOST
from tests.network.namespace import SERVER, SERVER6, Network
from tests.peers.programs import docker_registry


@pytest.fixture
def network() -> Iterator[Network]:
    """A client and a server whose hosts file knows it as `registry.test` (IPv4) and `both.test` (both)."""
    with Network(names={"registry.test": [SERVER], "both.test": [SERVER6, SERVER]}) as network:
        yield network


@pytest.fixture(scope="session")
def materials(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with an authority and its certificates, for the server's name and address."""
    folder = tmp_path_factory.mktemp("certificates")
    certificates(folder, HOST, SERVER)
    return folder


@pytest.fixture(scope="session")
def stocked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The storage of a docker-registry that has `app:v1`."""
    folder = tmp_path_factory.mktemp("stocked")
    with docker_registry(folder) as address:
        put_image(str(address), "app", "v1")
    return folder / "storage"
