from __future__ import annotations

import pytest

from boxship.digest import Digest
from boxship.testing import ScriptedRegistry, random_image, serving
from boxship.wire.failure import parse_failures
from tests.testing.asking import ask

IMAGE = random_image(seed=1)
LAYER = IMAGE.layers[0]


def test_the_base_says_that_it_is_a_registry() -> None:
    with serving(ScriptedRegistry()) as server:
        assert ask(server, "/v2/").headers["Docker-Distribution-Api-Version"] == "registry/2.0"


def test_tags_come_in_pages_with_links() -> None:
    with serving(ScriptedRegistry(tags=("c", "a", "b"), page_size=2)) as server:
        first = ask(server, "/v2/any/repository/tags/list")
        assert first.fields.texts("tags") == ("a", "b")
        assert first.headers["Link"] == '</v2/any/repository/tags/list?n=2&last=b>; rel="next"'
        last = ask(server, "/v2/any/repository/tags/list?n=2&last=b")
        assert (last.fields.texts("tags"), last.headers["Link"]) == (("c",), None)


def test_n_makes_a_page_smaller() -> None:
    with serving(ScriptedRegistry()) as server:
        assert ask(server, "/v2/app/tags/list?n=1").fields.texts("tags") == ("latest",)


@pytest.mark.parametrize("name", ["v1", str(IMAGE.digest)])
def test_a_manifest_is_had_by_tag_and_digest(name: str) -> None:
    with serving(ScriptedRegistry(image=IMAGE)) as server:
        reply = ask(server, f"/v2/app/manifests/{name}")
        assert (reply.body, reply.headers["Docker-Content-Digest"]) == (IMAGE.manifest, str(IMAGE.digest))
        assert reply.headers["Content-Type"] == IMAGE.media_type
        head = ask(server, f"/v2/app/manifests/{name}", "HEAD")
        assert (head.body, head.headers["Content-Length"]) == (b"", str(len(IMAGE.manifest)))


@pytest.mark.parametrize(
    ("asked", "status", "content"),
    [
        ("", 200, LAYER),
        ("bytes=10-", 206, LAYER[10:]),
        ("bytes=10-19", 206, LAYER[10:20]),
        ("bytes=999999-", 416, None),
    ],
)
def test_a_blob_is_had_whole_and_by_range(asked: str, status: int, content: bytes | None) -> None:
    with serving(ScriptedRegistry(image=IMAGE)) as server:
        reply = ask(server, f"/v2/app/blobs/{Digest.of(LAYER)}", headers={"Range": asked} if asked else {})
        assert reply.status == status
        assert content is None or reply.body == content


@pytest.mark.parametrize(
    ("method", "target", "status", "code"),
    [
        ("GET", "/v2/app/manifests/none", 404, "MANIFEST_UNKNOWN"),
        ("GET", f"/v2/app/blobs/{Digest.of(b'none')}", 404, "BLOB_UNKNOWN"),
        ("GET", "/elsewhere", 404, "NAME_UNKNOWN"),
        ("PUT", "/v2/app/manifests/v1", 405, "UNSUPPORTED"),
    ],
)
def test_what_is_not_there_is_said_so(method: str, target: str, status: int, code: str) -> None:
    with serving(ScriptedRegistry()) as server:
        reply = ask(server, target, method)
        assert (reply.status, parse_failures(reply.body)[0].code) == (status, code)
