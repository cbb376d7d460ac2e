"""Tags and the catalog, page by page, in the order of their bytes."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from boxship.wire.links import next_link
from tests.server.content import image, push_blob, push_image, push_manifest
from tests.server.driver import Driver

TAGS = "/v2/app/tags/list"
# Names that are the beginnings of others, and capitals, which bytes put first (distribution's issues 4898 and 4903).
FAMILY = sorted(["0.1.2", "0.1.20", "0.1.3", "Z", "_", "a", "a-", "a.b", "a_", "aa", "latest", "v1", "v10", "v2"])


@pytest.fixture
def tagged(registry: Driver) -> Driver:
    push_image(registry, "app", *reversed(FAMILY))
    return registry


def pages(registry: Driver, target: str, key: str) -> Iterator[list[str]]:
    following: str | None = target
    while following:
        reply = registry("GET", following)
        assert reply.status == 200
        yield reply.json()[key]
        following = next_link([reply.headers.get("link", "")])
        assert following is None or following.startswith("/v2/")


def test_tags_are_listed_in_the_order_of_their_bytes(tagged: Driver) -> None:
    reply = tagged("GET", TAGS)
    assert reply.json() == {"name": "app", "tags": FAMILY}
    assert "link" not in reply.headers


@pytest.mark.parametrize("size", range(1, len(FAMILY) + 2))
def test_pages_of_any_size_have_every_tag_once(tagged: Driver, size: int) -> None:
    found = list(pages(tagged, f"{TAGS}?n={size}", "tags"))
    assert [tag for page in found for tag in page] == FAMILY
    assert all(len(page) == size for page in found[:-1])
    assert found[-1]


@given(last=st.text(alphabet="aAzZ019._-vlé/", max_size=4), size=st.integers(1, 20))
@settings(max_examples=60, deadline=None)
def test_a_page_starts_strictly_after_any_text(tagged_once: Driver, last: str, size: int) -> None:
    from urllib.parse import urlencode

    reply = tagged_once("GET", f"{TAGS}?{urlencode({'n': size, 'last': last})}")
    assert reply.json()["tags"] == [tag for tag in FAMILY if tag.encode() > last.encode()][:size]


@pytest.fixture(scope="module")
def tagged_once(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Driver]:
    with Driver(tmp_path_factory.mktemp("registry")) as registry:
        push_image(registry, "app", *FAMILY)
        yield registry


@given(
    tags=st.sets(st.from_regex(re.compile(r"[a-zA-Z0-9_][a-zA-Z0-9._-]{0,6}", re.ASCII), fullmatch=True), max_size=12)
)
@settings(max_examples=25, deadline=None)
def test_any_tags_come_back_sorted(tmp_path_factory: pytest.TempPathFactory, tags: set[str]) -> None:
    with Driver(tmp_path_factory.mktemp("registry"), page_size=3) as registry:
        push_blob(registry, "app", b"{}")
        for tag in tags:
            assert push_manifest(registry, "app", tag, image()).status == 201
        assert [tag for page in pages(registry, TAGS, "tags") for tag in page] == sorted(tags)


def test_no_tags_are_asked_for_and_none_come(tagged: Driver) -> None:
    reply = tagged("GET", f"{TAGS}?n=0")
    assert (reply.json()["tags"], "link" in reply.headers) == ([], False)


@pytest.mark.parametrize("number", ["-1", "1.5", "x", "", "0x10", "1e3", "%D9%A1", "+1"])
@pytest.mark.parametrize("target", [TAGS, "/v2/_catalog"])
def test_what_is_no_number_is_refused(tagged: Driver, target: str, number: str) -> None:
    assert tagged("GET", f"{target}?n={number}").refusal == (400, "UNSUPPORTED")


@pytest.mark.parametrize("number", ["1000000000000", "9" * 1000, "0" * 100 + "7000"])
def test_a_large_number_is_the_largest_page(tmp_path: Path, number: str) -> None:
    with Driver(tmp_path, page_size=5) as registry:
        push_image(registry, "app", *FAMILY)
        reply = registry("GET", f"{TAGS}?n={number}")
        assert reply.json()["tags"] == FAMILY[:5]
        assert next_link([reply.headers["link"]]) == f"{TAGS}?n=5&last={FAMILY[4]}"


def test_without_a_number_the_largest_page_comes(tmp_path: Path) -> None:
    with Driver(tmp_path, page_size=5) as registry:
        push_image(registry, "app", *FAMILY)
        assert [len(page) for page in pages(registry, TAGS, "tags")] == [5, 5, 4]


def test_an_unknown_repository_has_no_tags(registry: Driver) -> None:
    assert registry("GET", TAGS).refusal == (404, "NAME_UNKNOWN")


def test_a_repository_of_blobs_has_an_empty_list(registry: Driver) -> None:
    push_blob(registry, "app", b"{}")
    assert registry("GET", TAGS).json() == {"name": "app", "tags": []}


@pytest.mark.parametrize("size", [1, 2, 3, 100])
def test_the_catalog_has_every_repository_once(registry: Driver, size: int) -> None:
    names = sorted(["math", "math-voila", "math/voila", "a", "a/b", "a/b/c", "z"])
    for name in names:
        push_blob(registry, name, b"{}")
    found = list(pages(registry, f"/v2/_catalog?n={size}", "repositories"))
    assert [name for page in found for name in page] == names
