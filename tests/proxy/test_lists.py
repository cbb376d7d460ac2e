"""A cache's lists are the upstream's."""

from __future__ import annotations

import json

import pytest

from boxship.digest import Digest
from boxship.errors import ConnectFailed, NotFound, Refused
from boxship.server.proxy import asking
from boxship.spec.descriptor import Descriptor
from tests.proxy.conftest import Clock
from tests.proxy.stand_in import StandIn
from tests.server.driver import Driver

TAGS = "/v2/up/team/app/tags/list"
SUBJECT = Digest.of(b"subject")
REFERRERS = f"/v2/up/team/app/referrers/{SUBJECT}"
AWAY = ConnectFailed("away")


@pytest.fixture(autouse=True)
def _asks_again_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asking, "_AWAY", 0.0)


def named(upstream: StandIn, *tags: str) -> None:
    for tag in tags:
        upstream.has_image(tag, b"layer")


def test_tags_are_listed_once_for_all_pages(registry: Driver, upstream: StandIn) -> None:
    named(upstream, "v2", "v10", "a", "B")
    first = registry("GET", f"{TAGS}?n=3")
    assert first.json() == {"name": "up/team/app", "tags": ["B", "a", "v10"]}
    assert first.headers["link"] == '</v2/up/team/app/tags/list?n=3&last=v10>; rel="next"'
    last = registry("GET", f"{TAGS}?n=3&last=v10")
    assert (last.json()["tags"], "link" in last.headers) == (["v2"], False)
    assert upstream.asked == [("tags", "team/app", "")]


def test_a_list_is_asked_for_anew_when_it_is_no_longer_fresh(registry: Driver, upstream: StandIn, clock: Clock) -> None:
    named(upstream, "a")
    assert registry("GET", TAGS).json()["tags"] == ["a"]
    named(upstream, "b")
    assert registry("GET", TAGS).json()["tags"] == ["a"]
    clock.now += 61
    assert registry("GET", TAGS).json()["tags"] == ["a", "b"]


def test_an_upstream_that_is_away_leaves_the_list_as_it_was(registry: Driver, upstream: StandIn, clock: Clock) -> None:
    named(upstream, "a", "b")
    assert registry("GET", TAGS).status == 200
    upstream.away = AWAY
    clock.now += 61
    stale = registry("GET", TAGS)
    assert (stale.json()["tags"], stale.headers["warning"][:3]) == (["a", "b"], "110")


def test_of_a_list_that_was_never_asked_for_the_tags_that_are_here_are_listed(
    registry: Driver, upstream: StandIn
) -> None:
    named(upstream, "a", "b")
    assert registry("GET", "/v2/up/team/app/manifests/b").status == 200
    upstream.away = AWAY
    stale = registry("GET", TAGS)
    assert (stale.json()["tags"], stale.headers["warning"][:3]) == (["b"], "110")
    assert registry("GET", TAGS.replace("app", "other")).status == 503


def test_a_list_that_the_upstream_refuses_is_refused(registry: Driver, upstream: StandIn, clock: Clock) -> None:
    named(upstream, "a")
    assert registry("GET", TAGS).status == 200
    clock.now += 61
    upstream.away = Refused("no", status=401)
    assert registry("GET", TAGS).refusal == (403, "DENIED")
    upstream.away = NotFound("gone", status=404)
    assert registry("GET", TAGS).refusal == (404, "NAME_UNKNOWN")


def refers(kind: str, content: bytes) -> Descriptor:
    return Descriptor(
        media_type="application/vnd.oci.image.manifest.v1+json",
        digest=Digest.of(content),
        size=len(content),
        artifact_type=kind,
        annotations={"a": "b"},
    )


def test_referrers_are_the_upstreams(registry: Driver, upstream: StandIn) -> None:
    found = sorted((refers("x/sbom", b"1"), refers("x/sig", b"2"), refers("x/sbom", b"3")), key=lambda e: str(e.digest))
    upstream.about[SUBJECT] = found
    listed = registry("GET", REFERRERS)
    assert [entry["digest"] for entry in listed.json()["manifests"]] == [str(each.digest) for each in found]
    assert listed.json()["manifests"][0]["annotations"] == {"a": "b"}
    some = registry("GET", f"{REFERRERS}?artifactType=x/sbom")
    assert [entry["artifactType"] for entry in some.json()["manifests"]] == ["x/sbom"] * 2
    assert some.headers["oci-filters-applied"] == "artifactType"
    page = registry("GET", f"{REFERRERS}?n=2")
    rest = registry("GET", page.headers["link"].partition("<")[2].partition(">")[0])
    together = [*page.json()["manifests"], *rest.json()["manifests"]]
    assert [entry["digest"] for entry in together] == [str(each.digest) for each in found]


def test_where_the_upstream_is_away_the_referrers_that_are_here_are_listed(
    registry: Driver, upstream: StandIn, clock: Clock
) -> None:
    upstream.has_image("v1", b"layer")
    raw = json.loads(upstream.documents[upstream.names["v1"]].raw)
    subject = {"mediaType": "application/vnd.oci.image.manifest.v1+json", "digest": str(SUBJECT), "size": 7}
    about = json.dumps(raw | {"subject": subject}).encode()
    upstream.documents[Digest.of(about)] = type(upstream.documents[upstream.names["v1"]])(about)
    assert registry("GET", f"/v2/up/team/app/manifests/{Digest.of(about)}").status == 200
    upstream.away = AWAY
    stale = registry("GET", REFERRERS)
    assert [entry["digest"] for entry in stale.json()["manifests"]] == [str(Digest.of(about))]
    assert stale.headers["warning"][:3] == "110"
    upstream.away = Refused("no", status=403)
    clock.now += 1
    assert registry("GET", REFERRERS).refusal == (403, "DENIED")
