"""A registry for each test, and content to push to it."""

from __future__ import annotations

import os
import zlib
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path
from typing import NamedTuple

import pytest

from boxship.server.registry import Settings
from boxship.server.upkeep.place import Place
from tests.peers.object_stores import Store, ceph, moto, swift
from tests.server.bucket import Bucket
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
# And whatever keeps their bytes, but for tests that look at the files, which are marked `in_files`.
OF_BYTES = ("blobs", "sessions", "sweep", "uploads")
# These, with every store that there is.
CONFORMANCE = ("conformance_blobs", "conformance_content")
# How many of these tests are tried with other stores than files and SQLite: some if nobody says, or `all`. So it is
# with runs of models and seconds of a race, which are others each time.
ASKED = os.environ.get("STORES", "some")
_ONE_IN = 8
POSTGRES = pytest.mark.peer("postgres")
CEPH = pytest.mark.peer("ceph-mon", "ceph-osd", "radosgw")
# Object stores that are real programs. Each takes as long to start as what is asked of it: one of them, if nobody says.
PROGRAMS = {"ceph": CEPH, **({"swift": pytest.mark.peer("swift-proxy-server")} if ASKED == "all" else {})}


class Keeping(NamedTuple):
    """Where a registry has its names and its bytes."""

    names: str = "sqlite"
    content: str = "files"


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    module = metafunc.module.__name__.rpartition(".test_")[2]
    if "registry" not in metafunc.fixturenames:
        return
    if module in CONTRACT:
        ways = [pytest.param(Keeping(), id="sqlite"), pytest.param(Keeping("postgresql"), marks=POSTGRES, id="pg")]
        if module in OF_BYTES and not metafunc.definition.get_closest_marker("in_files"):
            ways.append(pytest.param(Keeping(content="moto"), id="moto"))
        metafunc.parametrize("keeping", ways, scope="module")
    elif module in CONFORMANCE:
        ways = [
            pytest.param(Keeping(), id="files"),
            pytest.param(Keeping(content="moto"), id="moto"),
            pytest.param(Keeping("postgresql", "ceph"), marks=(POSTGRES, CEPH), id="pg-ceph"),
        ]
        if swift := PROGRAMS.get("swift"):
            ways.append(pytest.param(Keeping(content="swift"), marks=swift, id="swift"))
        metafunc.parametrize("keeping", ways, scope="module")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    left_out = [] if ASKED == "all" else [item for item in items if _is_of_another_store(item) and not _is_tried(item)]
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        without = set(left_out)
        items[:] = [item for item in items if item not in without]


def _is_of_another_store(item: pytest.Item) -> bool:
    called = getattr(item, "callspec", None)
    return called is not None and called.params.get("keeping", Keeping()) != Keeping()


def _is_tried(item: pytest.Item) -> bool:
    """The same tests each time, in every process, whatever else is collected."""
    return zlib.crc32(item.nodeid.encode()) % _ONE_IN == 0


class Stores:
    """Object stores, each started when a test first needs it."""

    def __init__(self, folder: Path, until: ExitStack) -> None:
        self._folder = folder
        self._until = until
        self._running: dict[str, Store] = {}

    def __getitem__(self, name: str) -> Store:
        if name not in self._running:
            start: Callable[[Path], AbstractContextManager[Store]] = {"moto": moto, "ceph": ceph, "swift": swift}[name]
            self._running[name] = self._until.enter_context(start(self._folder / name))
        return self._running[name]


@pytest.fixture(scope="session")
def stores(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stores]:
    with ExitStack() as until:
        yield Stores(tmp_path_factory.mktemp("stores"), until)


@pytest.fixture(scope="module")
def keeping() -> Keeping:
    return Keeping()


@pytest.fixture(scope="module")
def new_settings(keeping: Keeping, request: pytest.FixtureRequest) -> Iterator[Callable[[], Settings]]:
    """Settings of a registry that has nothing yet."""
    with pytest.MonkeyPatch.context() as patch:
        store: Store | None = None
        if keeping.content != "files":
            store = request.getfixturevalue("stores")[keeping.content]
            for name, value in store.environment.items():
                patch.setenv(name, value)
            # A bucket a test, and nobody else wants it.
            patch.setattr("boxship.server.storage.object_storage._SETTLING", 0.0)

        def settings() -> Settings:
            names = request.getfixturevalue("postgresql").new() if keeping.names == "postgresql" else ""
            content = f"s3://{store.new()}/registry" if store else ""
            return Settings(allow_delete=True, database=names, storage=content)

        yield settings


@pytest.fixture
def new_place(tmp_path: Path, new_settings: Callable[[], Settings]) -> Callable[[str], Place]:
    """A place with nothing in it, kept as the test's parameter says."""

    def made(name: str) -> Place:
        settings = new_settings()
        return Place(tmp_path / name, settings.database, settings.storage)

    return made


@pytest.fixture
def settings(new_settings: Callable[[], Settings]) -> Settings:
    """Those of the test's registry."""
    return new_settings()


@pytest.fixture
def bucket(keeping: Keeping, stores: Stores, settings: Settings) -> Bucket:
    """What the test's registry has in its store."""
    return Bucket(stores[keeping.content], settings.storage)


@pytest.fixture
def registry(tmp_path: Path, settings: Settings) -> Iterator[Driver]:
    with Driver(tmp_path / "registry", settings=settings) as driver:
        yield driver
