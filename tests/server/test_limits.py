"""The limits of the design, row by row: what is just within is taken, what is beyond gets its own error."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from boxship import media_type
from boxship.server.body import Patience
from boxship.server.registry import Settings
from boxship.server.routes import RESOURCES, Right
from tests.server.content import descriptor, digest, image, push_blob, push_image, push_manifest
from tests.server.driver import Driver
from tests.server.people import add, basic

UPLOADS = "/v2/app/blobs/uploads/"
SESSION = "0d9b1d3c-1df7-4a3f-9e55-6cdd4d2b1c5a"
LAYER = digest(b"layer")
MOST = 4 * 1024 * 1024 + 64 * 1024  # bytes of a manifest
OCI = {"content-type": media_type.OCI_MANIFEST}


@dataclass(frozen=True, slots=True)
class Row:
    """A request, and how it is refused; without a code, what it gets where it is just within the limit."""

    limit: str
    method: str
    target: str
    status: int
    code: str = ""
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)


def manifest(limit: str, status: int, body: bytes, code: str = "MANIFEST_INVALID", kind: str = "") -> Row:
    headers = {"content-type": kind} if kind else OCI
    return Row(limit, "PUT", "/v2/app/manifests/v9", status, "" if status == 201 else code, body, headers)


def padded(size: int) -> bytes:
    empty = image(b"layer", x="")
    return image(b"layer", x="a" * (size - len(empty)))


def deep(levels: int) -> bytes:
    """A manifest of so many levels of objects and lists."""
    within = image(b"layer", x=[])
    return within.replace(b"[]", b"[" * (levels - 1) + b"]" * (levels - 1))


def tags(count: int) -> str:
    return "&".join(f"tag=t{number}" for number in range(count))


def chunk(limit: str, content_range: str, body: bytes, status: int, code: str) -> Row:
    return Row(limit, "PATCH", "<session>", status, code, body, {"content-range": content_range})


ROWS = (
    Row("a path of 2 KiB", "GET", f"/v2/{'a' * 2034}/tags/list", 400, "NAME_INVALID"),
    Row("a longer path", "GET", f"/v2/{'a' * 2035}/tags/list", 414, "NAME_INVALID"),
    Row("a query of 8 KiB", "GET", f"/v2/_catalog?last={'a' * 8187}", 200),
    Row("a longer query", "GET", f"/v2/_catalog?last={'a' * 8188}", 414, "UNSUPPORTED"),
    Row("a head of 31 KiB", "GET", "/v2/", 200, headers={"x-filler": "a" * 31 * 1024}),
    Row("a head of 33 KiB", "GET", "/v2/", 431, "UNSUPPORTED", headers={"x-filler": "a" * 33 * 1024}),
    Row("an escaped slash in a name", "GET", "/v2/a%2Fb/tags/list", 400, "NAME_INVALID"),
    Row("an escaped letter in a name", "GET", "/v2/%61pp/tags/list", 400, "NAME_INVALID"),
    Row("an escaped colon in a digest", "GET", f"/v2/app/blobs/{LAYER.replace(':', '%3A')}", 200),
    Row("an escaped letter in a digest", "GET", f"/v2/app/blobs/{LAYER.replace('s', '%73')}", 400, "NAME_INVALID"),
    Row("slashes in a row", "GET", "/v2//app/tags/list", 400, "NAME_INVALID"),
    Row("a name of 255", "GET", f"/v2/{'/'.join(['a' * 63] * 4)}/tags/list", 404, "NAME_UNKNOWN"),
    Row("a name of 256", "GET", f"/v2/{'/'.join(['a' * 63] * 3)}/{'a' * 64}/tags/list", 400, "NAME_INVALID"),
    Row("a component of 128", "GET", f"/v2/{'a' * 128}/tags/list", 404, "NAME_UNKNOWN"),
    Row("a component of 129", "GET", f"/v2/{'a' * 129}/tags/list", 400, "NAME_INVALID"),
    Row("32 components", "GET", f"/v2/{'/'.join('a' * 32)}/tags/list", 404, "NAME_UNKNOWN"),
    Row("33 components", "GET", f"/v2/{'/'.join('a' * 33)}/tags/list", 400, "NAME_INVALID"),
    Row("a tag of 128", "PUT", f"/v2/app/manifests/{'t' * 128}", 201, "", image(b"layer"), OCI),
    Row("a tag of 129", "PUT", f"/v2/app/manifests/{'t' * 129}", 400, "MANIFEST_INVALID", image(b"layer"), OCI),
    Row("a tag that begins with -", "PUT", "/v2/app/manifests/-x", 400, "MANIFEST_INVALID", image(b"layer"), OCI),
    Row("a tag of 129, asked for", "GET", f"/v2/app/manifests/{'t' * 129}", 404, "MANIFEST_UNKNOWN"),
    Row("upper hex", "GET", f"/v2/app/blobs/{LAYER.upper().replace('SHA', 'sha')}", 400, "DIGEST_INVALID"),
    Row("an upper algorithm", "GET", f"/v2/app/blobs/{LAYER.replace('sha', 'SHA')}", 400, "DIGEST_INVALID"),
    Row("65 digits", "GET", f"/v2/app/blobs/{LAYER}0", 400, "DIGEST_INVALID"),
    Row("md5", "GET", "/v2/app/blobs/md5:" + "0" * 32, 400, "DIGEST_INVALID"),
    manifest("a manifest of 4 MiB and 64 KiB", 201, padded(MOST)),
    manifest("a larger manifest", 413, padded(MOST + 1)),
    manifest("4096 references", 201, image(*[b"layer"] * 4095)),
    manifest("4097 references", 400, image(*[b"layer"] * 4096)),
    manifest("4 MiB of annotations", 201, image(b"layer", annotations={"a": "b" * (4 * 1024**2 - 1)})),
    manifest("more annotations", 400, image(b"layer", annotations={"a": "b" * 4 * 1024**2})),
    manifest("32 levels", 201, deep(32)),
    manifest("33 levels", 400, deep(33)),
    Row("32 tags at once", "PUT", f"/v2/app/manifests/v9?{tags(32)}", 201, "", image(b"layer"), OCI),
    Row("33 tags at once", "PUT", f"/v2/app/manifests/v9?{tags(33)}", 414, "MANIFEST_INVALID", image(b"layer"), OCI),
    Row("no content type", "PUT", "/v2/app/manifests/v9", 400, "MANIFEST_INVALID", image(b"layer")),
    manifest("another content type", 400, image(b"layer"), kind=media_type.OCI_INDEX),
    manifest("an unknown type", 400, image(b"layer", mediaType="text/x"), kind="text/x"),
    Row("a page of more", "GET", "/v2/app/tags/list?n=999999999999", 200),
    Row("a page of less than nothing", "GET", "/v2/app/tags/list?n=-1", 400, "UNSUPPORTED"),
    Row("a page of x", "GET", "/v2/_catalog?n=x", 400, "UNSUPPORTED"),
    Row("a page of referrers of x", "GET", f"/v2/app/referrers/{LAYER}?n=x", 400, "UNSUPPORTED"),
    Row("a blob of 1000", "POST", f"{UPLOADS}?digest={digest(b'a' * 1000)}", 201, body=b"a" * 1000),
    Row("a blob of 1001", "POST", f"{UPLOADS}?digest={digest(b'a' * 1001)}", 413, "SIZE_INVALID", b"a" * 1001),
    Row("a chunk of 1001", "PATCH", "<session>", 413, "SIZE_INVALID", b"a" * 1001),
    Row("a last chunk of 1001", "PUT", f"<session>?digest={LAYER}", 413, "SIZE_INVALID", b"a" * 1001),
    Row("an unknown session", "GET", f"{UPLOADS}{SESSION}", 404, "BLOB_UPLOAD_UNKNOWN"),
    Row("a session that is no uuid", "PATCH", f"{UPLOADS}x", 404, "BLOB_UPLOAD_UNKNOWN", b"x"),
    chunk("no range", "x", b"abc", 400, "BLOB_UPLOAD_INVALID"),
    chunk("a range backwards", "2-0", b"abc", 400, "BLOB_UPLOAD_INVALID"),
    chunk("a range of digits without end", f"0-{'9' * 50}", b"abc", 400, "BLOB_UPLOAD_INVALID"),
    chunk("a range of another length", "0-9", b"abcde", 400, "SIZE_INVALID"),
    chunk("a range that does not follow", "5-7", b"abc", 416, "BLOB_UPLOAD_INVALID"),
    Row("two ranges", "GET", f"/v2/app/blobs/{LAYER}", 200, headers={"range": "bytes=0-1,2-3"}),
    Row("a range of 200", "GET", f"/v2/app/blobs/{LAYER}", 206, headers={"range": f"bytes={' ' * 191}0-1"}),
    Row("a range of 201", "GET", f"/v2/app/blobs/{LAYER}", 200, headers={"range": f"bytes={' ' * 192}0-1"}),
    Row("a range after the end", "GET", f"/v2/app/blobs/{LAYER}", 416, "SIZE_INVALID", headers={"range": "bytes=5-"}),
    Row("a range backwards", "GET", f"/v2/app/blobs/{LAYER}", 416, "SIZE_INVALID", headers={"range": "bytes=4-1"}),
)


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Driver]:
    settings = Settings(largest_blob=1000)
    with Driver(tmp_path_factory.mktemp("limits") / "registry", settings=settings) as driver:
        push_image(driver, "app", "v1")
        yield driver


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.limit)
def test_a_limit_holds_and_has_its_error(served: Driver, row: Row) -> None:
    target = row.target.replace("<session>", served("POST", UPLOADS).location) if "<" in row.target else row.target
    reply = served(row.method, target, row.body, row.headers)
    assert reply.status == row.status
    if row.code:
        assert reply.code == row.code
        assert reply.headers["content-type"] == "application/json"
    if row.status in (413, 431):
        assert reply.headers["connection"] == "close"
    assert served("GET", f"/v2/app/blobs/{LAYER}", headers={"range": "bytes=0-"}).body == b"layer"


def test_an_upload_that_grew_too_large_is_told_so_and_keeps_what_fits(served: Driver) -> None:
    location = served("POST", UPLOADS).location
    assert served("PATCH", location, b"a" * 900).status == 202
    assert served("PATCH", location, [b"a" * 50, b"a" * 51]).refusal == (413, "SIZE_INVALID")
    assert served("GET", location).headers["range"] == "0-949"
    assert served("PUT", f"{location}?digest={digest(b'a' * 1000)}", b"a" * 50).status == 201


def test_a_blob_of_64_gib_may_be_announced_and_no_larger_one(tmp_path: Path) -> None:
    most = Settings().largest_blob
    assert most == 64 * 1024**3
    target = f"{UPLOADS}?digest={LAYER}"
    roomy = Settings(reserve=-most)  # as if the disk had so much more
    with Driver(tmp_path, settings=roomy) as registry:
        for length, status in ((most + 1, 413), (most, 400)):
            # The larger is refused unread; the other one breaks off.
            reply = registry("POST", target, [b"x"], {"content-length": str(length)}, end="broken")
            assert (reply.status, reply.code) == (status, "SIZE_INVALID")


@pytest.mark.parametrize(
    ("patience", "end"),
    [(Patience(silence=0.05), "never"), (Patience(grace=-1, slowest=10**12), "broken")],
    ids=["silence", "slowness"],
)
def test_a_body_that_stalls_is_given_up_and_its_session_goes_on(tmp_path: Path, patience: Patience, end: str) -> None:
    with Driver(tmp_path / "registry", settings=Settings(patience=patience)) as registry:
        location = registry("POST", UPLOADS).location
        reply = registry("PATCH", location, [b"lay"], end="never" if end == "never" else "broken")
        assert (reply.refusal, reply.headers["connection"]) == ((408, "BLOB_UPLOAD_INVALID"), "close")
        assert registry("GET", location).headers["range"] == "0-2"
        if end == "never":
            assert registry("PUT", f"{location}?digest={LAYER}", b"er").status == 201


WRITES = [
    (resource.path, method)
    for resource in RESOURCES
    for method, route in resource.routes.items()
    if route.right in (Right.CREATE, Right.DELETE)
]


@pytest.mark.parametrize(("path", "method"), WRITES)
def test_a_registry_that_is_read_only_changes_nothing(tmp_path: Path, path: str, method: str) -> None:
    folder = tmp_path / "registry"
    with Driver(folder, allow_delete=True) as registry:
        push_image(registry, "app", "v1")
        session = registry("POST", UPLOADS).location.rpartition("/")[2]
    before = dump(folder)
    target = path.replace("<name>", "app").replace("<digest>", LAYER).replace("<session>", session).replace("?", "")
    with Driver(folder, settings=Settings(read_only=True, allow_delete=True)) as registry:
        reply = registry(method, target.replace("<reference>", "v1") + f"?digest={LAYER}", b"layer", OCI)
        assert reply.status == 405
        if method != "HEAD":
            assert reply.code == "UNSUPPORTED"
        assert registry("GET", "/v2/app/manifests/v1").status == 200
    assert dump(folder) == before


def dump(folder: Path) -> list[str]:
    with closing(sqlite3.connect(folder / "registry.db")) as database:
        return list(database.iterdump())


def test_a_database_that_somebody_holds_is_waited_for_and_then_told_of(registry: Driver) -> None:
    push_image(registry, "app", "v1")
    with closing(sqlite3.connect(registry.folder / "registry.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        reply = push_manifest(registry, "app", "v2", image(b"layer"))
        assert (reply.status, int(reply.headers["retry-after"]) > 0) == (503, True)
        assert registry("GET", "/v2/app/manifests/v1").status == 200
        other.execute("ROLLBACK")
    assert push_manifest(registry, "app", "v2", image(b"layer")).status == 201


def test_a_page_holds_a_thousand_however_many_are_asked_for(tmp_path: Path) -> None:
    with Driver(tmp_path / "registry") as registry:
        body = push_image(registry, "app", "v1")
        for number in range(0, 1024, 32):
            names = "&".join(f"tag=t{number + offset:04}" for offset in range(32))
            assert registry("PUT", f"/v2/app/manifests/{digest(body)}?{names}", body, OCI).status == 201
        for asked in ("", "?n=1000", "?n=1001", "?n=" + "9" * 30):
            reply = registry("GET", f"/v2/app/tags/list{asked}")
            assert len(reply.json()["tags"]) == 1000
            assert 'rel="next"' in reply.headers["link"]


def test_a_page_of_referrers_holds_a_thousand_and_four_mebibytes(tmp_path: Path) -> None:
    with Driver(tmp_path / "registry") as registry:
        push_image(registry, "app", "v1")
        subject = descriptor(image(b"layer"), media_type.OCI_MANIFEST)
        for number in range(5):
            body = image(b"layer", subject=subject, annotations={"a": f"{number}" * 1_100_000})
            assert push_manifest(registry, "app", digest(body), body).status == 201
        target, seen = f"/v2/app/referrers/{subject['digest']}", 0
        while target:
            reply = registry("GET", target)
            assert len(reply.body) <= 4 * 1024 * 1024
            seen += len(json.loads(reply.body)["manifests"])
            target = reply.headers.get("link", "").partition(">")[0].removeprefix("<")
        assert seen == 5


def test_a_range_that_is_very_long_costs_nothing(registry: Driver) -> None:
    push_blob(registry, "app", b"layer")
    ranges = "bytes=" + ",".join("0-" for _ in range(10_000))
    assert registry("GET", f"/v2/app/blobs/{LAYER}", headers={"range": ranges[:32_000]}).status == 200


def test_a_user_has_a_bounded_number_of_sessions_wherever_they_are(registry: Driver) -> None:
    for name in ("alice", "bob"):
        add(registry.folder, name, push="*")
    begun = [registry("POST", f"/v2/app{n}/blobs/uploads/", headers=basic("alice")) for n in range(100)]
    assert {reply.status for reply in begun} == {202}
    reply = registry("POST", "/v2/another/blobs/uploads/", headers=basic("alice"))
    assert (reply.refusal, int(reply.headers["retry-after"]) > 0) == ((429, "TOOMANYREQUESTS"), True)
    assert registry("POST", "/v2/another/blobs/uploads/", headers=basic("bob")).status == 202
    assert registry("DELETE", begun[0].location, headers=basic("alice")).status == 204
    assert registry("POST", "/v2/another/blobs/uploads/", headers=basic("alice")).status == 202


def test_an_address_has_a_bounded_number_of_sessions_wherever_they_are(registry: Driver) -> None:
    registry.client = "2001:db8::1"
    begun = [registry("POST", f"/v2/app{n}/blobs/uploads/") for n in range(100)]
    assert {reply.status for reply in begun} == {202}
    registry.client = "2001:db8::2"  # the same machine may take another address of its network
    reply = registry("POST", "/v2/another/blobs/uploads/")
    assert (reply.refusal, int(reply.headers["retry-after"]) > 0) == ((429, "TOOMANYREQUESTS"), True)
    assert registry("PUT", f"{begun[0].location}?digest={LAYER}", b"layer").status == 201
    assert registry("POST", "/v2/another/blobs/uploads/").status == 202
    # Others are not held up by it; behind a proxy on this machine nobody knows who is who.
    for other in ("192.0.2.1", "127.0.0.1"):
        registry.client = other
        assert registry("POST", "/v2/another/blobs/uploads/").status == 202


def test_an_upload_ends_an_hour_after_the_last_request_and_a_day_after_the_first(tmp_path: Path) -> None:
    now, minute = [1000.0], 60
    with Driver(tmp_path / "registry", clock=lambda: now[0]) as registry:
        idle, busy = registry("POST", UPLOADS).location, registry("POST", UPLOADS).location
        now[0] += 59 * minute
        assert [registry("PATCH", where, b"x").status for where in (idle, busy)] == [202, 202]
        for _ in range(23):
            now[0] += 59 * minute
            assert registry("PATCH", busy, b"x").status == 202
        for method in ("GET", "PATCH", "PUT", "DELETE"):
            assert registry(method, f"{idle}?digest={LAYER}", b"x").refusal == (404, "BLOB_UPLOAD_UNKNOWN")
        now[0] = 1000 + 24 * 60 * minute - 1
        assert registry("GET", busy).headers["range"] == "0-23"
        now[0] += 2
        assert registry("PATCH", busy, b"x").refusal == (404, "BLOB_UPLOAD_UNKNOWN")
