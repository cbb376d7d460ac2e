"""The conformance suite's matrix for blobs, by sha256 and by sha512, and the forms of `Range` that it leaves out."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from boxship.server.registry import Settings
from tests.server.content import digest
from tests.server.driver import Driver
from tests.server.ways import MOUNTS, UPLOADS, Way, begin, chunk

CONTENTS = {"5000 bytes": bytes(range(250)) * 20, "empty": b"", "emptyJSON": b"{}"}
CONTENT = CONTENTS["5000 bytes"]
EVERY_WAY = {**UPLOADS, **MOUNTS}

both_algorithms = pytest.mark.parametrize("algorithm", ["sha256", "sha512"])


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory, new_settings: Callable[[], Settings]) -> Iterator[Driver]:
    with Driver(tmp_path_factory.mktemp("registry"), settings=new_settings()) as driver:
        yield driver


@pytest.fixture
def repository(request: pytest.FixtureRequest) -> str:
    """A repository of the test's own."""
    return f"conformance/{digest(request.node.nodeid.encode())[7:]}"


@both_algorithms
@pytest.mark.parametrize("content", CONTENTS.values(), ids=CONTENTS)
@pytest.mark.parametrize("way", EVERY_WAY.values(), ids=EVERY_WAY)
def test_a_blob_comes_is_read_and_is_deleted(
    registry: Driver, repository: str, way: Way, content: bytes, algorithm: str
) -> None:
    name = digest(content, algorithm)
    pushed = way(registry, repository, content, name)
    assert (pushed.status, pushed.headers["docker-content-digest"]) == (201, name)

    head, got = registry("HEAD", pushed.location), registry("GET", f"/v2/{repository}/blobs/{name}")
    assert (head.status, head.headers["content-length"]) == (200, str(len(content)))
    assert (got.status, got.body, got.headers["docker-content-digest"]) == (200, content, name)

    assert registry("DELETE", pushed.location).status == 202
    assert registry("HEAD", pushed.location).status == 404
    assert registry("GET", pushed.location).refusal == (404, "BLOB_UNKNOWN")


@both_algorithms
@pytest.mark.parametrize("way", UPLOADS.values(), ids=UPLOADS)
def test_a_blob_with_a_bad_digest_is_refused(registry: Driver, repository: str, way: Way, algorithm: str) -> None:
    name = digest(b"something else", algorithm)
    assert way(registry, repository, CONTENT, name).refusal == (400, "DIGEST_INVALID")
    assert registry("HEAD", f"/v2/{repository}/blobs/{name}").status == 404


@both_algorithms
def test_a_blob_that_never_came_is_not_found(registry: Driver, repository: str, algorithm: str) -> None:
    assert registry("GET", f"/v2/{repository}/blobs/{digest(CONTENT, algorithm)}").refusal == (404, "BLOB_UNKNOWN")


@both_algorithms
@pytest.mark.parametrize("query", ["&from=conformance/absent", ""], ids=["from", "anonymous"])
def test_what_cannot_be_mounted_is_asked_for(registry: Driver, repository: str, algorithm: str, query: str) -> None:
    content = f"missing {query}".encode()
    name = digest(content, algorithm)
    reply = registry("POST", f"/v2/{repository}/blobs/uploads/?mount={name}{query}")
    assert reply.status == 202
    assert registry("PUT", f"{reply.location}?digest={name}", content).status == 201


def test_an_upload_is_cancelled(registry: Driver, repository: str) -> None:
    location = chunk(registry, begin(registry, repository), CONTENT, 0)
    assert registry("DELETE", location).status == 204
    assert registry("GET", location).refusal == (404, "BLOB_UPLOAD_UNKNOWN")


@both_algorithms
@pytest.mark.parametrize("method", ["PATCH", "PUT"])
def test_the_answer_to_a_chunk_out_of_order_says_where_to_go_on(
    registry: Driver, repository: str, method: str, algorithm: str
) -> None:
    name = digest(CONTENT, algorithm)
    location = chunk(registry, begin(registry, repository), CONTENT[:1000], 0)
    early = registry(method, f"{location}?digest={name}", CONTENT[2000:], {"content-range": "2000-4999"})
    status = registry("GET", location)
    assert (early.status, status.status) == (416, 204)
    for reply in (early, status):
        assert (reply.location, reply.headers["range"]) == (location, "0-999")
    location = chunk(registry, status.location, CONTENT[1000:], 1000)
    assert registry("PUT", f"{location}?digest={name}").status == 201


