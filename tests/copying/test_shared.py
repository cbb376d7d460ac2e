"""What several images share is brought once, into a repository and a registry; what is not mounted is pushed."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from boxship import Client
from boxship.digest import Digest
from boxship.errors import BoxshipError
from boxship.reference import Registry
from boxship.registry.uploads import How, push_blob
from boxship.testing import Answer, Image, Request, failure, put_image, registry, serving
from tests.copying.images import copied, repository
from tests.copying.warehouse import Warehouse
from tests.registry.test_uploads import BLOB, Held

BASE = os.urandom(100_000)
IMAGES = [Image.of([BASE, f"image {number}".encode()]) for number in range(8)]


def test_what_images_share_is_brought_to_a_repository_once() -> None:
    warehouse = Warehouse()
    with registry() as running, serving(warehouse) as server, Client() as client:
        for number, image in enumerate(IMAGES):
            put_image(running.address, "app", str(number), image)
        with (
            repository(client, f"{running.address}/app") as source,
            repository(client, f"{server.address}/app") as target,
            ThreadPoolExecutor(len(IMAGES)) as crew,
        ):
            every = range(len(IMAGES))
            results = list(crew.map(lambda number: copied(source, str(number), target, str(number)), every))
    assert set(warehouse.tags) == {str(number) for number in every}
    assert sum(result.pushed for result in results) == len(warehouse.blobs) == 1 + 2 * len(IMAGES)
    assert sum(result.present for result in results) == len(IMAGES) - 1
    base = str(Digest.of(BASE))
    assert sum(request.method == "HEAD" and request.path.endswith(base) for request in server.requests) == 1


def test_who_waits_for_a_blob_that_does_not_come_brings_it() -> None:
    """The first upload is refused; the second, of another image, was waiting for it."""
    warehouse, refused = Warehouse(), list[Request]()

    def answer(request: Request) -> Answer:
        if request.method == "PUT" and not refused and dict(request.query).get("digest") == str(Digest.of(BASE)):
            refused.append(request)
            return failure(403, "DENIED")
        return warehouse(request)

    with registry() as running, serving(answer) as server, Client() as client:
        for number in range(2):
            put_image(running.address, "app", str(number), IMAGES[number])
        with (
            repository(client, f"{running.address}/app") as source,
            repository(client, f"{server.address}/app") as target,
            ThreadPoolExecutor(2) as crew,
        ):
            pending = [crew.submit(copied, source, str(number), target, str(number)) for number in range(2)]
            errors = [one.exception() for one in pending]
    assert len([error for error in errors if isinstance(error, BoxshipError)]) == 1
    assert len(warehouse.tags) == 1


def test_what_is_deleted_between_two_copies_is_brought_again() -> None:
    warehouse = Warehouse()
    with registry() as running, serving(warehouse) as server, Client() as client:
        put_image(running.address, "app", "1", IMAGES[0])
        client.copy(f"{running.address}/app:1", f"{server.address}/app:1")
        warehouse.blobs.clear()
        warehouse.manifests.clear()
        assert client.copy(f"{running.address}/app:1", f"{server.address}/app:1").pushed == 3


def test_what_has_been_brought_to_one_repository_is_mounted_into_the_next() -> None:
    with registry() as there, registry() as here, Client() as client:
        for number in range(2):
            put_image(there.address, f"app{number}", "1", IMAGES[number])
        results = []
        for number in range(2):
            with (
                repository(client, f"{there.address}/app{number}") as source,
                repository(client, f"{here.address}/app{number}") as target,
            ):
                results.append(copied(source, "1", target, "1"))
    assert [(one.pushed, one.mounted) for one in results] == [(3, 0), (2, 1)]


@pytest.mark.parametrize("status", [400, 401, 403, 404, 405])
def test_a_blob_whose_mount_is_refused_is_pushed(status: int) -> None:
    warehouse = Warehouse()

    def refusing(request: Request) -> Answer:
        if request.method == "POST" and "mount" in request.target:
            return Answer(status)
        return warehouse(request)

    source = Held()
    with (
        serving(refusing) as server,
        Client() as client,
        client._operations.at(Registry.parse(server.url)) as remote,
    ):
        assert push_blob(remote, "app", BLOB, source, mount="other") is How.PUSHED
    assert set(warehouse.blobs) == {str(BLOB.digest)}
    assert source.opened == [0]


def test_a_mount_is_asked_for_again_where_it_may_pass() -> None:
    warehouse, troubles = Warehouse(), [failure(503, "UNAVAILABLE")]

    def answer(request: Request) -> Answer:
        if request.method != "POST":
            return warehouse(request)
        return troubles.pop() if troubles else replace(warehouse(request), status=201)

    with (
        serving(answer) as server,
        Client() as client,
        client._operations.at(Registry.parse(server.url)) as remote,
    ):
        assert push_blob(remote, "app", BLOB, Held(), mount="other") is How.MOUNTED
    assert ["mount" in request.target for request in server.requests if request.method == "POST"] == [True, True]
