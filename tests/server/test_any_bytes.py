"""Any bytes at all, as paths, queries, headers and bodies: an answer that says whose fault it is, and never ours."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from boxship import media_type
from boxship.server.asgi import Message, Scope
from boxship.server.registry import Settings
from boxship.server.routes import RESOURCES
from tests.server.content import descriptor, digest, image, index, push_image, push_manifest
from tests.server.driver import Driver, Reply

LAYER = digest(b"layer")
QUICK = settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
FAULTS_OF_OURS = range(500, 600)


@dataclass(frozen=True, slots=True)
class Sent:
    """A request as no client would send it."""

    method: str
    path: bytes
    query: bytes = b""
    headers: Sequence[tuple[bytes, bytes]] = ()
    body: Sequence[bytes] = ()


# What lies near the borders of names, digests, numbers and ranges.
PIECES = (
    f"/ // .. % %2F %00 %ff : @ sha256: {LAYER} app v1 _ - v2 manifests blobs uploads tags list referrers _catalog \\"
)
TEXTS = (
    f"0 -1 1 1e9 {'9' * 40} \u0661 {LAYER} {LAYER.upper()} sha256: sha512:{'0' * 128} app % %ff %00 %ED%A0%80 ../x v1 "
    f'* {"a" * 300} bytes=0- bytes=-0 bytes=5-2 0- 0-0 bytes\t0-4/5 5 "x" "{LAYER}" W/ , Basic Basic\t!! Basic\tOg== '
    "Bearer gzip chunked"
)
PARAMETERS = b"n last digest mount from tag digest-algorithm artifactType x"
FIELDS_OF_HEADS = (
    b"accept range content-range content-length content-type if-match if-none-match authorization transfer-encoding "
    b"host origin cookie x-forwarded-for \xff"
)


def words(text: bytes) -> st.SearchStrategy[bytes]:
    return st.sampled_from([word.replace(b"\t", b" ") for word in text.split(b" ")])


VALUES = words(TEXTS.encode()) | st.binary(max_size=20)
METHODS = st.sampled_from(["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "\xff", ""])
PATHS = st.lists(words(PIECES.encode()) | st.binary(max_size=8), max_size=12).map(b"".join)
QUERIES = st.lists(st.tuples(words(PARAMETERS), VALUES).map(b"=".join), max_size=4).map(b"&".join)
HEADERS = st.lists(st.tuples(words(FIELDS_OF_HEADS), VALUES), max_size=5)
BODIES = st.lists(st.binary(max_size=20), max_size=3)


@st.composite
def routes(draw: st.DrawFn) -> bytes:
    """A path of some route, with any names in it."""
    path = draw(st.sampled_from(RESOURCES)).path.replace("?", "").encode()
    path = path.replace(b"<name>", draw(st.just(b"app") | VALUES))
    return re.sub(rb"<\w+>", lambda _: name, path) if (name := draw(VALUES)) else path


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Driver]:
    with Driver(tmp_path_factory.mktemp("any") / "registry", settings=Settings(allow_delete=False)) as driver:
        push_image(driver, "app", "v1")
        yield driver


def ask(served: Driver, sent: Sent) -> Reply:
    """Ask with bytes that no `Driver` would write."""
    host = [] if any(name == b"host" for name, _ in sent.headers) else [(b"host", b"localhost")]
    pieces: list[Message] = [{"type": "http.request", "body": piece, "more_body": True} for piece in sent.body]
    pieces.append({"type": "http.request", "body": b"", "more_body": False})
    scope: Scope = {
        "type": "http",
        "method": sent.method,
        "path": sent.path.decode("utf-8", "replace"),
        "raw_path": sent.path,
        "query_string": sent.query,
        "headers": [*host, *sent.headers],
        "http_version": "1.1",
        "client": ("127.0.0.1", 1),
    }

    async def receive() -> Message:
        await asyncio.sleep(0)
        return pieces.pop(0) if pieces else {"type": "http.disconnect"}

    return served.run(served.answer(scope, receive))


@QUICK
@given(st.builds(Sent, METHODS, PATHS | routes(), QUERIES, HEADERS, BODIES))
@example(Sent("GET", b""))
@example(Sent("PUT", b"/v2/app/manifests/v1", headers=[(b"content-length", b"9" * 5000)], body=[b"x"]))
@example(Sent("GET", b"/v2/app/tags/list", b"last=%ED%A0%80"))
@example(Sent("GET", b"/v2/app/tags/list", b"last=%00\xff"))
@example(Sent("GET", b"/v2/app/referrers/" + LAYER.encode(), b"artifactType=%ED%A0%80&last=%00"))
def test_any_request_is_answered_and_is_no_fault_of_ours(served: Driver, sent: Sent) -> None:
    reply = ask(served, sent)
    # 501 is for a transfer coding, which nobody need know.
    assert reply.status == 501 or reply.status not in FAULTS_OF_OURS
    assert reply.status
    if reply.status >= 400 and reply.body:
        assert json.loads(reply.body)["errors"][0]["code"]
    assert served("GET", "/v2/app/tags/list").status == 200


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.sampled_from(["\ud800", "\x00"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
LINKS = st.sampled_from([descriptor(b"layer"), descriptor(b"{}"), descriptor(b"nowhere"), {}, None]) | JSON
FIELDS = st.fixed_dictionaries(
    {},
    optional={
        "schemaVersion": st.sampled_from([1, 2, 2.0, "2"]),
        "mediaType": st.sampled_from([media_type.OCI_MANIFEST, media_type.OCI_INDEX, "", "\ud800"]) | JSON,
        "artifactType": st.sampled_from(["a/b", "\ud800", "a" * 1000]) | JSON,
        "config": LINKS,
        "layers": st.lists(LINKS, max_size=2) | JSON,
        "manifests": st.lists(LINKS, max_size=2) | JSON,
        "subject": LINKS,
        "annotations": st.dictionaries(st.text(max_size=5), st.text(max_size=5) | st.just("\ud800")) | JSON,
    },
)
KINDS = st.sampled_from(
    [media_type.OCI_MANIFEST, media_type.OCI_INDEX, media_type.DOCKER_MANIFEST, "text/plain", "\xff"]
)


@QUICK
@given(FIELDS, st.sampled_from([image(b"layer"), index(), b"{}"]), KINDS)
@example({"artifactType": "\ud800"}, image(b"layer"), media_type.OCI_MANIFEST)
@example({"annotations": {"\ud800": "\x00"}}, image(b"layer"), media_type.OCI_MANIFEST)
@example({"annotations": {"a": "\ud800"}, "subject": descriptor(b"layer")}, index(), media_type.OCI_INDEX)
def test_any_manifest_is_taken_or_refused(served: Driver, fields: dict[str, object], base: bytes, kind: str) -> None:
    raw = json.dumps({**json.loads(base), **fields}).encode()
    reply = push_manifest(served, "app", "other", raw, kind)
    assert reply.status in (201, 400)
    if reply.status == 201:
        assert served("GET", "/v2/app/manifests/other").body == raw
        assert served("GET", f"/v2/app/referrers/{LAYER}").status == 200
    assert served("GET", "/v2/app/manifests/v1").status == 200


@QUICK
@given(st.binary(max_size=200), KINDS)
def test_any_bytes_are_a_manifest_or_none(served: Driver, raw: bytes, kind: str) -> None:
    assert push_manifest(served, "app", "other", raw, kind).refusal == (400, "MANIFEST_INVALID")
