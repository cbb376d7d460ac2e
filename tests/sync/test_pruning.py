"""What `--prune` takes away: what is known to be wanted no more, and nothing that a list was merely silent of."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count

import pytest

from boxship import Client
from boxship.digest import Digest
from boxship.reference import Reference
from boxship.sync.chosen import Patterns, Tags, TagSet, pattern
from boxship.sync.clients import Clients
from boxship.sync.entries import named_source
from boxship.sync.mirror import Mirror
from boxship.sync.plan import Do
from boxship.sync.planning import Failed
from boxship.sync.state import State
from boxship.sync.wish import Template, Wish
from boxship.testing import Answer, Request, RunningRegistry, failure, json_answer, put_tags, registry
from tests.cli.front import front


@pytest.fixture(scope="module")
def source() -> Iterator[RunningRegistry]:
    with registry() as running:
        put_tags(running.address, "app", ["1.0", "1.1"])
        put_tags(running.address, "other", ["1.0"])
        yield running


@pytest.fixture(scope="module")
def target() -> Iterator[RunningRegistry]:
    with registry() as running:
        yield running


_numbers = count()
Own = Callable[[Request], Answer | None]


@pytest.fixture
def place(target: RunningRegistry) -> str:
    """A part of the target of one's own, in which something is stale."""
    here = f"place{next(_numbers)}"
    for repository in ("app", "other", "left"):
        put_tags(target.address, f"{here}/{repository}", ["stale"])
    return f"{target.address}/{here}"


def put(place: str, repository: str, *tags: str) -> None:
    at, _, here = place.partition("/")
    put_tags(at, f"{here}/{repository}", tags)


def wish(source: str, target: str, allow: str = "", **fields: object) -> Wish:
    tags = Tags((TagSet(Patterns((pattern(allow),) if allow else ())),))
    return Wish(source=named_source(source), target=Template(target), tags=tags, **fields)  # type: ignore[arg-type]


@contextmanager
def mirror() -> Iterator[tuple[Mirror, list[Failed]]]:
    failed = list[Failed]()
    with Clients(lambda _: Client(memory=None), {}) as clients:
        yield Mirror(clients=clients, state=State(), tell=failed.append), failed


def untagged(*wishes: Wish) -> tuple[set[str], list[str]]:
    """The names that would go, and what is said to have failed."""
    with mirror() as (one, failed):
        steps = one.planned(wishes, prune=True)
        gone = {
            f"{step.target.repository.partition('/')[2]}:{step.target.tag}" for step in steps if step.do is Do.UNTAG
        }
        return gone, [str(failure.error) for failure in failed]


def test_what_a_registry_has_no_more_goes(source: RunningRegistry, place: str) -> None:
    gone, failed = untagged(wish(source.address, f"{place}/{{repository}}"))
    assert (gone, failed) == ({"app:stale", "other:stale", "left:stale"}, [])


def silent(listed: str, answer: Answer) -> Own:
    """Another answer to what is listed."""
    return lambda request: answer if request.path.endswith(listed) else None


def second_page(answer: Answer) -> Own:
    """The tags of `app` in two pages, the second of them such an answer."""

    def own(request: Request) -> Answer | None:
        if not request.path.endswith("/app/tags/list"):
            return None
        headers = {"Link": '</v2/app/tags/list?last=1.0>; rel="next"'}
        first = json.dumps({"name": "app", "tags": ["1.0"]}).encode()
        return answer if "last=" in request.target else Answer(200, first, headers=headers)

    return own


@pytest.mark.parametrize(
    "own",
    [
        silent("/_catalog", failure(501, "UNSUPPORTED", "no")),
        silent("/_catalog", json_answer({"repositories": []})),
        silent("/_catalog", json_answer({"repositories": None})),
        silent("/_catalog", Answer(200, b'{"repositories": ["app"')),
        silent("/app/tags/list", failure(404, "NAME_UNKNOWN", "no")),
        silent("/app/tags/list", failure(401, "UNAUTHORIZED", "no")),
        silent("/app/tags/list", Answer(200, b"<html>")),
        silent("/manifests/1.1", failure(400, "UNKNOWN", "no")),
        second_page(failure(400, "UNKNOWN", "no")),
        second_page(failure(404, "NAME_UNKNOWN", "no")),
        second_page(Answer(200, b'{"name": "app", "tags": ["1.')),
    ],
)
def test_where_a_list_is_not_had_whole_nothing_goes(source: RunningRegistry, place: str, own: Own) -> None:
    with front(source.address, own) as here:
        gone, failed = untagged(wish(f"http://{here.address}", f"{place}/{{repository}}"))
    assert gone == set()
    assert failed


