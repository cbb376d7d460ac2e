"""The conformance suite's matrix for content: every kind pushed, listed, read, referred to and deleted."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from boxship.media_type import OCI_INDEX
from boxship.server.registry import Settings
from tests.server.driver import Driver
from tests.server.groups import GROUPS, Group, Piece, build
from tests.server.ways import UPLOADS


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory, new_settings: Callable[[], Settings]) -> Iterator[Driver]:
    with Driver(tmp_path_factory.mktemp("registry"), settings=new_settings()) as driver:
        yield driver


@pytest.fixture(params=["sha256", "sha512"])
def algorithm(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(params=GROUPS)
def group(request: pytest.FixtureRequest, algorithm: str) -> Group:
    return build(request.param, algorithm)


@pytest.fixture
def base(request: pytest.FixtureRequest) -> str:
    """The path of a repository of the test's own."""
    name = request.node.name.replace("[", "/").replace("]", "")
    return f"/v2/{name.replace('_', '-').removeprefix('test-')}"


@pytest.fixture
def pushed(registry: Driver, group: Group, base: str) -> Group:
    """The group, pushed by digest, with its tags beside."""
    push_blobs(registry, group, base)
    for piece in group.pieces:
        reply = put(registry, f"{base}/manifests/{group.digest(piece.body)}?tag={piece.tag}", piece)
        assert reply == (201, group.digest(piece.body), piece.subject or None)
    return group


def push_blobs(registry: Driver, group: Group, base: str) -> None:
    for content in group.blobs:
        assert UPLOADS["post+put"](registry, base.removeprefix("/v2/"), content, group.digest(content)).status == 201


def put(registry: Driver, target: str, piece: Piece) -> tuple[int, str | None, str | None]:
    reply = registry("PUT", target, piece.body, {"content-type": piece.media_type})
    return reply.status, reply.headers.get("docker-content-digest"), reply.headers.get("oci-subject")


def test_every_tag_is_listed(registry: Driver, pushed: Group, base: str) -> None:
    tags = sorted(piece.tag for piece in pushed.pieces)
    assert registry("GET", f"{base}/tags/list").json()["tags"] == tags
    for number, tag in enumerate(tags):
        assert registry("GET", f"{base}/tags/list?last={tag}").json()["tags"] == tags[number + 1 :]


def test_every_manifest_is_read_by_digest_and_by_tag(registry: Driver, pushed: Group, base: str) -> None:
    for piece in pushed.pieces:
        name = pushed.digest(piece.body)
        for reference in (name, piece.tag):
            head, got = (registry(method, f"{base}/manifests/{reference}") for method in ("HEAD", "GET"))
            assert (got.status, got.body) == (200, piece.body)
            assert got.headers["content-type"] == piece.media_type
            assert got.headers["content-length"] == str(len(piece.body))
            assert got.headers["docker-content-digest"] == name
            assert (head.status, head.headers, head.body) == (200, got.headers, b"")


def test_every_manifest_is_pushed_by_tag_alone(registry: Driver, group: Group, base: str, algorithm: str) -> None:
    push_blobs(registry, group, base)
    for piece in group.pieces:
        # What a tag is pushed to gets a sha256 digest, so what an index names by another is pushed by that first.
        if algorithm != "sha256":
            put(registry, f"{base}/manifests/{group.digest(piece.body)}", piece)
        status, _, subject = put(registry, f"{base}/manifests/{piece.tag}", piece)
        assert (status, subject) == (201, piece.subject or None)
        assert registry("GET", f"{base}/manifests/{piece.tag}").body == piece.body


def test_a_subject_has_its_referrers(registry: Driver, pushed: Group, base: str) -> None:
    subjects = {piece.subject for piece in pushed.pieces if piece.subject}
    every = {pushed.digest(piece.body) for piece in pushed.pieces} | subjects
    for subject in every:
        reply = registry("GET", f"{base}/referrers/{subject}")
        assert (reply.status, reply.headers["content-type"]) == (200, OCI_INDEX)
        assert "oci-filters-applied" not in reply.headers
        assert reply.json() == expected(pushed, subject)


