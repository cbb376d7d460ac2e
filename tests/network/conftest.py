"""Fixtures of the tests whose packets are really dropped; each test is marked `network`."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.network.namespace import SERVER, SERVER6, Network


@pytest.fixture
def network() -> Iterator[Network]:
    """A client and a server whose hosts file knows it as `registry.test` (IPv4) and `both.test` (both)."""
    with Network(names={"registry.test": [SERVER], "both.test": [SERVER6, SERVER]}) as network:
        yield network
