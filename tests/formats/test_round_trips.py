"""From every format to every other and back: the digest stays. Where it cannot, it is said here."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from boxship import Client
from boxship.digest import Digest
from boxship.formats.memory import Memory
from boxship.formats.opening import source_at, target_at
from boxship.formats.place import Kind, Place
from boxship.media_type import DOCKER_LIST, OCI_INDEX
from boxship.platform import Platform
from boxship.reference import Reference
from boxship.registry.repository import Repository
from boxship.store import Source, Target
from boxship.testing import RunningRegistry, random_image, registry
from tests.formats.stores import copied, in_memory, platform_index

REGISTRY, MEMORY = "registry", "memory"
FILES = tuple(kind.value for kind in Kind if kind is not Kind.DOCKER_DAEMON)
STORES = (*FILES, REGISTRY, MEMORY)
PAIRS = list(itertools.product(STORES, STORES))
PLATFORMS = (str(Platform.here()), "linux/s390x")


@pytest.fixture(scope="module")
def running() -> Iterator[RunningRegistry]:
    with registry() as r:
        yield r


class Stores:
    """Stores of every format, each of a name its own."""

    def __init__(self, folder: Path, running: RunningRegistry, client: Client) -> None:
        self._folder, self._running, self._client = folder, running, client
        self._memories: dict[str, Memory] = {}

    @contextmanager
    def target(self, kind: str, name: str) -> Iterator[Target]:
        if kind == MEMORY:
            yield self._memories.setdefault(name, Memory())
        elif kind == REGISTRY:
            with self._repository(name) as repository:
                yield repository
        else:
            with target_at(Place(Kind(kind), self._folder / name)) as target:
                yield target

    @contextmanager
    def source(self, kind: str, name: str) -> Iterator[Source]:
        if kind == MEMORY:
            yield self._memories[name]
        elif kind == REGISTRY:
            with self._repository(name) as repository:
                yield repository
        else:
            with source_at(Place(Kind(kind), self._folder / name)) as source:
                yield source

    @contextmanager
    def _repository(self, name: str) -> Iterator[Repository]:
        reference = Reference.parse(f"{self._running.address}/{self._folder.name.lower()}/{name}")
        with self._client._operations.at(reference.registry) as remote:
            yield Repository(remote, reference)


def called(kind: str) -> str:
    return "" if kind == Kind.DIR.value else "app"


@pytest.fixture
def stores(tmp_path: Path, running: RunningRegistry) -> Iterator[Stores]:
    with Client() as client:
        yield Stores(tmp_path, running, client)


def there_and_back(stores: Stores, first: str, second: str, memory: Memory) -> Digest:
    with stores.target(first, "one") as target:
        copied(memory, "app", target, "app")
    with stores.source(first, "one") as source, stores.target(second, "two") as target:
        copied(source, called(first), target, "app")
    back = Memory()
    with stores.source(second, "two") as source:
        digest = copied(source, called(second), back, "app").digest
    assert back._documents == memory._documents
    assert back._blobs == memory._blobs
    return digest


@pytest.mark.parametrize(("first", "second"), PAIRS)
def test_an_image_keeps_its_digest(stores: Stores, first: str, second: str) -> None:
    image = random_image(seed=1)
    assert there_and_back(stores, first, second, in_memory(image, "app")) == image.digest


@pytest.mark.parametrize(("first", "second"), PAIRS)
def test_an_index_keeps_its_digest(stores: Stores, first: str, second: str) -> None:
    memory = Memory()
    digest = platform_index(memory, "app", PLATFORMS, OCI_INDEX if first < second else DOCKER_LIST)
    assert there_and_back(stores, first, second, memory) == digest
