"""The same model, of replicas with nothing of their own: names in one PostgreSQL, content in one object store."""

from __future__ import annotations

import itertools
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import ClassVar

import pytest
from hypothesis import settings

from boxship.digest import Digest
from boxship.server.registry import Settings
from tests.peers.object_stores import Store
from tests.peers.postgresql import Cluster
from tests.server import test_model, test_model_postgres
from tests.server.conftest import ASKED, CEPH, POSTGRES, Stores
from tests.server.driver import Driver

pytestmark = [POSTGRES, CEPH]


class TwoOfAStore(test_model_postgres.TwoReplicas):
    """Two registries in folders of their own."""

    store: ClassVar[Store]

    def prepare(self) -> None:
        super().prepare()
        self.bucket = self.store.new()
        self.folders = itertools.count()
        self.others: list[Path] = []

    def teardown(self) -> None:
        super().teardown()
        for folder in self.others:
            shutil.rmtree(folder)

    def _open(self) -> Driver:
        folder = Path(tempfile.mkdtemp())
        self.others.append(folder)
        return Driver(folder, settings=self._settings(), clock=lambda: self.model.now).__enter__()

    def _settings(self) -> Settings:
        return replace(super()._settings(), storage=f"s3://{self.bucket}/registry")

    def _check(self) -> None:
        """Every live blob has an object, whose bytes are its own."""
        live = self.database.read_now("SELECT digest, size, location FROM blob WHERE state < 2").fetchall()
        for name, size, location in live:
            content = self.store.read(self.bucket, f"registry/{location}")
            assert (str(Digest.of(content, Digest.parse(name).algorithm)), len(content)) == (name, size)


@pytest.fixture(scope="module", autouse=True)
def _ceph(stores: Stores) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        TwoOfAStore.store = stores["ceph"]
        for name, value in TwoOfAStore.store.environment.items():
            patch.setenv(name, value)
        yield


@pytest.fixture(scope="module", autouse=True)
def _postgresql(postgresql: Cluster) -> None:
    TwoOfAStore.cluster = postgresql


TestTwoOfAStore = pytest.mark.timeout(600)(TwoOfAStore.TestCase)
TestTwoOfAStore.settings = settings(test_model.TestTwoProcesses.settings, max_examples=5 if ASKED == "all" else 2)
