"""Repositories that have nothing left: a sweep takes them from the catalog, unless something comes meanwhile."""

from __future__ import annotations

from pathlib import Path

import pytest

from boxship.server.registry import Settings
from boxship.server.upkeep.garbage import Policy, Repository
from boxship.server.upkeep.preview import preview
from tests.server.content import digest, push_blob, push_image
from tests.server.driver import Driver
from tests.server.test_sweep import AT_ONCE, DAY, removing, rows, sweep_later


def catalog(registry: Driver) -> list[str]:
    return list(registry("GET", "/v2/_catalog").json()["repositories"])


def empty(registry: Driver, repository: str) -> None:
    """Push an image, and delete all of it."""
    manifest = push_image(registry, repository, "v1")
    assert registry("DELETE", f"/v2/{repository}/manifests/{digest(manifest)}").status == 202
    for blob in (b"layer", b"{}"):
        assert registry("DELETE", f"/v2/{repository}/blobs/{digest(blob)}").status == 202


def test_a_repository_with_nothing_left_goes_from_the_catalog(registry: Driver) -> None:
    push_image(registry, "kept", "v1")
    empty(registry, "app")
    assert catalog(registry) == ["app", "kept"]
    opened = registry.run(registry.open())
    assert [str(find) for find in preview(opened, Policy())] == ["repository app"]
    assert sweep_later(registry, 0).repositories == 1
    assert catalog(registry) == ["kept"]
    assert registry("GET", "/v2/app/tags/list").refusal == (404, "NAME_UNKNOWN")
    assert sweep_later(registry, 0).repositories == 0


def test_it_goes_with_the_last_that_a_sweep_takes_from_it(registry: Driver) -> None:
    manifest = push_image(registry, "app", "v1")
    assert registry("DELETE", f"/v2/app/manifests/{digest(manifest)}").status == 202
    assert sweep_later(registry, DAY / 2).repositories == 0  # its blobs are kept for a day
    assert catalog(registry) == ["app"]
    assert sweep_later(registry, 2 * DAY).repositories == 1
    assert catalog(registry) == []


@pytest.mark.parametrize("content", ["blob", "image"])
def test_what_has_anything_stays(registry: Driver, content: str) -> None:
    if content == "blob":
        push_blob(registry, "app", b"layer")
    else:
        push_image(registry, "app")
    assert sweep_later(registry, 0).repositories == 0
    assert catalog(registry) == ["app"]


def test_what_something_is_pushed_to_between_two_looks_stays(registry: Driver) -> None:
    empty(registry, "app")
    ((repo,),) = rows(registry, "SELECT id FROM repo")
    push_blob(registry, "app", b"layer")
    found = [Repository(int(str(repo)), "app")]
    assert registry.run(removing(registry, AT_ONCE).forget(found)) == 0
    assert catalog(registry) == ["app"]


def test_a_quota_of_repositories_counts_those_that_are_there(tmp_path: Path) -> None:
    settings = Settings(allow_delete=True, quota_repositories=("1",))
    with Driver(tmp_path / "registry", settings=settings) as registry:
        empty(registry, "app")
        target = f"/v2/other/blobs/uploads/?digest={digest(b'layer')}"
        assert registry("POST", target, b"layer").refusal == (403, "DENIED")
        sweep_later(registry, 1, AT_ONCE)
        assert registry("POST", target, b"layer").status == 201


def test_its_name_is_pushed_to_again(registry: Driver) -> None:
    empty(registry, "app")
    sweep_later(registry, 1, AT_ONCE)
    manifest = push_image(registry, "app", "v1")
    assert registry("GET", "/v2/app/manifests/v1").body == manifest
    assert rows(registry, "SELECT name, tags FROM repo") == [("app", 1)]
