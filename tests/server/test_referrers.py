"""Referrers beyond what the conformance suite asks: pages, bounds, tags of older clients, re-pushes and deletions."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from boxship.digest import Digest
from boxship.media_type import OCI_INDEX, OCI_MANIFEST
from boxship.wire import routes
from boxship.wire.links import next_link
from tests.server.content import descriptor, digest, image, index, push_blob, push_manifest
from tests.server.driver import Driver

SUBJECT = descriptor(b"subject", OCI_MANIFEST)
REFERRERS = f"/v2/app/referrers/{SUBJECT['digest']}"
MIB = 1024 * 1024


@pytest.fixture
def registry(registry: Driver) -> Driver:
    push_blob(registry, "app", b"{}")
    return registry


def refer(registry: Driver, number: int, kind: str = "text/x-note", **more: object) -> str:
    """Push a manifest about the subject; its digest."""
    manifest = image(subject=SUBJECT, artifactType=kind, annotations={"n": str(number), **more})
    assert push_manifest(registry, "app", digest(manifest), manifest).status == 201
    return digest(manifest)


def pages(registry: Driver, target: str) -> Iterator[list[str]]:
    following: str | None = target
    while following:
        reply = registry("GET", following)
        assert (reply.status, reply.headers["content-type"]) == (200, OCI_INDEX)
        assert ("oci-filters-applied" in reply.headers) == ("artifactType=" in target)
        found = [entry["digest"] for entry in reply.json()["manifests"]]
        assert len(reply.body) <= 4 * MIB or len(found) == 1
        yield found
        following = next_link([reply.headers.get("link", "")])
        assert following is None or following.startswith(f"{target.partition('?')[0]}?")


@pytest.mark.parametrize("size", [1, 2, 3, 6, 7, 8])
def test_pages_of_any_size_have_every_referrer_once(registry: Driver, size: int) -> None:
    every = sorted(refer(registry, number) for number in range(7))
    found = list(pages(registry, f"{REFERRERS}?n={size}"))
    assert [name for page in found for name in page] == every
    assert all(len(page) == size for page in found[:-1])
    assert found[-1]


def test_the_next_page_is_filtered_too(registry: Driver) -> None:
    wanted = sorted(refer(registry, number, "text/x-a+json; v=1") for number in range(5))
    for number in range(5):
        refer(registry, number, "text/x-b")
    found = list(pages(registry, f"{REFERRERS}?artifactType=text/x-a%2Bjson%3B%20v%3D1&n=2"))
    assert found == [wanted[:2], wanted[2:4], wanted[4:]]


def test_a_page_has_at_most_as_many_as_the_registry_says(tmp_path: Path) -> None:
    with Driver(tmp_path, page_size=3) as registry:
        push_blob(registry, "app", b"{}")
        every = sorted(refer(registry, number) for number in range(4))
        assert list(pages(registry, REFERRERS)) == [every[:3], every[3:]]
        assert list(pages(registry, f"{REFERRERS}?n=9999")) == [every[:3], every[3:]]


def test_a_page_is_no_larger_than_a_manifest_may_be(registry: Driver) -> None:
    # 1.2 MB in the page, though half as many characters.
    every = sorted(refer(registry, number, filling="é" * 600_000) for number in range(5))
    assert list(pages(registry, REFERRERS)) == [every[:3], every[3:]]


def test_a_referrer_of_the_largest_size_is_a_page_of_its_own(registry: Driver) -> None:
    every = sorted(refer(registry, number, filling="x" * (4 * MIB - 1000)) for number in range(2))
    assert list(pages(registry, REFERRERS)) == [[every[0]], [every[1]]]


def test_none_are_asked_for_and_none_come(registry: Driver) -> None:
    refer(registry, 1)
    reply = registry("GET", f"{REFERRERS}?n=0")
    assert (reply.status, reply.json()["manifests"], "link" in reply.headers) == (200, [], False)


@pytest.mark.parametrize("number", ["-1", "x", "", "1.5"])
def test_what_is_no_number_is_refused(registry: Driver, number: str) -> None:
    assert registry("GET", f"{REFERRERS}?n={number}").refusal == (400, "UNSUPPORTED")


@pytest.mark.parametrize("name", ["latest", "sha256:x", "md5:" + "0" * 32, "sha256:" + "A" * 64])
def test_what_is_no_digest_is_refused(registry: Driver, name: str) -> None:
    assert registry("GET", f"/v2/app/referrers/{name}").refusal == (400, "DIGEST_INVALID")


def test_head_says_the_same_without_the_body(registry: Driver) -> None:
    refer(registry, 1)
    got, head = registry("GET", REFERRERS), registry("HEAD", REFERRERS)
    assert (head.status, head.headers, head.body) == (200, got.headers, b"")


def test_an_empty_filter_is_none(registry: Driver) -> None:
    name = refer(registry, 1)
    reply = registry("GET", f"{REFERRERS}?artifactType=")
    assert "oci-filters-applied" not in reply.headers
    assert [entry["digest"] for entry in reply.json()["manifests"]] == [name]


def test_referrers_are_of_one_repository(registry: Driver) -> None:
    refer(registry, 1)
    assert registry("GET", REFERRERS.replace("/app/", "/other/")).json()["manifests"] == []


def test_a_repeated_push_is_no_second_referrer(registry: Driver) -> None:
    name = refer(registry, 1)
    refer(registry, 1)
    assert list(pages(registry, REFERRERS)) == [[name]]


def test_a_referrer_stays_when_its_subject_goes_and_goes_when_it_is_deleted(registry: Driver) -> None:
    manifest = image()
    push_manifest(registry, "app", "v1", manifest)
    about = image(subject=descriptor(manifest, OCI_MANIFEST))
    push_manifest(registry, "app", digest(about), about)
    target = f"/v2/app/referrers/{digest(manifest)}"
    registry("DELETE", f"/v2/app/manifests/{digest(manifest)}")
    assert list(pages(registry, target)) == [[digest(about)]]
    registry("DELETE", f"/v2/app/manifests/{digest(about)}")
    assert list(pages(registry, target)) == [[]]


def test_referrers_outlive_the_process(registry: Driver) -> None:
    name = refer(registry, 1)
    registry.reopen()
    assert list(pages(registry, REFERRERS)) == [[name]]


def test_annotations_are_told_as_they_were_pushed(registry: Driver) -> None:
    told = {"quotes": '"\\"', "lines": "a\nb\u2028", "é": "☃𝄞", "empty": "", "n": "1"}
    refer(registry, 1, **told)
    assert registry("GET", REFERRERS).json()["manifests"][0]["annotations"] == told


@pytest.mark.parametrize(
    ("name", "tag"),
    [
        ("sha256:" + "a" * 64, "sha256-" + "a" * 64),
        ("sha512:" + "a" * 64 + "b" * 64, "sha512-" + "a" * 64),
    ],
)
def test_older_clients_list_referrers_under_a_tag(name: str, tag: str) -> None:
    assert routes.referrers_tag(Digest.parse(name)) == tag


@pytest.mark.parametrize("algorithm", ["sha256", "sha512"])
def test_what_an_older_client_listed_is_listed(registry: Driver, algorithm: str) -> None:
    name = digest(b"subject", algorithm)
    subject = {**SUBJECT, "digest": name}
    attached = image(subject=subject, artifactType="text/x-a")
    listed = image(artifactType="text/x-b", annotations={"by": "an older client"})
    others = [image(artifactType="text/x-c", annotations={"n": str(number)}) for number in range(4)]
    elsewhere = image(subject=descriptor(b"elsewhere", OCI_MANIFEST))
    for manifest in (attached, listed, elsewhere, *others):
        push_manifest(registry, "app", digest(manifest), manifest)
    listing = index(attached, listed, elsewhere, *others, b"{}")  # `{}` is a blob
    assert push_manifest(registry, "app", routes.referrers_tag(Digest.parse(name)), listing, OCI_INDEX).status == 201

    reply = registry("GET", f"/v2/app/referrers/{name}")
    entries = {entry["digest"]: entry for entry in reply.json()["manifests"]}
    assert list(entries) == sorted(map(digest, [attached, listed, *others]))
    assert entries[digest(listed)] == descriptor(
        listed, OCI_MANIFEST, artifactType="text/x-b", annotations={"by": "an older client"}
    )
    assert list(pages(registry, f"/v2/app/referrers/{name}?n=1")) == [[one] for one in entries]
    for kind, one in (("text/x-a", attached), ("text/x-b", listed)):
        assert list(pages(registry, f"/v2/app/referrers/{name}?artifactType={kind}")) == [[digest(one)]]
    assert registry("GET", f"/v2/other/referrers/{name}").json()["manifests"] == []


def test_a_page_that_was_not_read_to_its_end_holds_up_no_other(registry: Driver) -> None:
    first = refer(registry, 1)
    registry("GET", f"{REFERRERS}?n=1")
    every = sorted([first, *(refer(registry, number) for number in range(2, 5))])
    registry("GET", f"{REFERRERS}?n=1")
    last = refer(registry, 9)
    assert list(pages(registry, REFERRERS)) == [sorted([*every, last])]


def test_a_descriptor_has_no_more_than_it_should(registry: Driver) -> None:
    listing = index(subject=SUBJECT)
    push_manifest(registry, "app", digest(listing), listing, OCI_INDEX)
    assert json.loads(registry("GET", REFERRERS).body)["manifests"] == [descriptor(listing, OCI_INDEX)]


def test_caches_ask_again_for_referrers(registry: Driver) -> None:
    assert registry("GET", REFERRERS).headers["cache-control"] == "no-cache"
