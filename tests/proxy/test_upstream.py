"""A cache of a real registry, which its own client asks: over HTTP, where the words of methods and headers count."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from boxship import media_type
from boxship.digest import Digest
from boxship.server.proxy.upstream import Source
from boxship.testing import Answer, Image, Request, ScriptedRegistry, serving
from boxship.upstream import Source as Reached
from tests.proxy.conftest import Clock
from tests.proxy.stand_in import cache
from tests.server.driver import Driver

IMAGE = Image.of([b"a layer"])
LAYER = Digest.of(IMAGE.layers[0])
BLOB = f"/v2/up/app/blobs/{LAYER}"
TAGGED = "/v2/up/app/manifests/v1"


class Noting:
    """A registry that notes what it is asked, and whose tags may name an image of schema 1."""

    def __init__(self) -> None:
        self._registry = ScriptedRegistry(image=IMAGE)
        self.asked: list[str] = []
        self.silent_about_sizes = self.signed = False

    def __call__(self, request: Request) -> Answer:
        self.asked.append(f"{request.method} {request.path}")
        if self.signed and "/manifests/" in request.path:
            # What is signed is called by what was there before it was signed (manifest-v2-1, "Digest").
            told = {
                "Content-Type": f"{media_type.DOCKER_SCHEMA_1}prettyjws",
                "Docker-Content-Digest": str(Digest.of(b"1")),
            }
            return Answer(200, b'{"schemaVersion": 1, "signatures": []}', headers=told)
        if self.silent_about_sizes and request.method == "HEAD":
            return Answer(405, b"")
        return self._registry(request)


@pytest.fixture
def noting() -> Noting:
    return Noting()


@pytest.fixture
def driver(tmp_path: Path, noting: Noting, clock: Clock) -> Iterator[Driver]:
    with serving(noting) as server:
        source: Source = Reached.parse(f"up=http://{server.address}")
        with cache(tmp_path / "cache", source, clock=clock) as driver:
            yield driver


def blobs(noting: Noting) -> list[str]:
    return [asked.partition(" ")[0] for asked in noting.asked if "/blobs/" in asked]


def test_head_is_asked_by_head(driver: Driver, noting: Noting) -> None:
    answer = driver("HEAD", BLOB)
    assert (answer.status, answer.headers["content-length"]) == (200, str(len(IMAGE.layers[0])))
    assert blobs(noting) == ["HEAD"]
    assert driver("GET", BLOB).body == IMAGE.layers[0]
    assert blobs(noting) == ["HEAD", "GET"]


def test_head_where_the_upstream_knows_none_is_answered_all_the_same(driver: Driver, noting: Noting) -> None:
    noting.silent_about_sizes = True
    assert driver("HEAD", BLOB).headers["content-length"] == str(len(IMAGE.layers[0]))


def test_a_tag_that_moved_to_a_signed_image_of_schema_1_is_refused_by_its_name(
    driver: Driver, noting: Noting, clock: Clock
) -> None:
    assert driver("GET", TAGGED).body == IMAGE.manifest
    noting.signed = True
    clock.now += 61
    answer = driver("GET", TAGGED)
    assert answer.refusal == (502, "MANIFEST_UNKNOWN")
    assert b"schema 1" in answer.body