@pytest.mark.parametrize("tags", [[], None])
def test_of_a_repository_that_lists_no_tag_nothing_goes(source: RunningRegistry, place: str, tags: object) -> None:
    with front(source.address, silent("/app/tags/list", json_answer({"name": "app", "tags": tags}))) as here:
        alone = untagged(wish(f"http://{here.address}/app", f"{place}/app"))
        among = untagged(wish(f"http://{here.address}", f"{place}/{{repository}}"))
    assert alone == (set(), [])
    assert among == ({"other:stale", "left:stale"}, [])


def test_where_a_filter_lets_nothing_pass_nothing_of_that_repository_goes(source: RunningRegistry, place: str) -> None:
    gone, _ = untagged(wish(source.address, f"{place}/{{repository}}", "1.1"))
    assert gone == {"app:stale", "left:stale"}


def test_a_registry_that_lists_no_repository_is_said(source: RunningRegistry, place: str) -> None:
    with front(source.address, silent("/_catalog", json_answer({"repositories": []}))) as here:
        entry = wish(f"http://{here.address}", f"{place}/{{repository}}")
        assert "lists no repository: all that was copied from there would go" in untagged(entry)[1][0]


def test_what_another_entry_writes_stays_also_where_it_finds_nothing(source: RunningRegistry, place: str) -> None:
    whole = wish(source.address, f"{place}/{{repository}}")
    other = wish(f"{source.address}/app", f"{place}/left", "3.*")
    assert untagged(whole, other)[0] == untagged(other, whole)[0] == {"app:stale", "other:stale"}


def test_what_another_registry_has_stays_also_where_nothing_of_it_is_wanted(
    source: RunningRegistry, place: str
) -> None:
    def own(request: Request) -> Answer | None:
        listed = {"/v2/_catalog": {"repositories": ["left"]}, "/v2/left/tags/list": {"tags": ["9"]}}
        return json_answer(listed[request.path]) if request.path in listed else None

    with front(source.address, own) as second:
        entries = [
            wish(at, f"{place}/{{repository}}", "[0-8.]+") for at in (source.address, f"http://{second.address}")
        ]
        assert untagged(*entries) == ({"app:stale", "other:stale"}, [])


def test_a_registry_is_one_however_it_is_spelled(source: RunningRegistry, place: str) -> None:
    one = wish(f"{source.address}/app", f"http://{place}/app", "1.0")
    two = wish(f"{source.address}/app", f"{place}/app", "1.1")
    with mirror() as (run, _):
        for step in run.planned((one, two)):
            assert step.source
            run.clients.at(step.source.registry).copy(step.source, step.target)
    assert untagged(one, two) == ({"app:stale"}, [])


def test_what_was_kept_under_another_name_stays(source: RunningRegistry, place: str) -> None:
    put(place, "app", "before-1.0")
    entry = wish(f"{source.address}/app", f"{place}/app", backup=Template("before-{tag}"))
    assert untagged(entry)[0] == {"app:stale"}


@pytest.mark.parametrize("backup", ["1.0", "before"])
def test_what_is_kept_under_a_name_that_another_image_has_is_an_error(
    source: RunningRegistry, place: str, backup: str
) -> None:
    put(place, "app", "1.0", "1.1")  # other images than the source's
    with mirror() as (run, failed):
        steps = run.planned((wish(f"{source.address}/app", f"{place}/app", backup=Template(backup)),))
    assert len(steps) == 2 - len(failed)
    assert ["would be lost" in str(one.error) for one in failed] == [True] * (2 if backup == "1.0" else 1)


def test_a_source_is_not_pruned_for_the_names_beside_it(place: str) -> None:
    put(place, "app", "1.0", "2.0")
    entry = wish(f"{place}/app", f"{place}/app:{{tag}}-copy", "[0-9.]+")
    assert untagged(entry) == (set(), [])


def test_what_goes_with_images_stays(source: RunningRegistry, place: str) -> None:
    hexes = Digest.of(b"an image").hex
    companions = [f"sha256-{hexes}", f"sha256-{hexes}.sig", f"sha256-{hexes}.0123abcd.meta", f"sha512-{hexes}"]
    put(place, "app", *companions)
    assert untagged(wish(f"{source.address}/app", f"{place}/app"))[0] == {"app:stale"}


def test_a_target_that_two_entries_make_differently_is_an_error(source: RunningRegistry, place: str) -> None:
    words = (f"{source.address}/app", f"{place}/app")
    gone, failed = untagged(wish(*words), wish(*words, referrers=True))
    assert gone == set()
    assert len(failed) == 2


def test_a_name_that_two_entries_want_alike_is_one_step(source: RunningRegistry, place: str) -> None:
    words = (f"{source.address}/app", f"{place}/app")
    with mirror() as (run, failed):
        steps = run.planned((wish(*words, "1.0"), wish(*words)))
    assert [step.target for step in steps] == [Reference.parse(f"{words[1]}:{tag}") for tag in ("1.0", "1.1")]
    assert failed == []
