from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest

from boxship import Client, media_type
from boxship.digest import Digest
from boxship.errors import BoxshipError, DigestMismatch, InvalidReference, NotFound, Refused, UnexpectedAnswer
from boxship.spec.index import Index
from boxship.spec.manifest import Manifest
from boxship.testing import (
    Answer,
    Image,
    Request,
    html,
    instead,
    json_answer,
    serving,
    wrong_digest,
)
from tests.registry.images import AMD, ARM, GOOD, RAW, answer_of, index
from tests.transport.reaching import failing, repository


def test_a_document_is_the_bytes_that_were_sent() -> None:
    odd = b" \n" + RAW + b"\n "
    with serving(answer_of(odd)) as server, Client() as client:
        document = client.document(f"{repository(server)}:v1")
    assert (document.raw, document.digest, document.media_type) == (odd, Digest.of(odd), media_type.OCI_MANIFEST)


def test_every_kind_of_manifest_is_accepted() -> None:
    with serving(GOOD) as server, Client() as client:
        client.document(f"{repository(server)}:v1")
        accepted = server.requests[0].headers["accept"]
    kinds = (media_type.OCI_MANIFEST, media_type.OCI_INDEX, media_type.DOCKER_MANIFEST, media_type.DOCKER_LIST)
    assert [kind for kind in kinds if kind not in accepted] == []


@pytest.mark.parametrize("algorithm", ["sha256", "sha512"])
def test_a_manifest_is_verified_by_the_digest_that_named_it(algorithm: str) -> None:
    named = Digest.of(RAW, algorithm)
    with serving(answer_of(RAW)) as server, Client() as client:
        assert client.document(f"{repository(server)}@{named}").digest == named
    with serving(answer_of(RAW + b" ")) as server, Client() as client:
        error = failing(lambda: client.document(f"{repository(server)}@{named}"))
    assert isinstance(error, DigestMismatch)
    assert (error.expected, error.actual, error.exit_status) == (
        str(named),
        str(Digest.of(RAW + b" ", algorithm)),
        6,
    )


@pytest.mark.parametrize("algorithm", ["sha256", "sha512"])
def test_a_manifest_is_verified_by_the_digest_in_its_header(algorithm: str) -> None:
    said = str(Digest.of(RAW, algorithm))
    with serving(answer_of(RAW, digest=said)) as server, Client() as client:
        assert str(client.document(f"{repository(server)}:v1").digest) == said
    with serving(answer_of(RAW + b" ", digest=said)) as server, Client() as client:
        assert isinstance(failing(lambda: client.document(f"{repository(server)}:v1")), DigestMismatch)


def test_a_header_of_another_algorithm_says_nothing_of_the_digest_asked_for() -> None:
    named, said = Digest.of(RAW), str(Digest.of(RAW, "sha512"))
    with serving(answer_of(RAW, digest=said)) as server, Client() as client:
        assert client.document(f"{repository(server)}@{named}").digest == named
        assert client.digest(f"{repository(server)}@{named}") == named


def test_a_header_that_says_another_digest_than_was_asked_for_is_a_mismatch() -> None:
    named, said = Digest.of(RAW), str(Digest.of(b"other"))
    with serving(answer_of(RAW, digest=said)) as server, Client() as client:
        for verb in (client.digest, client.document):
            assert isinstance(failing(lambda verb=verb: verb(f"{repository(server)}@{named}")), DigestMismatch)  # type: ignore[misc] # defaults of a lambda


@pytest.mark.parametrize("said", ["", "rubbish", "md5:abc", "sha256:ABC", "sha256:" + "0" * 63])
def test_a_header_that_says_no_digest_is_none(said: str) -> None:
    with serving(answer_of(RAW, digest=said)) as server, Client() as client:
        assert client.digest(f"{repository(server)}:v1") == GOOD.image.digest
        assert [request.method for request in server.requests] == ["HEAD", "GET"]


def test_a_spoilt_manifest_is_refused() -> None:
    with serving(wrong_digest(GOOD, "/manifests/")) as server, Client() as client:
        assert isinstance(failing(lambda: client.manifest(f"{repository(server)}:v1")), DigestMismatch)


def test_a_digest_is_asked_for_by_head_alone() -> None:
    with serving(GOOD) as server, Client() as client:
        assert client.digest(f"{repository(server)}:v1") == GOOD.image.digest
        assert [request.method for request in server.requests] == ["HEAD"]


@pytest.mark.parametrize("status", [400, 405, 501])
def test_a_registry_that_takes_no_head_is_asked_by_get(status: int) -> None:
    def no_head(request: Request) -> Answer:
        return Answer(status) if request.method == "HEAD" else GOOD(request)

    with serving(no_head) as server, Client() as client:
        assert client.digest(f"{repository(server)}:v1") == GOOD.image.digest


@pytest.mark.parametrize(("status", "kind"), [(404, NotFound), (403, Refused), (418, UnexpectedAnswer)])
def test_an_error_that_head_was_answered_with_counts(status: int, kind: type[BoxshipError]) -> None:
    with serving(Answer(status, b"<html>")) as server, Client() as client:
        assert type(failing(lambda: client.digest(f"{repository(server)}:v1"))) is kind
        assert len(server.requests) == 1