WHOLE = (200, 0, 5000)
RANGES = {
    "bytes=500-1499": (206, 500, 1500),
    "bytes=500-": (206, 500, 5000),
    "bytes=-500": (206, 4500, 5000),
    "bytes=2000-9999": (206, 2000, 5000),
    "bytes=-9999": (206, 0, 5000),
    "bytes=0-0": (206, 0, 1),
    "bytes=4999-": (206, 4999, 5000),
    "bytes= 0-1": (206, 0, 2),
    "bytes=0-4999": (206, 0, 5000),
    # RFC 9110, 14.2: a server may ignore what it does not do, and what is no range at all.
    "bytes=0-1,3-4": WHOLE,
    "lines=0-1": WHOLE,
    "bytes=-": WHOLE,
    "bytes": WHOLE,
}


@both_algorithms
@pytest.mark.parametrize("asked", RANGES)
def test_a_range_is_served_as_asked(registry: Driver, algorithm: str, asked: str) -> None:
    name = digest(CONTENT, algorithm)
    UPLOADS["post only"](registry, "conformance/ranges", CONTENT, name)
    reply = registry("GET", f"/v2/conformance/ranges/blobs/{name}", headers={"range": asked})
    status, start, stop = RANGES[asked]
    assert (reply.status, reply.body, reply.headers["content-length"]) == (
        status,
        CONTENT[start:stop],
        str(stop - start),
    )
    assert reply.headers.get("content-range") == (f"bytes {start}-{stop - 1}/5000" if status == 206 else None)


@pytest.mark.parametrize("asked", ["bytes=500-0", "bytes=5000-", "bytes=5000-10000", "bytes=-0"])
def test_a_range_that_is_not_there_is_refused(registry: Driver, asked: str) -> None:
    name = digest(CONTENT)
    UPLOADS["post only"](registry, "conformance/ranges", CONTENT, name)
    reply = registry("GET", f"/v2/conformance/ranges/blobs/{name}", headers={"range": asked})
    assert (reply.status, reply.headers["content-range"]) == (416, "bytes */5000")


@pytest.mark.parametrize(
    ("condition", "status"),
    [
        ('"{name}"', 206),
        ('W/"{name}"', 200),
        ('"other"', 200),
        ("Wed, 21 Oct 2026 07:28:00 GMT", 200),
    ],
    ids=["the same", "weakly the same", "another", "a date"],
)
def test_a_range_of_something_else_is_the_whole(registry: Driver, condition: str, status: int) -> None:
    name = digest(CONTENT)
    UPLOADS["post only"](registry, "conformance/ranges", CONTENT, name)
    headers = {"range": "bytes=10-19", "if-range": condition.format(name=name)}
    reply = registry("GET", f"/v2/conformance/ranges/blobs/{name}", headers=headers)
    assert (reply.status, reply.body) == (status, CONTENT[10:20] if status == 206 else CONTENT)


CONDITIONS = {
    "the same": ('"{name}"', 304),
    "the same, weakly": ('W/"{name}"', 304),
    "any": ("*", 304),
    "one of several": ('"x", "{name}"', 304),
    "another": ('"x"', 200),
    "none": ("", 200),
}


@both_algorithms
@pytest.mark.parametrize(("condition", "status"), CONDITIONS.values(), ids=CONDITIONS)
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_who_has_a_blob_is_not_sent_it_again(
    registry: Driver, algorithm: str, condition: str, status: int, method: str
) -> None:
    name = digest(CONTENT, algorithm)
    UPLOADS["post only"](registry, "conformance/ranges", CONTENT, name)
    headers = {"if-none-match": condition.format(name=name)}
    reply = registry(method, f"/v2/conformance/ranges/blobs/{name}", headers=headers)
    assert (reply.status, reply.headers["etag"]) == (status, f'"{name}"')
    assert reply.body == (CONTENT if (method, status) == ("GET", 200) else b"")


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_who_expects_another_blob_is_told(registry: Driver, method: str) -> None:
    name = digest(CONTENT)
    UPLOADS["post only"](registry, "conformance/ranges", CONTENT, name)
    for tags, status in ((f'"{name}"', 200), ("*", 200), ('"x"', 412), (f'W/"{name}"', 412)):
        reply = registry(method, f"/v2/conformance/ranges/blobs/{name}", headers={"if-match": tags})
        assert reply.status == status
