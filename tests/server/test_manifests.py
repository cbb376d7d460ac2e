"""Manifests in and out: byte for byte, by tag and digest, with their content present, under conditions."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest

from boxship import media_type
from boxship.server.registry import Settings
from tests.server.content import descriptor, digest, image, index, push_blob, push_image, push_manifest
from tests.server.driver import Driver

IMAGE_TYPES = f"{media_type.OCI_MANIFEST}, {media_type.DOCKER_MANIFEST}"


def test_a_manifest_comes_back_as_it_was_pushed(registry: Driver) -> None:
    manifest = push_image(registry, "team/app", "v1")
    for name in ("v1", digest(manifest)):
        reply = registry("GET", f"/v2/team/app/manifests/{name}")
        assert (reply.status, reply.body) == (200, manifest)
        assert reply.headers["content-type"] == media_type.OCI_MANIFEST
        assert reply.headers["content-length"] == str(len(manifest))
        assert reply.headers["docker-content-digest"] == digest(manifest)
        assert reply.headers["etag"] == f'"{digest(manifest)}"'


def test_head_says_the_same_without_the_body(registry: Driver) -> None:
    push_image(registry, "app", "v1")
    got, head = registry("GET", "/v2/app/manifests/v1"), registry("HEAD", "/v2/app/manifests/v1")
    assert (head.status, head.headers, head.body) == (200, got.headers, b"")


def test_caches_may_keep_what_a_digest_names_and_must_ask_for_tags(registry: Driver) -> None:
    manifest = push_image(registry, "app", "v1")
    by_digest = registry("GET", f"/v2/app/manifests/{digest(manifest)}")
    assert by_digest.headers["cache-control"] == "max-age=31536000, immutable"
    assert registry("GET", "/v2/app/manifests/v1").headers["cache-control"] == "no-cache"


def test_an_escaped_digest_is_the_digest(registry: Driver) -> None:
    manifest = push_image(registry, "app", "v1")
    for colon in ("%3A", "%3a"):
        assert registry("GET", f"/v2/app/manifests/{digest(manifest).replace(':', colon)}").body == manifest


def test_a_push_answers_with_where_the_manifest_is(registry: Driver) -> None:
    push_blob(registry, "app", b"{}")
    reply = push_manifest(registry, "app", "v1", image())
    assert (reply.status, reply.location) == (201, f"/v2/app/manifests/{digest(image())}")
    assert reply.headers["docker-content-digest"] == digest(image())
    assert registry("GET", reply.location).body == image()
    assert "oci-subject" not in reply.headers  # it would promise the referrers API


def test_a_manifest_is_pushed_by_sha512(registry: Driver) -> None:
    push_blob(registry, "app", b"{}")
    name = digest(image(), "sha512")
    assert push_manifest(registry, "app", name, image()).headers["docker-content-digest"] == name
    assert registry("GET", f"/v2/app/manifests/{name}").body == image()


@pytest.mark.parametrize("algorithm", ["sha256", "sha512"])
def test_tags_come_beside_the_digest(registry: Driver, algorithm: str) -> None:
    push_blob(registry, "app", b"{}")
    name = digest(image(), algorithm)
    reply = push_manifest(registry, "app", f"{name}?tag=a&tag=b", image())
    assert (reply.status, reply.headers["oci-tag"]) == (201, "a, b")
    assert registry("HEAD", "/v2/app/manifests/b").headers["docker-content-digest"] == name


def test_a_tag_moves_and_the_old_manifest_stays(registry: Driver) -> None:
    old, new = push_image(registry, "app", "v1", layer=b"old"), push_image(registry, "app", "v1", layer=b"new")
    assert registry("GET", "/v2/app/manifests/v1").body == new
    assert registry("GET", f"/v2/app/manifests/{digest(old)}").body == old


def test_a_served_type_never_changes(registry: Driver) -> None:
    push_blob(registry, "app", b"{}")
    untyped = json.dumps({"schemaVersion": 2, "config": descriptor(b"{}"), "layers": []}).encode()
    assert push_manifest(registry, "app", "v1", untyped).status == 201
    assert push_manifest(registry, "app", "v2", untyped, media_type.DOCKER_MANIFEST).status == 400
    assert registry("GET", "/v2/app/manifests/v1").headers["content-type"] == media_type.OCI_MANIFEST


def test_a_repeated_push_is_a_push(registry: Driver) -> None:
    """No sweep of untagged manifests, which goes by their age, takes what was just pushed again."""

    def times() -> tuple[float, float]:
        with registry.run(registry.open()).database.apart() as database:
            query = "SELECT pushed, updated FROM manifest JOIN tag USING (digest)"
            pushed, updated = database.execute(query).fetchone()
        return pushed, updated

    push_image(registry, "app", "v1")
    first = times()
    time.sleep(0.02)
    push_image(registry, "app", "v1")
    assert all(before < after <= time.time() for before, after in zip(first, times(), strict=True))


def test_missing_content_is_listed(registry: Driver) -> None:
    push_blob(registry, "app", b"here")
    push_blob(registry, "other", b"{}")
    reply = push_manifest(registry, "app", "v1", image(b"here", b"absent", b"absent"))
    assert reply.refusal == (400, "MANIFEST_BLOB_UNKNOWN")
    assert reply.json()["errors"][0]["detail"] == [digest(b"{}"), digest(b"absent")]
    assert registry("HEAD", "/v2/app/manifests/v1").status == 404


def test_layers_with_urls_may_be_elsewhere(registry: Driver) -> None:
    push_blob(registry, "app", b"{}")
    foreign = descriptor(b"far", "application/vnd.oci.image.layer.nondistributable.v1.tar", urls=["https://far.test/"])
    assert push_manifest(registry, "app", "v1", image(layers=[foreign])).status == 201


def test_a_subject_may_be_missing(registry: Driver) -> None:
    push_blob(registry, "app", b"{}")
    subject = descriptor(b"later", media_type.OCI_MANIFEST)
    assert push_manifest(registry, "app", "v1", image(subject=subject)).status == 201


def test_an_index_needs_its_manifests_in_its_own_repository(registry: Driver) -> None:
    manifest = push_image(registry, "app")
    assert push_manifest(registry, "app", "all", index(manifest), media_type.OCI_INDEX).status == 201
    assert push_manifest(registry, "app", "none", index(), media_type.OCI_INDEX).status == 201
    elsewhere = push_manifest(registry, "other", "all", index(manifest), media_type.OCI_INDEX)
    assert elsewhere.refusal == (400, "MANIFEST_BLOB_UNKNOWN")


def test_a_manifest_may_be_sparse_where_that_is_allowed(tmp_path: Path) -> None:
    with Driver(tmp_path, settings=Settings(allow_sparse=True)) as registry:
        manifest, absent = push_image(registry, "app"), image(b"another platform")
        sparse = index(manifest, absent)
        assert push_manifest(registry, "app", "all", sparse, media_type.OCI_INDEX).status == 201
        assert registry("GET", "/v2/app/manifests/all").body == sparse
        assert registry("GET", f"/v2/app/manifests/{digest(absent)}").status == 404
        assert push_manifest(registry, "app", "another", absent).status == 201
        # What is there has the size that is said.
        wrong = json.dumps({**json.loads(sparse), "manifests": [{**descriptor(manifest), "size": 3}]}).encode()
        assert push_manifest(registry, "app", "wrong", wrong, media_type.OCI_INDEX).code == "MANIFEST_INVALID"


def test_an_index_may_list_blobs_as_build_caches_do(registry: Driver) -> None:
    push_blob(registry, "cache", b"layer")
    assert push_manifest(registry, "cache", "c", index(b"layer"), media_type.OCI_INDEX).status == 201


def test_a_wrong_size_is_refused(registry: Driver) -> None:
    push_blob(registry, "app", b"{}")
    wrong = {**descriptor(b"{}"), "size": 3}
    assert push_manifest(registry, "app", "v1", image(config=b"{}", layers=[wrong])).refusal == (
        400,
        "MANIFEST_INVALID",
    )


def test_a_manifest_under_anothers_digest_is_refused(registry: Driver) -> None:
    push_blob(registry, "app", b"{}")
    assert push_manifest(registry, "app", digest(b"other"), image()).refusal == (400, "DIGEST_INVALID")


@pytest.mark.parametrize("name", ["sha256:baddigeststring", "sha256:" + "A" * 64, "md5:" + "0" * 32])
def test_what_is_no_digest_is_refused(registry: Driver, name: str) -> None:
    assert push_manifest(registry, "app", name, image()).refusal == (400, "DIGEST_INVALID")
    assert registry("GET", f"/v2/app/manifests/{name}").refusal == (400, "DIGEST_INVALID")


@pytest.mark.parametrize("tag", ["a" * 129, "-x", ".x", "a+b"])
def test_what_is_no_tag_is_refused(registry: Driver, tag: str) -> None:
    assert push_manifest(registry, "app", tag, image()).refusal == (400, "MANIFEST_INVALID")
    assert push_manifest(registry, "app", f"{digest(image())}?tag={tag}", image()).status == 400
    assert registry("GET", f"/v2/app/manifests/{tag}").refusal == (404, "MANIFEST_UNKNOWN")


def test_too_many_tags_at_once_are_refused(registry: Driver) -> None:
    query = "&".join(f"tag=t{number}" for number in range(33))
    assert push_manifest(registry, "app", f"{digest(image())}?{query}", image()).status == 414


@pytest.mark.parametrize("announced", [True, False])
def test_a_manifest_has_a_largest_size(registry: Driver, announced: object) -> None:
    push_blob(registry, "app", b"{}")
    just = image(annotations={"a": "b" * 4_000_000})
    assert push_manifest(registry, "app", "v1", just).status == 201
    pieces = [b" " * 1_000_000] * 5
    headers = {"content-type": media_type.OCI_MANIFEST} | ({"content-length": "5000000"} if announced else {})
    reply = registry("PUT", "/v2/app/manifests/v2", pieces, headers)
    assert reply.refusal == (413, "MANIFEST_INVALID")
    assert reply.headers["connection"] == "close"


def test_a_manifest_that_breaks_off_is_not_stored(registry: Driver) -> None:
    push_blob(registry, "app", b"{}")
    headers = {"content-type": media_type.OCI_MANIFEST}
    assert registry("PUT", "/v2/app/manifests/v1", [image()], headers, end="broken").status == 400
    assert registry("HEAD", "/v2/app/manifests/v1").status == 404


@pytest.mark.parametrize(
    ("accept", "status"),
    [
        ("", 200),
        ("*/*", 200),
        ("application/*", 200),
        (IMAGE_TYPES, 200),
        (media_type.OCI_MANIFEST.upper() + ";q=0.5", 200),
        (media_type.OCI_INDEX, 404),
        ("text/html, application/json", 404),
    ],
)
def test_a_manifest_goes_to_those_who_take_its_type(registry: Driver, accept: str, status: int) -> None:
    push_image(registry, "app", "v1")
    assert registry("GET", "/v2/app/manifests/v1", headers={"accept": accept} if accept else {}).status == status


def test_who_has_the_manifest_is_not_sent_it_again(registry: Driver) -> None:
    manifest = push_image(registry, "app", "v1")
    tags = [f'"{digest(manifest)}"', f'W/"{digest(manifest)}"', f'"x", "{digest(manifest)}"', "*"]
    for tag in tags:
        reply = registry("GET", "/v2/app/manifests/v1", headers={"if-none-match": tag})
        assert (reply.status, reply.body, "content-length" in reply.headers) == (304, b"", False)
    assert registry("GET", "/v2/app/manifests/v1", headers={"if-none-match": '"x"'}).status == 200


def test_a_tag_is_only_made_if_there_is_none(registry: Driver) -> None:
    push_blob(registry, "app", b"{}")
    assert push_manifest(registry, "app", "v1", image(), if_none_match="*").status == 201
    assert push_manifest(registry, "app", "v1", image(), if_none_match="*").refusal == (412, "DENIED")


def test_a_tag_is_only_moved_from_what_is_expected(registry: Driver) -> None:
    old = push_image(registry, "app", "v1", layer=b"old")
    new = image(b"old", annotations={"new": "yes"})
    assert push_manifest(registry, "app", "v1", new, if_match='"sha256:0"').status == 412
    assert push_manifest(registry, "app", "v2", new, if_match="*").status == 412
    assert registry("GET", "/v2/app/manifests/v1").body == old
    assert push_manifest(registry, "app", "v1", new, if_match=f'"{digest(old)}"').status == 201
    assert registry("GET", "/v2/app/manifests/v1").body == new


def test_a_manifest_is_only_pushed_by_digest_if_it_is_not_there(registry: Driver) -> None:
    push_blob(registry, "app", b"{}")
    name = digest(image())
    assert push_manifest(registry, "app", name, image(), if_match="*").status == 412
    assert push_manifest(registry, "app", name, image(), if_none_match="*").status == 201
    assert push_manifest(registry, "app", name, image(), if_none_match="*").refusal == (412, "DENIED")
    assert push_manifest(registry, "app", name, image(), if_match=f'"{name}"').status == 201


def test_of_several_tags_one_that_has_moved_leaves_all_as_they_are(registry: Driver) -> None:
    push_image(registry, "app", "a", layer=b"old")
    new = image(b"old", annotations={"new": "yes"})
    assert push_manifest(registry, "app", f"{digest(new)}?tag=b&tag=a", new, if_none_match="*").status == 412
    assert registry("GET", "/v2/app/tags/list").json()["tags"] == ["a"]
    assert registry("HEAD", f"/v2/app/manifests/{digest(new)}").status == 404


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_who_expects_another_manifest_is_told(registry: Driver, method: str) -> None:
    manifest = push_image(registry, "app", "v1")
    for name in ("v1", digest(manifest)):
        for tags, status in (
            (f'"{digest(manifest)}"', 200),
            ("*", 200),
            ('"x"', 412),
            (f'W/"{digest(manifest)}"', 412),
        ):
            assert registry(method, f"/v2/app/manifests/{name}", headers={"if-match": tags}).status == status


@pytest.mark.parametrize("by_tag", [True, False])
def test_only_what_is_expected_is_deleted(registry: Driver, by_tag: object) -> None:
    manifest = push_image(registry, "app", "v1")
    target = f"/v2/app/manifests/{'v1' if by_tag else digest(manifest)}"
    assert registry("DELETE", target, headers={"if-match": '"sha256:0"'}).refusal == (412, "DENIED")
    assert registry("GET", "/v2/app/manifests/v1").body == manifest
    assert registry("DELETE", target, headers={"if-match": f'"{digest(manifest)}"'}).status == 202
    assert registry("HEAD", "/v2/app/manifests/v1").status == 404
    assert registry("DELETE", target, headers={"if-match": "*"}).refusal == (404, "MANIFEST_UNKNOWN")


def test_deleting_a_tag_deletes_only_the_tag(registry: Driver) -> None:
    manifest = push_image(registry, "app", "v1", "v2")
    assert registry("DELETE", "/v2/app/manifests/v1").status == 202
    assert registry("DELETE", "/v2/app/manifests/v1").refusal == (404, "MANIFEST_UNKNOWN")
    assert registry("GET", "/v2/app/tags/list").json()["tags"] == ["v2"]
    assert registry("GET", f"/v2/app/manifests/{digest(manifest)}").status == 200


def test_deleting_a_manifest_deletes_its_tags(registry: Driver) -> None:
    manifest = push_image(registry, "app", "v1", "v2")
    assert registry("DELETE", f"/v2/app/manifests/{digest(manifest)}").status == 202
    assert registry("HEAD", "/v2/app/manifests/v1").status == 404
    assert registry("HEAD", f"/v2/app/manifests/{digest(manifest)}").status == 404
    assert registry("GET", "/v2/app/tags/list").json()["tags"] == []


def test_a_manifest_is_its_repositorys_own(registry: Driver) -> None:
    manifest = push_image(registry, "app", "v1")
    push_image(registry, "other", "v2", layer=b"other")
    assert registry("GET", f"/v2/other/manifests/{digest(manifest)}").refusal == (404, "MANIFEST_UNKNOWN")
    assert registry("DELETE", f"/v2/other/manifests/{digest(manifest)}").status == 404
    assert registry("GET", "/v2/other/manifests/v1").status == 404
