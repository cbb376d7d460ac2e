"""The bad input that other registries were measured with (distribution, docker-registry, crane, olareg), and ours.

Each of them answers some row with an error of its own, with bytes that are wrong, or by dropping the connection.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from boxship import media_type
from tests.server.content import descriptor, digest, image, index, push_blob, push_image, push_manifest
from tests.server.driver import Driver

LAYER = digest(b"layer")
CONTENT = bytes(range(256)) * 4
BLOB = digest(CONTENT)
OCI = media_type.OCI_MANIFEST
MANIFEST = "/v2/app/manifests/v9"


@dataclass(frozen=True, slots=True)
class Row:
    """An input, and what comes of it: the status, the code of an error, and some headers."""

    input: str
    method: str
    target: str
    status: int
    code: str = ""
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    answer: Mapping[str, str] = field(default_factory=dict)


def get(name: str, target: str, status: int, code: str = "", **answer: str) -> Row:
    return Row(
        name, "GET", target, status, code, answer={key.replace("_", "-"): value for key, value in answer.items()}
    )


def bad_manifest(name: str, body: bytes, *, kind: str = OCI, target: str = MANIFEST, status: int = 400) -> Row:
    code = "DIGEST_INVALID" if ":" in target else "MANIFEST_INVALID"
    return Row(name, "PUT", target, status, code, body, {"content-type": kind})


def ranged(name: str, value: str, status: int, code: str = "", **answer: str) -> Row:
    given = {key.replace("_", "-"): text for key, text in answer.items()}
    return Row(name, "GET", f"/v2/app/blobs/{BLOB}", status, code, headers={"range": value}, answer=given)


def chunk(name: str, value: str, body: bytes, status: int, code: str) -> Row:
    return Row(name, "PATCH", "<session>", status, code, body, {"content-range": value})


def repositories(name: str, repository: str) -> Iterator[Row]:
    for method, rest in (("GET", "tags/list"), ("GET", "manifests/v1"), ("POST", "blobs/uploads/")):
        yield Row(f"{name}: {method} {rest}", method, f"/v2/{repository}/{rest}", 400, "NAME_INVALID")


def twice(body: bytes) -> bytes:
    """The same document with one of its names a second time."""
    return body[:-1] + b', "schemaVersion": 2}'


ROWS = (
    get("tags/list?n=-1", "/v2/app/tags/list?n=-1", 400, "UNSUPPORTED"),
    get("tags/list?n=0", "/v2/app/tags/list?n=0", 200),
    get("_catalog?n=1e12", "/v2/_catalog?n=1000000000000", 200),
    get("_catalog?n=1e30", f"/v2/_catalog?n={10**30}", 200),
    get("_catalog?n=1.5", "/v2/_catalog?n=1.5", 400, "UNSUPPORTED"),
    get("_catalog?n= twice", f"/v2/_catalog?n=-1&n={10**30}", 400, "UNSUPPORTED"),
    get("_catalog?n=1e12 in letters", "/v2/_catalog?n=1e12", 400, "UNSUPPORTED"),
    *repositories("a component of 300", "a" * 300),
    *repositories("upper case", "UPPER"),
    *repositories("..", ".."),
    *repositories("a/../b", "a/../b"),
    *repositories("%2e%2e", "%2e%2e"),
    bad_manifest("tag of 129", image(b"layer"), target=f"/v2/app/manifests/{'t' * 129}"),
    bad_manifest("tag -x", image(b"layer"), target="/v2/app/manifests/-x"),
    bad_manifest("manifest {", b"{"),
    bad_manifest("manifest empty", b""),
    bad_manifest("manifest []", b"[]"),
    bad_manifest("Content-Type is not mediaType", image(b"layer"), kind=media_type.DOCKER_MANIFEST),
    bad_manifest("layers and manifests (CVE-2021-41190)", image(b"layer", manifests=[])),
    bad_manifest("manifests and layers", index(layers=[]), kind=media_type.OCI_INDEX),
    bad_manifest("duplicate keys", twice(image(b"layer"))),
    bad_manifest("layer size wrong", image(layers=[{**descriptor(b"layer"), "size": 6}])),
    bad_manifest("layer size negative", image(layers=[{**descriptor(b"layer"), "size": -5}])),
    bad_manifest("layer digest a path", image(layers=[{**descriptor(b"layer"), "digest": "sha256:../../x"}])),
    bad_manifest("JSON 100k deep", b'{"a":' * 100_000 + b"1" + b"}" * 100_000),
    bad_manifest("lists 100k deep", b'{"a":' + b"[" * 100_000 + b"]" * 100_000 + b"}"),
    bad_manifest("manifest of 5 MiB", image(b"layer", x="a" * 5 * 1024**2), status=413),
    bad_manifest("under a wrong digest", image(b"layer"), target=f"/v2/app/manifests/{LAYER}"),
    get("a blob through a repository that lacks it", f"/v2/other/blobs/{BLOB}", 404, "BLOB_UNKNOWN"),
    chunk("Content-Range 0-9 with 5 bytes", "0-9", b"hello", 400, "SIZE_INVALID"),
    chunk("Content-Range bytes 0-0/1 with 5 bytes", "bytes 0-0/1", b"hello", 400, "SIZE_INVALID"),
    ranged("Range of 500 parts", "bytes=" + ",".join(f"{n}-{n}" for n in range(500)), 200, accept_ranges="bytes"),
    ranged("bytes=5-2", "bytes=5-2", 416, "SIZE_INVALID", content_range="bytes */1024"),
    ranged("bytes=5000-", "bytes=5000-", 416, "SIZE_INVALID", content_range="bytes */1024"),
    ranged("bytes=1000-5000", "bytes=1000-5000", 206, content_range="bytes 1000-1023/1024"),
    get("referrers of a bad digest", "/v2/app/referrers/sha256:x", 400, "DIGEST_INVALID"),
    get("referrers in an unknown repository", f"/v2/nobody/referrers/{LAYER}", 200),
    get("tags of an unknown repository", "/v2/nobody/tags/list", 404, "NAME_UNKNOWN"),
    get(
        "a blob that looks like text",
        f"/v2/app/blobs/{LAYER}",
        200,
        content_type="application/octet-stream",
        x_content_type_options="nosniff",
    ),
)


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Driver]:
    with Driver(tmp_path_factory.mktemp("bad") / "registry", allow_delete=True) as driver:
        push_image(driver, "app", "v1")
        push_blob(driver, "app", CONTENT)
        push_image(driver, "other", "v1")
        yield driver


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.input)
def test_bad_input_is_told_what_is_wrong_with_it(served: Driver, row: Row) -> None:
    target = row.target
    if target == "<session>":
        target = served("POST", "/v2/app/blobs/uploads/").location
    reply = served(row.method, target, row.body, row.headers)
    assert reply.status == row.status
    assert reply.headers.items() >= row.answer.items()
    if row.code:
        assert reply.code == row.code
    assert served("GET", "/v2/app/tags/list").json()["tags"] == ["v1"]


def test_no_tags_are_asked_for_and_none_come(served: Driver) -> None:
    reply = served("GET", "/v2/app/tags/list?n=0")
    assert (reply.json()["tags"], "link" in reply.headers) == ([], False)


def test_referrers_in_an_unknown_repository_are_an_empty_index(served: Driver) -> None:
    reply = served("GET", f"/v2/nobody/referrers/{LAYER}")
    assert (reply.headers["content-type"], reply.json()["manifests"]) == (media_type.OCI_INDEX, [])


def test_a_blob_in_use_is_not_deleted_and_who_uses_it_is_told(served: Driver) -> None:
    reply = served("DELETE", f"/v2/app/blobs/{LAYER}")
    assert reply.refusal == (405, "UNSUPPORTED")
    assert digest(image(b"layer")) in json.dumps(reply.json())
    assert served("GET", f"/v2/app/blobs/{LAYER}").body == b"layer"


def test_what_a_client_that_dropped_had_sent_is_kept(served: Driver) -> None:
    content = CONTENT[:1000]
    location = served("POST", "/v2/app/blobs/uploads/").location
    assert served("PATCH", location, [content[:500]], {"content-length": "1000"}, end="broken").status == 400
    reply = served("GET", location)
    assert (reply.status, reply.headers["range"]) == (204, "0-499")
    assert served("PATCH", location, content[500:], {"content-range": "500-999"}).status == 202
    assert served("PUT", f"{location}?digest={digest(content)}").status == 201


@pytest.mark.parametrize("damage", [b"", b"lay", b"layers", b"LAYER"])
def test_a_blob_that_is_damaged_on_disk_is_never_served_and_healed_by_a_push(tmp_path: Path, damage: bytes) -> None:
    with Driver(tmp_path / "registry") as registry:
        push_image(registry, "app", "v1")
        path = tmp_path / "registry" / "blobs" / "sha256" / LAYER[7:9] / LAYER[7:]
        path.chmod(0o644)
        path.write_bytes(damage)
        reply = registry("GET", f"/v2/app/blobs/{LAYER}")
        assert reply.status in (404, 500)
        assert not damage or damage not in reply.body
        assert registry("HEAD", f"/v2/app/blobs/{LAYER}").status == 404
        push_blob(registry, "app", b"layer")
        assert registry("GET", f"/v2/app/blobs/{LAYER}").body == b"layer"


@pytest.mark.parametrize("host", ["localhost:5000", "127.0.0.1", "sub.localhost"])
def test_no_location_depends_on_what_the_client_calls_the_registry(served: Driver, host: str) -> None:
    headers = {"host": host, "x-forwarded-host": "evil.test", "forwarded": "host=evil.test"}
    begun = served("POST", "/v2/app/blobs/uploads/", headers=headers).location
    pushed = push_manifest(served, "app", "v1", image(b"layer"), **headers).location
    paged = served("GET", "/v2/_catalog?n=1", headers=headers).headers["link"]
    assert begun.startswith("/v2/app/blobs/uploads/")
    assert pushed.startswith("/v2/app/manifests/")
    assert paged.startswith("</v2/_catalog?")
