"""The same model, of replicas whose names are in one PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from functools import cached_property
from typing import ClassVar

import pytest
from hypothesis import settings

from boxship.digest import Digest
from boxship.server.database import Database
from boxship.server.opening import open_database
from boxship.server.registry import Settings
from tests.peers.postgresql import Cluster, cluster
from tests.server import test_model
from tests.server.conftest import ASKED

pytestmark = pytest.mark.peer("postgres")


class TwoReplicas(test_model.TwoProcesses):
    """Two registries, whose folder and whose database are the same."""

    cluster: ClassVar[Cluster]

    def prepare(self) -> None:
        self.url = self.cluster.new()

    def teardown(self) -> None:
        # A connection costs more than what is looked for after each step.
        with closing(self.database):
            super().teardown()

    @cached_property
    def database(self) -> Database:
        """What both have, looked at from beside."""
        return open_database(self.folder, self.url)

    def _settings(self) -> Settings:
        return replace(super()._settings(), database=self.url)

    def _check(self) -> None:
        live = self.database.read_now("SELECT digest, size FROM blob WHERE state < 2").fetchall()
        for name, size in live:
            digest = Digest.parse(name)
            content = (self.folder / "blobs" / digest.algorithm / digest.hex[:2] / digest.hex).read_bytes()
            assert (Digest.of(content), len(content)) == (digest, size)

    def _sums(self, repository: str) -> tuple[int, int] | None:
        row: tuple[int, int] | None = self.database.read_now(test_model.SUMS, (repository,)).fetchone()
        return row


@pytest.fixture(scope="module", autouse=True)
def _postgresql() -> Iterator[None]:
    with cluster() as TwoReplicas.cluster:
        yield


TestTwoReplicas = pytest.mark.timeout(600)(TwoReplicas.TestCase)
TestTwoReplicas.settings = settings(test_model.TestTwoProcesses.settings, max_examples=10 if ASKED == "all" else 3)
