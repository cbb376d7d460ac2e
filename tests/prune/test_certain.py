"""What is not certain stays: odd names, odd dates, plans that hands have changed, and what came in between."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from itertools import count

import pytest

from boxship import Client
from boxship.audit.sources import Reading, uses_in
from boxship.audit.use import Text
from boxship.digest import Digest
from boxship.errors import BoxshipError, InvalidSettings, PlanOutdated
from boxship.media_type import OCI_CONFIG, OCI_MANIFEST
from boxship.prune.applying import apply_plan
from boxship.prune.plan import Part, Plan, parse_plan
from boxship.prune.planning import InUse, make_part
from boxship.prune.rules import Rules, parse_age
from boxship.reference import Reference
from boxship.sync.semver import Range
from boxship.testing import Answer, Request, failure, put_blob, put_manifest, registry
from tests.cli.front import front
from tests.prune.images import DAY, put_aged, put_index, put_referrer

_numbers = count()
_UNTAGGED = Rules(untagged=True, grace=0.0, newest=1)


@pytest.fixture(scope="module")
def at() -> Iterator[str]:
    with registry(allow_delete=True) as running:
        yield running.address


@pytest.fixture
def here(at: str) -> Reference:
    """A repository of one's own."""
    return Reference.parse(f"{at}/app{next(_numbers)}")


class Repository:
    """What is pushed to a repository, by its tags."""

    def __init__(self, here: Reference) -> None:
        self.here, self._at = here, str(here.registry)

    def aged(self, tag: str, days: float | None, note: str = "") -> Digest:
        return put_aged(self._at, self.here.repository, tag, days, note)

    def referrer(self, subject: Digest, tag: str = "") -> Digest:
        return put_referrer(self._at, self.here.repository, subject, tag)

    def index(self, tag: str, parts: list[Digest], **fields: object) -> Digest:
        return put_index(self._at, self.here.repository, tag, parts, **fields)

    def dated(self, tag: str, created: str) -> Digest:
        config = json.dumps({"os": "linux", "architecture": "amd64", "created": created}).encode()
        put_blob(self._at, self.here.repository, config)
        told = {"mediaType": OCI_CONFIG, "digest": str(Digest.of(config)), "size": len(config)}
        raw = json.dumps({"schemaVersion": 2, "mediaType": OCI_MANIFEST, "config": told, "layers": []}).encode()
        return put_manifest(self._at, self.here.repository, tag, raw)

    @property
    def tags(self) -> list[str]:
        with Client() as client:
            return sorted(client.tags(self.here))


@pytest.fixture
def app(here: Reference) -> Repository:
    return Repository(here)


def planned(here: Reference, rules: Rules, used: str = "") -> Part:
    uses = uses_in(Text("used", used), Reading()).uses if used else ()
    with Client(memory=None) as client:
        return make_part(client, here, rules, InUse.of(uses, here), time.time())


def applied(*parts: Part) -> list[str]:
    with Client(memory=None) as client:
        return list(apply_plan(client, Plan(0.0, parts)))


def gone(part: Part) -> set[Digest]:
    return {one.digest for one in part.delete}


def kept(part: Part) -> list[str]:
    return sorted(tag.name for tag in part.keep)


def edited(part: Part, change: Callable[[dict[str, list[dict[str, str]]]], None]) -> Part:
    """The part as it is read after somebody has changed its file."""
    document = json.loads(Plan(0.0, (part,)).text())
    change(document["repositories"][0])
    return parse_plan(json.dumps(document).encode(), "plan.json").parts[0]


def test_what_a_companion_that_stays_consists_of_stays(app: Repository) -> None:
    subject = app.aged("2.0", 1)
    part = app.aged("part", 90)
    about = {"mediaType": OCI_MANIFEST, "digest": str(subject), "size": 1}
    app.index("bundle", [part], subject=about)
    made = planned(app.here, Rules(match=("part",)))
    assert (gone(made), [tag.name for tag in made.untag]) == (set(), ["part"])


@pytest.mark.parametrize("rules", [Rules(match=("1.0-*",)), Rules(match=("1.0-*",), untagged=True)])
def test_what_an_index_without_a_tag_consists_of_stays_as_long_as_that_does(app: Repository, rules: Rules) -> None:
    child = app.aged("1.0-amd64", 90)
    index = app.index("", [child])  # which is used by its digest, or gets a tag in a moment
    made = planned(app.here, rules)
    assert (gone(made), [tag.name for tag in made.untag]) == (set(), ["1.0-amd64"])
    both = planned(app.here, Rules(match=("1.0-*",), untagged=True, grace=0.0))
    assert [one.digest for one in both.delete] == [index, child]


