"""Plans made and done at the embedded registry and at docker-registry: what goes, what stays, and what is refused."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from boxship import Client
from boxship.audit.sources import Reading, uses_in
from boxship.audit.use import Text
from boxship.digest import Digest
from boxship.errors import BoxshipError, InvalidSettings, NotFound, PlanOutdated
from boxship.prune.applying import apply_plan
from boxship.prune.plan import Part, Plan, parse_plan
from boxship.prune.planning import InUse, make_part
from boxship.prune.rules import Rules
from boxship.reference import Reference
from boxship.sync.semver import Range
from boxship.testing import Answer, Request, failure, html, registry
from tests.cli.front import front
from tests.peers.programs import docker_registry
from tests.prune.images import DAY, put_aged, put_index, put_referrer

EMBEDDED = "the embedded registry"
NOBODY = InUse({}, {})


@pytest.fixture(params=[EMBEDDED, pytest.param("docker-registry", marks=pytest.mark.peer("docker-registry"))])
def at(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    with registry(allow_delete=True) if request.param == EMBEDDED else docker_registry(tmp_path) as running:
        yield getattr(running, "address", str(running))


@pytest.fixture
def embedded() -> Iterator[str]:
    with registry(allow_delete=True) as running:
        yield running.address


def planned(at: str, rules: Rules, in_use: str = "") -> Part:
    """The plan of `app`, as it is read back from its file."""
    repository = Reference.parse(f"{at}/app")
    uses = uses_in(Text("used", in_use), Reading()).uses if in_use else ()
    with Client() as client:
        part = make_part(client, repository, rules, InUse.of(uses, repository), time.time())
    (read,) = parse_plan(Plan(time.time(), (part,)).text().encode(), "plan.json").parts
    assert read == part
    return part


def applied(*parts: Part) -> list[str]:
    with Client() as client:
        return list(apply_plan(client, Plan(0.0, parts)))


def left(at: str) -> list[str]:
    with Client() as client:
        return sorted(client.tags(f"{at}/app"))


def there(at: str, *digests: Digest) -> list[bool]:
    def has(digest: Digest) -> bool:
        with contextlib.suppress(NotFound):
            return bool(client.digest(f"{at}/app@{digest}"))
        return False

    with Client() as client:
        return [has(digest) for digest in digests]


def test_the_newest_and_a_range_stay_and_the_rest_goes(at: str) -> None:
    old = [put_aged(at, "app", tag, days) for tag, days in (("1.0", 90), ("1.1", 60))]
    kept = [put_aged(at, "app", tag, days) for tag, days in (("2.0", 80), ("nightly", 1))]
    part = planned(at, Rules(newest=1, semver=Range.parse(">=2")))
    assert [(tag.name, tag.digest) for tag in part.remove] == list(zip(("1.0", "1.1"), old, strict=True))
    assert {tag.name: tag.why for tag in part.keep} == {"2.0": "it is in >=2", "nightly": "it is one of the 1 newest"}
    assert left(at) == ["1.0", "1.1", "2.0", "nightly"]  # a plan changes nothing
    assert applied(part) == [f"{at}/app@{digest}" for digest in old]
    assert (left(at), there(at, *old, *kept)) == (["2.0", "nightly"], [False, False, True, True])
    assert applied(part) == []  # it is done
    again = planned(at, Rules(newest=1, semver=Range.parse(">=2")))
    assert (again.remove, again.untag, again.delete) == ((), (), ())


def test_a_digest_that_a_kept_tag_shares_stays_and_the_tag_alone_goes(at: str) -> None:
    digest = put_aged(at, "app", "2.0", 10, "shared")
    put_aged(at, "app", "pr-1", 10, "shared")
    part = planned(at, Rules(match=("pr-*",)))
    assert ([tag.name for tag in part.untag], part.remove, part.delete) == (["pr-1"], (), ())
    assert applied(part) == [f"{at}/app:pr-1"]
    assert (left(at), there(at, digest)) == (["2.0"], [True])


def test_what_a_kept_index_consists_of_stays(at: str) -> None:
    child = put_aged(at, "app", "1.0-amd64", 90)
    index = put_index(at, "app", "1.0", [child])
    part = planned(at, Rules(match=("*-amd64",)))
    assert ([tag.name for tag in part.untag], part.delete) == (["1.0-amd64"], ())
    applied(part)
    assert (left(at), there(at, child, index)) == (["1.0"], [True, True])


def test_an_index_is_as_old_as_its_youngest_image(at: str) -> None:
    put_index(at, "app", "old", [put_aged(at, "app", "", days, f"o{days}") for days in (90, 40)])
    put_index(at, "app", "new", [put_aged(at, "app", "", days, f"n{days}") for days in (90, 5)])
    put_aged(at, "app", "unknown", None)
    part = planned(at, Rules(within=30 * DAY))
    assert [tag.name for tag in part.remove] == ["old"]
    assert {tag.name: tag.why for tag in part.keep} == {"new": "it is young", "unknown": "its age is not known"}
    assert any("consist of stays" in note for note in part.notes)


def test_what_was_made_at_the_beginning_of_time_has_no_age(at: str) -> None:
    put_aged(at, "app", "zip", (time.time() - 315532801.0) / DAY)
    assert [tag.why for tag in planned(at, Rules(newest=0)).keep] == ["its age is not known"]


def test_referrers_follow_their_subject(at: str) -> None:
    gone, kept = put_aged(at, "app", "1.0", 90), put_aged(at, "app", "2.0", 1)
    signatures = [put_referrer(at, "app", subject) for subject in (gone, kept)]
    deeper = put_referrer(at, "app", signatures[0])
    for subject, signature in zip((gone, kept), signatures, strict=True):  # as registries without a list have them
        put_index(at, "app", f"sha256-{subject.hex}", [signature])
        put_aged(at, "app", f"sha256-{subject.hex}.sig", 1)
    put_index(at, "app", f"sha256-{signatures[0].hex}", [deeper])
    put_referrer(at, "app", kept, "sbom-of-2.0")
    part = planned(at, Rules(newest=1))
    assert len(part.delete) == 6
    assert "1 newest" in next(tag.why for tag in part.keep if tag.name == "2.0")
    applied(part)
    assert left(at) == sorted(["2.0", f"sha256-{kept.hex}", f"sha256-{kept.hex}.sig", "sbom-of-2.0"])
    assert there(at, gone, deeper, *signatures) == [False, False, False, True]


def test_what_is_in_use_stays_by_tag_by_digest_and_by_lock_file(at: str) -> None:
    tags = {f"{number}.0": put_aged(at, "app", f"{number}.0", 90 + number) for number in range(1, 6)}
    used = f"{at}/app:1.0\n{at}/app@{tags['2.0']}\n{at}/app:moved {tags['3.0']}\nother.corp/app:4.0\n"
    part = planned(at, Rules(within=DAY), used)
    assert {tag.name: tag.why for tag in part.keep} == {f"{n}.0": f"it is in use: used:{n}" for n in (1, 2, 3)}
    assert [tag.name for tag in part.remove] == ["4.0", "5.0"]


def moved(at: str) -> None:
    put_aged(at, "app", "1.0", 5, "another")


def kept_moved(at: str) -> None:
    put_aged(at, "app", "2.0", 5, "another")


def shared(at: str) -> None:
    put_aged(at, "app", "rescued", 90, "1.0")


def kept_gone(at: str) -> None:
    with Client() as client:
        client.untag(f"{at}/app:2.0")


def indexed(at: str) -> None:
    with Client() as client:
        put_index(at, "app", "all", [client.digest(f"{at}/app:1.0")])


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (moved, "the tag 1.0 was"),
        (kept_moved, "the tag 2.0 was"),
        (shared, "the tag rescued needs"),
        (kept_gone, "and is gone"),
        (indexed, "the tag all needs"),
    ],
)
def test_a_plan_that_holds_no_longer_is_refused_whole(at: str, change: object, said: str) -> None:
    digests = [put_aged(at, "app", tag, days) for tag, days in (("0.9", 95), ("1.0", 90), ("2.0", 1))]
    part = planned(at, Rules(newest=1))
    change(at)  # type: ignore[operator]
    with pytest.raises(PlanOutdated) as error:
        applied(part)
    assert (error.value.exit_status, said in " ".join(error.value.changes)) == (8, True)
    assert there(at, digests[0]) == [True]


def test_a_referrer_that_came_since_is_a_change(embedded: str) -> None:
    put_aged(embedded, "app", "2.0", 1)
    gone = put_aged(embedded, "app", "1.0", 90)
    part = planned(embedded, Rules(newest=1))
    put_referrer(embedded, "app", gone)
    with pytest.raises(PlanOutdated, match="refers to"):
        applied(part)


def test_a_new_tag_of_something_else_is_no_change(at: str) -> None:
    put_aged(at, "app", "1.0", 90)
    put_aged(at, "app", "2.0", 1)
    part = planned(at, Rules(newest=1))
    put_aged(at, "app", "3.0", 0)
    assert len(applied(part)) == 1
    assert left(at) == ["2.0", "3.0"]


def test_what_has_no_tag_goes_where_the_registry_lists_it(embedded: str) -> None:
    at = embedded
    parts = [put_aged(at, "app", "", 9, f"part{number}") for number in range(4)]
    kept, loose = put_index(at, "app", "1.0", parts[:2]), put_index(at, "app", "", parts[1:3])
    signature, orphan = put_referrer(at, "app", kept), put_referrer(at, "app", loose)
    used = put_index(at, "app", "", [parts[3]])
    assert planned(at, Rules(untagged=True)).delete == ()  # they came a moment ago
    put_referrer(at, "app", loose, "sbom-of-loose")
    part = planned(at, Rules(untagged=True, grace=0.0), f"{at}/app@{used}\n")
    assert {gone.digest for gone in part.delete} == {loose, parts[2], orphan, part.remove[0].digest}
    applied(part)
    assert there(at, kept, signature, used, *parts) == [True, True, True, True, True, False, True]
    assert left(at) == ["1.0"]


def test_parts_of_an_index_that_goes_go_with_it_where_they_are_listed(embedded: str) -> None:
    parts = [put_aged(embedded, "app", "", 90, f"part{number}") for number in range(3)]
    put_index(embedded, "app", "old", parts[:2])
    put_index(embedded, "app", "new", [parts[1], put_aged(embedded, "app", "", 1)])
    part = planned(embedded, Rules(newest=1, untagged=True, grace=0.0))
    assert part.notes == ()
    applied(part)
    assert (left(embedded), there(embedded, *parts)) == (["new"], [False, True, False])


def test_a_plan_that_was_interrupted_is_applied_again(embedded: str) -> None:
    digests = [put_aged(embedded, "app", f"{number}.0", 90 - number) for number in range(5)]
    part = planned(embedded, Rules(newest=1))
    asked = list[str]()

    def own(request: Request) -> Answer | None:
        asked.extend([request.path] if request.method == "DELETE" else [])
        return failure(503, "UNAVAILABLE", "later") if len(asked) > 2 and request.method == "DELETE" else None

    with front(embedded, own) as server, Client() as client:
        there_now = Reference.parse(f"{server.url.removeprefix('http://')}/app")
        with pytest.raises(BoxshipError):
            list(apply_plan(client, Plan(0.0, (replace(part, repository=there_now),))))
    assert there(embedded, *digests) == [False, False, True, True, True]
    assert len(applied(part)) == 2
    assert left(embedded) == ["4.0"]


def test_an_image_of_docker_s_schema_1_has_no_age_and_goes_by_its_name(embedded: str) -> None:
    for tag in ("old", "new"):
        put_aged(embedded, "app", tag, 1)
    raw = b'{"schemaVersion":1,"name":"app","tag":"old","fsLayers":[],"history":[]}'
    headers = {
        "Content-Type": "application/vnd.docker.distribution.manifest.v1+prettyjws",
        "Docker-Content-Digest": str(Digest.of(raw)),
    }
    schema_1 = Answer(200, raw, headers=headers)

    def own(request: Request) -> Answer | None:
        return schema_1 if request.path.endswith(("/manifests/old", f"/manifests/{Digest.of(raw)}")) else None

    with front(embedded, own) as server:
        at = server.url.removeprefix("http://")
        aged = planned(at, Rules(newest=0))
        named = planned(at, Rules(match=("old",)))
    assert {tag.name: tag.why for tag in aged.keep} == {"old": "its age is not known"}
    assert [gone.digest for gone in named.delete] == [Digest.of(raw)]


@pytest.mark.peer("docker-registry")
def test_a_registry_that_does_not_list_what_has_no_tag_is_said_to_be_one(tmp_path: Path) -> None:
    with docker_registry(tmp_path) as running:
        put_aged(str(running), "app", "1.0", 1)
        part = planned(str(running), Rules(untagged=True))
        assert part.delete == ()
        assert "registry garbage-collect --delete-untagged" in part.notes[0]


@pytest.mark.parametrize("answer", [failure(401, "UNAUTHORIZED", "no"), failure(403, "DENIED", "no"), html(200)])
def test_however_a_registry_says_that_it_knows_no_such_list(embedded: str, answer: Answer) -> None:
    put_aged(embedded, "app", "1.0", 1)
    loose = put_aged(embedded, "app", "", 1)
    with front(embedded, lambda request: answer if "_boxship" in request.path else None) as server:
        part = planned(server.url.removeprefix("http://"), Rules(untagged=True, grace=0.0))
    assert (part.delete, len(part.notes)) == ((), 1)
    assert [gone.digest for gone in planned(embedded, Rules(untagged=True, grace=0.0)).delete] == [loose]


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"{}",
        b'{"schema":"boxship.prune/2"}',
        b'{"schema":"boxship.prune/1","made":"yesterday","repositories":[]}',
        b'{"schema":"boxship.prune/1","made":"2026-01-01T00:00:00Z","repositories":[{"repository":"UPPER"}]}',
        b'{"schema":"boxship.prune/1","made":"2026-01-01T00:00:00Z","repositories":[{"repository":"a.b/c:1"}]}',
        (
            b'{"schema":"boxship.prune/1","made":"2026-01-01","repositories":[{"repository":"a.b/c","untag":[{"tag":"../x",'
            b'"digest":"sha256:0000000000000000000000000000000000000000000000000000000000000000"}]}]}'
        ),
        b'{"schema":"boxship.prune/1","made":"2026-01-01T00:00:00Z","repositories":[{"repository":"a","delete":[{}]}]}',
    ],
)
def test_what_is_no_plan_is_refused(raw: bytes) -> None:
    with pytest.raises(InvalidSettings):
        parse_plan(raw, "plan.json")
