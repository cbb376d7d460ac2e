"""The list of manifests without a tag: which are in it, page by page, and from when on."""

from __future__ import annotations

from pathlib import Path

import pytest

from boxship.wire.links import next_link
from tests.server.content import digest, image, push_image
from tests.server.driver import Driver

PATH = "/v2/app/_boxship/untagged"


def push_untagged(registry: Driver, number: int) -> str:
    """An image that lost its only tag to the next one."""
    layer = f"layer {number}".encode()
    push_image(registry, "app", "v1", layer=layer)
    return digest(image(layer))


def test_what_lost_its_tag_is_listed_page_by_page(tmp_path: Path) -> None:
    with Driver(tmp_path, allow_delete=True) as registry:
        names = [push_untagged(registry, number) for number in range(6)]
        assert registry("GET", PATH).json() == {"name": "app", "manifests": sorted(names[:-1])}
        found, target, sizes = list[str](), f"{PATH}?n=2&older=0", list[int]()
        while target:
            reply = registry("GET", target)
            page = reply.json()["manifests"]
            found, sizes = [*found, *page], [*sizes, len(page)]
            target = next_link([reply.headers.get("link", "")]) or ""
            assert "older=0" in target or not target
        assert (found, sizes) == (sorted(names[:-1]), [2, 2, 1])


def test_only_what_was_pushed_so_long_ago_is_listed(tmp_path: Path) -> None:
    now = [1000.0]
    with Driver(tmp_path, allow_delete=True, clock=lambda: now[0]) as registry:
        first = push_untagged(registry, 1)
        now[0] += 100
        second = push_untagged(registry, 2)  # and only now nothing names the first any more
        now[0] += 100
        push_untagged(registry, 3)
        for older, expected in ((0, {first, second}), (1, {first}), (100, {first}), (101, set[str]())):
            assert set(registry("GET", f"{PATH}?older={older}").json()["manifests"]) == expected


@pytest.mark.parametrize("older", ["-1", "x", "1.5", "9" * 11, "%D9%A3"])
def test_an_age_that_is_none_is_refused(tmp_path: Path, older: str) -> None:
    with Driver(tmp_path, allow_delete=True) as registry:
        push_image(registry, "app", "v1")
        assert registry("GET", f"{PATH}?older={older}").status == 400


def test_where_there_is_no_repository_there_is_no_list(tmp_path: Path) -> None:
    with Driver(tmp_path, allow_delete=True) as registry:
        assert registry("GET", PATH).refusal == (404, "NAME_UNKNOWN")


def test_where_nothing_is_deleted_nobody_is_told(tmp_path: Path) -> None:
    with Driver(tmp_path) as registry:
        push_untagged(registry, 1)
        assert registry("GET", PATH).status == 405


@pytest.mark.parametrize(
    "path", ["/v2/_boxship/untagged", "/v2/App/_boxship/untagged", "/v2/a/../app/_boxship/untagged"]
)
def test_no_other_path_leads_there(tmp_path: Path, path: str) -> None:
    with Driver(tmp_path, allow_delete=True) as registry:
        push_untagged(registry, 1)
        assert registry("GET", path).status in (400, 404)