def test_an_index_without_a_tag_that_came_since_is_a_change(app: Repository) -> None:
    child = app.aged("1.0-amd64", 90)
    part = planned(app.here, Rules(match=("1.0-*",)))
    index = app.index("", [child])
    with pytest.raises(PlanOutdated, match=f"{index}, which has no tag, needs {child}"):
        applied(part)


@pytest.mark.parametrize("suffix", ["", ".sig", ".0123abcd.meta"])
@pytest.mark.parametrize("algorithm", ["sha256", "sha512"])
def test_a_companion_s_tag_is_no_version(app: Repository, algorithm: str, suffix: str) -> None:
    app.aged("2.0", 1)
    tag = f"{algorithm}-{Digest.of(b'anything').hex}{suffix}"
    app.index(tag, [])
    assert kept(planned(app.here, Rules(semver=Range.parse(">=1")))) == ["2.0", tag]


def test_a_companion_that_is_immutable_or_not_looked_at_stays(app: Repository) -> None:
    subject = app.aged("1.0", 90)
    sbom, scan = app.referrer(subject, "sbom-1"), app.referrer(subject, "scan-1")
    part = planned(app.here, Rules(match=("1.0",), immutable=("sbom-*",), exclude=("scan-*",)))
    assert (kept(part), gone(part) & {sbom, scan}) == (["sbom-1", "scan-1"], set())


def test_what_a_user_s_referrer_is_about_stays_with_it(app: Repository) -> None:
    subject = app.aged("1.0", 90)
    used = app.referrer(subject)
    app.aged("2.0", 1)
    part = planned(app.here, Rules(newest=1), f"{app.here}@{used}\n")
    assert gone(part) == set()
    assert applied(part) == [f"{app.here}:1.0"]


