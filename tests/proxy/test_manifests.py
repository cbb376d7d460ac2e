"""A cache's manifests: asked for as seldom as can be, and never other than the upstream's."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from boxship import media_type
from boxship.digest import Digest
from boxship.errors import (
    BoxshipError,
    ConnectFailed,
    CredentialFailed,
    NotFound,
    RateLimited,
    Refused,
    RegistryError,
    Schema1,
    TimedOut,
)
from boxship.reference import Registry
from boxship.server.proxy import asking
from boxship.server.upkeep.check import Fault, check
from tests.proxy.conftest import Clock
from tests.proxy.stand_in import Held, StandIn, cache
from tests.server.content import image, index
from tests.server.driver import Driver

AWAY = ConnectFailed("cannot connect to up.example", why="dropped")
LIMITED = RateLimited("too many", retry_after=30.5)
TAGGED = "/v2/up/team/app/manifests/v1"


@pytest.fixture(autouse=True)
def _asks_again_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asking, "_AWAY", 0.0)


def test_a_manifest_is_brought_once_and_its_tag_looked_at_again_when_that_is_no_longer_fresh(
    registry: Driver, upstream: StandIn, clock: Clock
) -> None:
    digest = upstream.has_image("v1", b"layer")
    for _ in range(3):
        answer = registry("GET", TAGGED)
        assert (answer.status, answer.body) == (200, upstream.documents[digest].raw)
        assert answer.headers["docker-content-digest"] == str(digest)
    first = [("digest", "team/app", "v1"), ("document", "team/app", str(digest))]
    assert upstream.asked == first
    clock.now += 61
    assert registry("HEAD", TAGGED).headers["x-cache"] == "MISS"
    assert registry("HEAD", TAGGED).headers["x-cache"] == "HIT"
    assert registry("GET", f"/v2/up/team/app/manifests/{digest}").headers["x-cache"] == "HIT"
    assert upstream.asked == [*first, first[0]]


def test_a_tag_that_moved_is_followed(registry: Driver, upstream: StandIn, clock: Clock) -> None:
    old = upstream.has_image("v1", b"old")
    assert registry("GET", TAGGED).status == 200
    new = upstream.has_image("v1", b"new")
    assert registry("GET", TAGGED).headers["docker-content-digest"] == str(old)
    clock.now += 61
    assert registry("GET", TAGGED).headers["docker-content-digest"] == str(new)
    upstream.names["v1"] = old
    clock.now += 61
    upstream.asked.clear()
    assert registry("GET", TAGGED).headers["docker-content-digest"] == str(old)
    assert upstream.asked == [("digest", "team/app", "v1")]


def test_what_is_repeated_is_not_given_beyond_its_time(registry: Driver, upstream: StandIn, clock: Clock) -> None:
    upstream.has_image("v1", b"old")
    assert registry("GET", TAGGED).status == registry("GET", TAGGED).status == 200
    new = upstream.has_image("v1", b"new")
    clock.now += 60
    assert registry("GET", TAGGED).headers["docker-content-digest"] == str(new)


def test_an_index_and_its_manifests_are_brought_one_by_one(registry: Driver, upstream: StandIn) -> None:
    child = image(b"layer")
    whole = index(child)
    upstream.names["v1"] = Digest.of(whole)
    upstream.documents = {
        Digest.of(whole): Held(whole, "application/vnd.oci.image.index.v1+json"),
        Digest.of(child): Held(child),
    }
    assert registry("GET", TAGGED).body == whole
    assert [kind for kind, *_ in upstream.asked] == ["digest", "document"]
    assert registry("GET", f"/v2/up/team/app/manifests/{Digest.of(child)}").body == child


@pytest.mark.parametrize(
    "error", [AWAY, TimedOut("late", phase="tls", seconds=5), LIMITED, RegistryError("500", status=500)]
)
def test_where_the_upstream_cannot_be_asked_the_tag_is_served_as_it_was_and_said_to_be_that(
    registry: Driver, upstream: StandIn, clock: Clock, error: BoxshipError
) -> None:
    upstream.has_image("v1", b"layer")
    fresh = registry("GET", TAGGED)
    assert "warning" not in fresh.headers
    upstream.away = error
    clock.now += 61
    stale = registry("GET", TAGGED)
    assert (stale.status, stale.body) == (200, fresh.body)
    assert stale.headers["x-cache"] == "STALE"
    assert stale.headers["warning"].startswith('110 boxship "up.example cannot be asked')
    asked = len(upstream.asked)
    assert registry("GET", TAGGED).headers["x-cache"] == "STALE"
    assert len(upstream.asked) == asked  # one that is in trouble is not asked the same by everybody
    upstream.away = None
    clock.now += 11
    assert "warning" not in registry("GET", TAGGED).headers


@pytest.mark.parametrize(
    ("error", "answered"),
    [
        (AWAY, (503, "UNKNOWN")),
        (LIMITED, (429, "TOOMANYREQUESTS")),
        (Refused("no", status=401), (403, "DENIED")),
        (CredentialFailed("no"), (403, "DENIED")),
        (NotFound("none", status=404), (404, "MANIFEST_UNKNOWN")),
        (RegistryError("broken", status=500), (502, "UNKNOWN")),
    ],
)
def test_what_is_not_here_and_not_to_be_had_is_refused_by_its_cause(
    registry: Driver, upstream: StandIn, error: BoxshipError, answered: tuple[int, str]
) -> None:
    upstream.away = error
    answer = registry("GET", TAGGED)
    assert answer.refusal == answered
    assert answer.headers.get("retry-after") == {503: "10", 429: "31"}.get(answer.status)


@pytest.mark.parametrize("error", [NotFound("gone", status=404), Refused("no", status=403)])
def test_what_the_upstream_takes_away_is_not_served_any_more(
    registry: Driver, upstream: StandIn, clock: Clock, error: BoxshipError
) -> None:
    upstream.has_image("v1", b"layer")
    assert registry("GET", TAGGED).status == 200
    upstream.away = error
    clock.now += 61
    assert registry("GET", TAGGED).status == error.status  # type: ignore[attr-defined]


def test_an_upstream_that_was_away_is_not_asked_again_at_once(
    registry: Driver, upstream: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(asking, "_AWAY", 60.0)
    upstream.away = AWAY
    assert [registry("GET", f"/v2/up/team/app/manifests/v{number}").status for number in range(5)] == [503] * 5
    assert len(upstream.asked) == 1


def test_many_who_ask_at_once_are_one_question(registry: Driver, upstream: StandIn) -> None:
    upstream.has_image("v1", b"layer")

    async def ask_all() -> list[int]:
        return [reply.status for reply in await asyncio.gather(*(registry.ask("GET", TAGGED) for _ in range(50)))]

    assert registry.run(ask_all()) == [200] * 50
    assert len(upstream.asked) == 2


def test_an_upstream_that_sends_another_manifest_is_not_believed(registry: Driver, upstream: StandIn) -> None:
    digest = upstream.has_image("v1", b"layer")
    upstream.documents[digest] = Held(image(b"another"))
    assert registry("GET", TAGGED).status == 502
    assert registry("GET", f"/v2/up/team/app/manifests/{digest}").status == 502


def test_what_this_registry_does_not_keep_is_said(registry: Driver, upstream: StandIn) -> None:
    raw = b'{"schemaVersion":1}'
    upstream.names["v1"] = Digest.of(raw)
    upstream.documents[Digest.of(raw)] = Held(raw, "application/vnd.docker.distribution.manifest.v1+json")
    answer = registry("GET", TAGGED)
    assert answer.status == 502
    assert "not kept" in answer.json()["errors"][0]["message"]


# Which repository of whom is meant.


@pytest.mark.parametrize(
    ("target", "whose", "there"),
    [
        ("/v2/up/team/app/manifests/v1", "up", "team/app"),
        ("/v2/team/app/manifests/v1", "hub", "team/app"),
        ("/v2/busybox/manifests/v1", "hub", "library/busybox"),
        ("/v2/docker.io/busybox/manifests/v1", "hub", "library/busybox"),
        ("/v2/team/app/manifests/v1?ns=up.example:5000", "up", "team/app"),
        ("/v2/library/busybox/manifests/v1?ns=docker.io", "hub", "library/busybox"),
        ("/v2/library/busybox/manifests/v1?ns=registry-1.docker.io", "hub", "library/busybox"),
        ("/v2/up/team/app/manifests/v1?ns=docker.io", "hub", "up/team/app"),
    ],
)
def test_a_path_or_a_namespace_says_which_upstream_is_meant(
    tmp_path: Path, target: str, whose: str, there: str
) -> None:
    hub = StandIn("docker.io", Registry.parse("docker.io"))
    up = StandIn("up", Registry.parse("up.example:5000"))
    for each in (hub, up):
        each.has_image("v1", b"layer")
    with cache(tmp_path / "cache", hub, up) as registry:
        assert registry("GET", target).status == 200
        catalog = registry("GET", "/v2/_catalog").json()["repositories"]
    asked, other = (hub, up) if whose == "hub" else (up, hub)
    assert (asked.asked[0], other.asked) == (("digest", there, "v1"), [])
    assert catalog == [f"{asked.name}/{there}"]


@pytest.mark.parametrize(("namespace", "status"), [("quay.io", 404), ("up.example:443", 404), ("a b", 400)])
def test_a_namespace_of_somebody_else_is_refused(registry: Driver, namespace: str, status: int) -> None:
    assert registry("GET", f"/v2/team/app/manifests/v1?ns={namespace}").status == status


def test_what_is_not_allowed_is_not_brought(tmp_path: Path, upstream: StandIn) -> None:
    upstream.has_image("v1", b"layer")
    with cache(tmp_path / "cache", upstream, proxy_allow=("up/library/*",)) as registry:
        assert registry("GET", "/v2/up/library/app/manifests/v1").status == 200
        assert registry("GET", "/v2/library/app/manifests/v1").status == 200
        upstream.asked.clear()
        assert registry("GET", TAGGED).refusal == (403, "DENIED")
        assert registry("GET", "/v2/team/app/manifests/v1?ns=up.example").refusal == (403, "DENIED")
    assert upstream.asked == []


def test_nothing_is_pushed_to_a_cache(registry: Driver) -> None:
    assert registry("POST", "/v2/up/team/app/blobs/uploads/").status == 405
    assert registry("PUT", TAGGED, image(b"x")).status == 405
    assert registry("DELETE", TAGGED).status == 405


def test_a_manifest_ahead_of_its_content_is_no_finding_of_a_cache(registry: Driver, upstream: StandIn) -> None:
    upstream.has_image("v1", b"layer")
    assert registry("GET", TAGGED).status == 200
    assert check(registry.folder, sparse=True).findings == ()
    assert {finding.fault for finding in check(registry.folder).findings} == {Fault.INCOMPLETE}


@pytest.mark.parametrize("kind", ["json", "prettyjws"])
def test_a_manifest_of_docker_s_schema_1_is_refused_by_its_name(registry: Driver, upstream: StandIn, kind: str) -> None:
    raw = b'{"schemaVersion": 1, "name": "a", "tag": "v1", "fsLayers": [], "history": []}'
    digest = upstream.names["v1"] = Digest.of(raw)
    upstream.documents[digest] = Held(raw, media_type.DOCKER_SCHEMA_1 + kind)
    answer = registry("GET", TAGGED)
    assert answer.status == 502
    assert b"schema 1" in answer.body


def test_a_tag_that_moved_to_schema_1_is_refused_by_its_name_and_not_served_as_it_was(
    registry: Driver, upstream: StandIn, clock: Clock
) -> None:
    old = upstream.has_image("v1", b"layer")
    assert registry("GET", TAGGED).status == 200
    upstream.names["v1"] = Digest.of(b"signed afterwards")
    upstream.sends = Schema1("the manifest is not read")
    for _ in range(2):
        clock.now += 61
        answer = registry("GET", TAGGED)
        assert answer.refusal == (502, "MANIFEST_UNKNOWN")
        assert b"schema 1" in answer.body
    assert registry("GET", f"/v2/up/team/app/manifests/{old}").status == 200
    upstream.sends = None
    upstream.names["v1"] = old  # and back
    assert registry("GET", TAGGED).headers["docker-content-digest"] == str(old)


def test_a_foreign_layer_is_the_upstream_s_to_have_and_its_address_the_client_s_to_ask(
    registry: Driver, upstream: StandIn
) -> None:
    there, elsewhere = (
        {
            "mediaType": "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip",
            "digest": str(Digest.of(content)),
            "size": len(content),
            "urls": ["http://127.0.0.1:1/layer"],
        }
        for content in (b"pushed all the same", b"elsewhere")
    )
    raw = image(b"own", layers=[there, elsewhere])
    upstream.names["v1"] = Digest.of(raw)
    upstream.documents[Digest.of(raw)] = Held(raw)
    upstream.contents[Digest.of(b"pushed all the same")] = b"pushed all the same"
    assert registry("GET", TAGGED).body == raw
    assert registry("GET", f"/v2/up/team/app/blobs/{there['digest']}").body == b"pushed all the same"
    assert registry("GET", f"/v2/up/team/app/blobs/{elsewhere['digest']}").refusal == (404, "BLOB_UNKNOWN")