def test_referrers_are_filtered_by_their_type(registry: Driver, pushed: Group, base: str) -> None:
    for subject in {piece.subject for piece in pushed.pieces if piece.subject}:
        for kind in {piece.artifact_type for piece in pushed.pieces} - {""} | {"application/vnd.example.none"}:
            reply = registry("GET", f"{base}/referrers/{subject}?artifactType={kind.replace('+', '%2B')}")
            assert (reply.status, reply.headers["oci-filters-applied"]) == (200, "artifactType")
            assert reply.json() == expected(pushed, subject, kind)


def expected(group: Group, subject: str, kind: str = "") -> dict[str, object]:
    referrers = [piece for piece in group.pieces if piece.subject == subject and kind in ("", piece.artifact_type)]
    entries = sorted((describe(group, piece) for piece in referrers), key=lambda entry: str(entry["digest"]))
    return {"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": entries}


def describe(group: Group, piece: Piece) -> dict[str, object]:
    told = {"artifactType": piece.artifact_type, "annotations": dict(piece.annotations)}
    return group.descriptor(piece.body, piece.media_type, **{name: value for name, value in told.items() if value})


def test_everything_is_deleted_from_the_tags_down(registry: Driver, pushed: Group, base: str) -> None:
    tags = [f"{base}/manifests/{piece.tag}" for piece in pushed.pieces]
    manifests = [f"{base}/manifests/{pushed.digest(piece.body)}" for piece in reversed(pushed.pieces)]
    blobs = [f"{base}/blobs/{pushed.digest(content)}" for content in dict.fromkeys(pushed.blobs)]
    for path in tags + manifests + blobs:
        assert registry("DELETE", path).status == 202
        assert registry("HEAD", path).status == 404
    for subject in {piece.subject for piece in pushed.pieces if piece.subject}:
        assert registry("GET", f"{base}/referrers/{subject}").json()["manifests"] == []
    assert registry("GET", f"{base}/tags/list").json()["tags"] == []


def test_tags_beside_a_digest_name_it(registry: Driver, group: Group, base: str) -> None:
    push_blobs(registry, group, base)
    for piece in group.pieces:
        name = group.digest(piece.body)
        more = [f"{piece.tag}-{letter}" for letter in "abc"]
        target = f"{base}/manifests/{name}?{'&'.join(f'tag={tag}' for tag in more)}"
        reply = registry("PUT", target, piece.body, {"content-type": piece.media_type})
        assert (reply.status, reply.headers["oci-tag"]) == (201, ", ".join(more))
        for tag in more:
            assert registry("HEAD", f"{base}/manifests/{tag}").headers["docker-content-digest"] == name


def test_a_manifest_under_a_bad_digest_is_refused(registry: Driver, group: Group, base: str) -> None:
    push_blobs(registry, group, base)
    piece, name = group.pieces[0], group.digest(b"another manifest")
    reply = registry("PUT", f"{base}/manifests/{name}", piece.body, {"content-type": piece.media_type})
    assert reply.refusal == (400, "DIGEST_INVALID")
    assert registry("HEAD", f"{base}/manifests/{name}").status == 404
    assert registry("HEAD", f"{base}/manifests/{group.digest(piece.body)}").status == 404


def test_what_was_never_pushed_is_not_found(registry: Driver, algorithm: str) -> None:
    group = Group(algorithm)
    for reference in (group.digest(b"never"), "never"):
        for method in ("GET", "HEAD"):
            assert registry(method, f"/v2/conformance/never/manifests/{reference}").status == 404
    assert registry("GET", f"/v2/conformance/never/referrers/{group.digest(b'never')}").json()["manifests"] == []
    assert registry("GET", "/v2/conformance/never/tags/list").status == 404


def test_what_is_no_digest_is_refused(registry: Driver, algorithm: str) -> None:
    target = f"/v2/conformance/bad/manifests/{algorithm}:baddigeststring"
    assert registry("GET", target).refusal == (400, "DIGEST_INVALID")
    assert put(registry, target, build("empty-index", algorithm).pieces[0])[0] == 400