def test_images_are_as_old_as_they_say_wherever_the_machine_is(
    app: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TZ", "America/Los_Angeles")
    time.tzset()
    try:
        app.dated("bare", datetime.fromtimestamp(time.time() - 7200, UTC).replace(tzinfo=None).isoformat())
        app.dated("told", datetime.fromtimestamp(time.time() - 7200, UTC).isoformat())
        part = planned(app.here, Rules(within=3600.0))
    finally:
        monkeypatch.undo()
        time.tzset()
    assert [tag.name for tag in part.remove] == ["bare", "told"]


@pytest.mark.parametrize("created", ["0001-01-01T00:00:00", "0001-01-01T00:00:00+05:00", "9999-12-31T23:59:59-05:00"])
def test_a_date_that_no_calendar_has_is_none(app: Repository, created: str) -> None:
    app.dated("odd", created)
    part = planned(app.here, Rules(newest=0))
    assert ([tag.why for tag in part.keep], gone(part)) == (["its age is not known"], set())


def test_an_age_that_no_calendar_has_is_refused() -> None:
    with pytest.raises(InvalidSettings, match="no age"):
        parse_age(f"{10**400}d")
    assert parse_age("1w1d1h") == 8 * DAY + 3600


@pytest.mark.parametrize("prefix", ["docker-pullable://", ""])
def test_what_docker_s_nodes_say_is_in_use_is(app: Repository, prefix: str) -> None:
    digest = app.aged("1.0", 90)
    pods = f"kind: Pod\nstatus: {{containerStatuses: [{{imageID: '{prefix}{app.here}@{digest}'}}]}}\n"
    uses = uses_in(Text("pods.yaml", pods), Reading(("*.imageID",))).uses
    assert InUse.of(uses, app.here).digests == {digest: "pods.yaml:2"}


@pytest.mark.parametrize(
    "used", ["REG.corp/app:1", "reg.corp:443/app:1", "reg.corp./app:1", "http://reg.corp:80/app:1"]
)
def test_what_is_used_is_of_the_registry_however_that_is_spelled(used: str) -> None:
    uses = uses_in(Text("used", f"{used}\n"), Reading()).uses
    for pruned in ("reg.corp/app", "REG.corp/app", "reg.corp:443/app"):
        assert InUse.of(uses, Reference.parse(pruned)).tags == {"1": "used:1"}
    assert InUse.of(uses, Reference.parse("reg.corp:5000/app")).tags == {}


def pages(*answers: Answer) -> Callable[[Request], Answer | None]:
    """The tags in pages of one, and such an answer after them."""

    def own(request: Request) -> Answer | None:
        if not request.path.endswith("/tags/list"):
            return None
        headers = {"Link": f'<{request.path}?last=1.0>; rel="next"'}
        first = Answer(200, b'{"tags": ["1.0"]}', headers=headers)
        return answers[0] if "last=" in request.target else first

    return own


def only(path: str, answer: Answer) -> Callable[[Request], Answer | None]:
    return lambda request: answer if request.path.endswith(path) else None


@pytest.mark.parametrize(
    "own",
    [
        pages(failure(400, "UNKNOWN", "no")),
        pages(failure(404, "NAME_UNKNOWN", "no")),
        pages(Answer(200, b'{"tags": ["2.')),
        only("/manifests/2.0", failure(403, "DENIED", "no")),
        only("/manifests/2.0", failure(400, "UNKNOWN", "no")),
    ],
)
def test_of_half_of_a_repository_there_is_no_plan(app: Repository, own: Callable[[Request], Answer | None]) -> None:
    app.aged("1.0", 90, "shared")
    app.aged("2.0", 90, "shared")
    with front(str(app.here.registry), own) as server, pytest.raises(BoxshipError):
        planned(Reference.parse(f"{server.address}/{app.here.repository}"), Rules(match=("1.0",)))


def to_keep(names: Sequence[str]) -> Callable[[dict[str, list[dict[str, str]]]], None]:
    """Somebody moves tags to those that stay, and forgets what is deleted."""

    def change(part: dict[str, list[dict[str, str]]]) -> None:
        part["keep"] += [tag for tag in part["remove"] if tag["tag"] in names]
        part["remove"] = [tag for tag in part["remove"] if tag["tag"] not in names]

    return change


def test_a_plan_that_keeps_a_tag_and_deletes_what_it_stands_for_is_refused(app: Repository) -> None:
    app.aged("1.0", 90)
    app.aged("2.0", 1)
    part = edited(planned(app.here, Rules(newest=1)), to_keep(["1.0"]))
    with pytest.raises(PlanOutdated, match=r"the tag 1\.0 needs"):
        applied(part)
    assert app.tags == ["1.0", "2.0"]


def test_a_plan_that_keeps_an_index_and_deletes_a_part_of_it_is_refused(app: Repository) -> None:
    app.index("1.0", [app.aged("", 90, "amd64"), app.aged("", 90, "arm64")])
    app.aged("2.0", 1)
    part = edited(planned(app.here, _UNTAGGED), to_keep(["1.0"]))
    index = next(tag.digest for tag in part.keep if tag.name == "1.0")
    left = edited(part, lambda one: one.update(delete=[gone for gone in one["delete"] if gone["digest"] != str(index)]))
    assert len(left.delete) == 2
    with pytest.raises(PlanOutdated, match=r"the tag 1\.0 needs"):
        applied(left)


@pytest.mark.parametrize("tag", ["sbom-1", "sha256-{}.sig", "sha256-{}", "sha256-{}.1a2b.meta"])
def test_what_was_said_of_an_image_since_is_a_change(app: Repository, tag: str) -> None:
    app.aged("2.0", 1)
    subject = app.aged("1.0", 90)
    part = planned(app.here, Rules(newest=1))
    if tag.startswith("sbom"):
        app.referrer(subject, tag)
    else:
        app.aged(tag.format(subject.hex), 0)
    with pytest.raises(PlanOutdated, match=f"{tag.format(subject.hex)} goes with {subject}"):
        applied(part)


def test_a_tag_that_moves_while_a_plan_is_done_stays(app: Repository) -> None:
    app.aged("2.0", 1, "shared")
    for tag in ("pr-1", "pr-2"):
        app.aged(tag, 1, "shared")
    part = planned(app.here, Rules(match=("pr-*",)))
    assert [tag.name for tag in part.untag] == ["pr-1", "pr-2"]
    with Client(memory=None) as client:
        doing = apply_plan(client, Plan(0.0, (part,)))
        assert next(doing) == f"{app.here}:pr-1"
        app.aged("pr-2", 0, "another")
        with pytest.raises(PlanOutdated, match="the tag pr-2 was"):
            list(doing)
    assert app.tags == ["2.0", "pr-2"]


def test_a_repository_that_changes_while_another_one_is_done_is_left(app: Repository, at: str) -> None:
    other = Repository(Reference.parse(f"{at}/later{next(_numbers)}"))
    for one in (app, other):
        one.aged("1.0", 90)
        one.aged("2.0", 1)
    with Client(memory=None) as client:
        doing = apply_plan(client, Plan(0.0, tuple(planned(one.here, Rules(newest=1)) for one in (app, other))))
        next(doing)
        other.aged("rescued", 90, "1.0")
        with pytest.raises(PlanOutdated, match="the tag rescued needs"):
            list(doing)
    assert (app.tags, other.tags) == (["2.0"], ["1.0", "2.0", "rescued"])