def test_what_is_missing_ends_with_3() -> None:
    with serving(GOOD) as server, Client() as client:
        error = failing(lambda: client.document(f"{repository(server)}:v9"))
    assert (type(error), error.exit_status) == (NotFound, 3)
    assert "MANIFEST_UNKNOWN" in error.why


@pytest.mark.parametrize(
    ("raw", "kind", "expected"),
    [
        (RAW, media_type.OCI_MANIFEST, Manifest),
        (RAW, f"{media_type.OCI_MANIFEST}; charset=utf-8", Manifest),
        (RAW, "", Manifest),
        (RAW, "application/json", Manifest),
        (RAW, "text/plain", Manifest),
        (index(ARM, AMD), media_type.OCI_INDEX, Index),
        (index(ARM, AMD), "application/json", Index),
        (index(ARM, AMD, mediaType=media_type.OCI_INDEX), "", Index),
    ],
)
def test_a_document_is_read_by_its_kind(raw: bytes, kind: str, expected: type[object]) -> None:
    with serving(answer_of(raw, kind)) as server, Client() as client:
        assert type(client.manifest(f"{repository(server)}:v1")) is expected


MALFORMED: Mapping[str, tuple[bytes, str]] = {
    "nothing": (b"", media_type.OCI_MANIFEST),
    "no JSON": (b"{", media_type.OCI_MANIFEST),
    "no JSON and no kind": (b"{", ""),
    "a list": (b"[]", media_type.OCI_MANIFEST),
    "no object and no kind": (b"7", ""),
    "no config": (b'{"schemaVersion":2,"layers":[]}', media_type.OCI_MANIFEST),
    "no digest": (b'{"schemaVersion":2,"config":{"size":1},"layers":[]}', media_type.OCI_MANIFEST),
    "a wrong digest": (RAW.replace(b"sha256:", b"sha256:x"), media_type.OCI_MANIFEST),
    "a negative size": (RAW.replace(b'"size":', b'"size":-'), media_type.OCI_MANIFEST),
    "both": (RAW[:-1] + b',"manifests":[]}', media_type.OCI_MANIFEST),
    "an index of strings": (b'{"schemaVersion":2,"manifests":["x"]}', media_type.OCI_INDEX),
    "HTML": (b"<html><title>Hi</title>", "text/html"),
    "deep": (b"[" * 100_000, ""),
}


@pytest.mark.parametrize(("raw", "kind"), MALFORMED.values(), ids=MALFORMED.keys())
def test_a_malformed_manifest_is_said_to_be_one(raw: bytes, kind: str) -> None:
    with serving(answer_of(raw, kind)) as server, Client() as client:
        error = failing(lambda: client.manifest(f"{repository(server)}:v1"))
    assert (type(error), error.exit_status) == (UnexpectedAnswer, 1)
    assert error.why


def test_a_page_in_the_place_of_a_manifest_is_named() -> None:
    with serving(html(200, "Please sign in")) as server, Client() as client:
        error = failing(lambda: client.manifest(f"{repository(server)}:v1"))
        assert "an HTML page, 'Please sign in'" in str(error)
        # It says no digest, and has none of a manifest.
        assert isinstance(failing(lambda: client.digest(f"{repository(server)}:v1")), UnexpectedAnswer)


def test_digests_come_in_the_order_of_their_references() -> None:
    images = {f"v{number}": Image.of([str(number).encode()]) for number in range(40)}

    def answer(request: Request) -> Answer:
        name = request.path.rpartition("/")[2]
        image = images[name]
        delayed = 0.03 if int(name[1:]) % 3 == 0 else 0.0
        return replace(answer_of(image.manifest, digest=str(image.digest)), delay=delayed)

    with serving(answer) as server, Client() as client:
        found = list(client.digests(f"{repository(server)}:{name}" for name in images))
        assert len(server.connections) <= 8
    assert found == [image.digest for image in images.values()]


def test_digests_end_with_the_first_error_in_their_order() -> None:
    with serving(GOOD) as server, Client() as client:
        found = client.digests([f"{repository(server)}:v1", f"{repository(server)}:v9", f"{repository(server)}:v2"])
        assert next(found) == GOOD.image.digest
        assert isinstance(failing(lambda: next(found)), NotFound)


def test_each_attempt_gives_its_result_or_its_error() -> None:
    with serving(GOOD) as server, Client() as client:
        names = [f"{repository(server)}:{name}" for name in ("v1", "v9", "v2")]
        kinds = [type(result) for result in client.attempt_each(client.digest, names)]
    assert kinds == [Digest, NotFound, Digest]


@pytest.mark.parametrize("reference", ["", "a b", "reg.corp/App", "127.1/app", "reg.corp/app@sha256:x", "ftp://x/y"])
def test_a_wrong_reference_is_refused_before_anything_is_asked(reference: str) -> None:
    with Client() as client:
        error = failing(lambda: client.digest(reference))
    assert isinstance(error, InvalidReference)
    assert "^" in error.caret


def test_json_answers_of_other_kinds_are_no_manifests() -> None:
    with serving(instead(GOOD, "/manifests/", json_answer({"errors": []}))) as server, Client() as client:
        assert isinstance(failing(lambda: client.manifest(f"{repository(server)}:v1")), UnexpectedAnswer)
