"""The route table walked row by row, and paths that are none."""

from __future__ import annotations

from pathlib import Path

import pytest

from boxship.server.routes import RESOURCES, Resource, Right, find
from tests.server.content import digest, push_image
from tests.server.driver import Driver

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE")
ALWAYS = {
    "docker-distribution-api-version": "registry/2.0",
    "x-content-type-options": "nosniff",
    "content-security-policy": "default-src 'none'; sandbox",
    "vary": "Authorization",
}


def example(resource: Resource) -> str:
    path = resource.path.replace("<name>", "team/app").replace("<digest>", digest(b"")).replace("?", "")
    return path.replace("<reference>", "v1").replace("<session>", "0d9b1d3c-1df7-4a3f-9e55-6cdd4d2b1c5a")


@pytest.mark.parametrize("resource", RESOURCES, ids=lambda resource: resource.path)
@pytest.mark.parametrize("method", METHODS)
def test_a_method_is_answered_or_refused_with_those_that_are(registry: Driver, resource: Resource, method: str) -> None:
    reply = registry(method, example(resource))
    assert (reply.status == 405) == (method not in resource.routes)
    if reply.status == 405:
        assert set(reply.headers["allow"].split(", ")) == set(resource.routes)
    assert reply.headers.items() >= ALWAYS.items()


@pytest.mark.parametrize("resource", RESOURCES, ids=lambda resource: resource.path)
def test_nothing_is_deleted_unless_it_is_allowed(tmp_path: Path, resource: Resource) -> None:
    with Driver(tmp_path) as registry:
        push_image(registry, "team/app", "v1")
        for method, route in resource.routes.items():
            if route.right is Right.DELETE:
                reply = registry(method, example(resource))
                assert reply.status == 405
                assert method == "HEAD" or reply.code == "UNSUPPORTED"
                assert "DELETE" not in reply.headers["allow"]
        assert registry("HEAD", "/v2/team/app/manifests/v1").status == 200


@pytest.mark.parametrize("path", ["/v2/", "/v2"])
def test_this_is_a_registry(registry: Driver, path: str) -> None:
    reply = registry("GET", path)
    assert (reply.status, reply.body) == (200, b"{}")
    assert reply.headers["content-type"] == "application/json"


@pytest.mark.parametrize(
    ("path", "repository", "name"),
    [
        ("/v2/a/manifests/b", "a", "b"),
        ("/v2/a/manifests/manifests/b", "a/manifests", "b"),
        ("/v2/manifests/manifests/manifests", "manifests", "manifests"),
        ("/v2/a/tags/list/tags/list", "a/tags/list", ""),
        ("/v2/a/manifests/b/tags/list", "a/manifests/b", ""),
        ("/v2/blobs/blobs/uploads/x", "blobs", "x"),
        ("/v2/a/blobs/uploads/blobs/x", "a/blobs/uploads", "x"),
    ],
)
def test_repositories_may_be_called_like_the_routes(path: str, repository: str, name: str) -> None:
    assert find("GET", path)[1:] == (repository, name)


@pytest.mark.parametrize("path", ["/", "/v1/", "/v2/x", "/v2/a/referrers", "/v2/a/tags", "/v2/a/list"])
def test_other_paths_are_not_found(registry: Driver, path: str) -> None:
    assert registry("GET", path).refusal == (404, "UNSUPPORTED")


HOSTILE = [
    "..",
    "../x",
    "a/../b",
    "a/./b",
    "a//b",
    "/etc/passwd",
    "%2e%2e",
    "a%2f..%2fb",
    "a%2Fb",
    "%252e",
    "a\\b",
    "a%5cb",
    "a%00b",
    "a\x00b",
    "a%0d%0ab",
    "é",
    "a%C3%A9",
    "a b",
    "%",
]
INVALID = ["UPPER", "a/B", "-a", "a-", "a..b", "a___b", ".a", "a/.b", "a" * 129, "a/" * 32 + "a", "a/" * 127 + "ab"]


@pytest.mark.parametrize("name", [*HOSTILE, *INVALID])
@pytest.mark.parametrize("rest", ["manifests/v1", "tags/list", "blobs/uploads/", "blobs/" + digest(b"")])
def test_what_is_no_repository_is_refused(registry: Driver, name: str, rest: str) -> None:
    method = "POST" if rest.endswith("uploads/") else "GET"
    assert registry(method, f"/v2/{name}/{rest}").refusal == (400, "NAME_INVALID")
    assert not (registry.folder.parent / "x").exists()


@pytest.mark.parametrize("name", HOSTILE)
def test_what_is_no_name_is_refused_after_a_repository_too(registry: Driver, name: str) -> None:
    for path in (f"/v2/app/manifests/{name}", f"/v2/app/blobs/{name}", f"/v2/app/blobs/uploads/{name}"):
        assert registry("GET", path).status in (400, 404)


def test_a_path_has_a_longest_length(registry: Driver) -> None:
    assert registry("GET", f"/v2/{'a' * 2050}/tags/list").status == 414


def test_a_head_has_a_largest_size(registry: Driver) -> None:
    assert registry("GET", "/v2/", headers={"x-filler": "a" * 40_000}).status == 431


def test_a_query_has_a_largest_number_of_parameters(registry: Driver) -> None:
    assert registry("GET", "/v2/_catalog?" + "&".join(["n=1"] * 100)).status == 414


@pytest.mark.parametrize("name", ["a", "a/b", "a.b_c__d-e--f/0", "a" * 128, "a/" * 31 + "a"])
def test_what_is_a_repository_is_taken(registry: Driver, name: str) -> None:
    assert registry("POST", f"/v2/{name}/blobs/uploads/").status == 202
