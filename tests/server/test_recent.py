"""An answer is given again as long as it is true, whoever changes what it said, and to nobody whom it is not for."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from boxship import media_type
from boxship.credential import Secret
from boxship.server.access.passwords import hash_password
from boxship.server.asgi import Message, Scope
from boxship.server.recent import Messages, Recent
from boxship.server.registry import Settings
from tests.server import people
from tests.server.content import digest, image, index, push_image, push_manifest
from tests.server.driver import Driver, Reply

TAG, TAGS, CATALOG = "/v2/app/manifests/v1", "/v2/app/tags/list", "/v2/_catalog"


def asked_often(registry: Driver, *paths: str) -> None:
    for path in paths:
        assert len({registry("GET", path).body for _ in range(3)}) == 1


@pytest.fixture(params=["the same process", "another process"])
def other(request: pytest.FixtureRequest, registry: Driver) -> Driver:
    """Who changes something."""
    return registry if request.param == "the same process" else registry.beside()


CHANGES: Mapping[str, tuple[Callable[[Driver], Reply | bytes], Mapping[str, Callable[[Reply], bool]]]] = {
    "a tag moves": (
        lambda other: push_image(other, "app", "v1", layer=b"newer"),
        {TAG: lambda reply: reply.body == image(b"newer")},
    ),
    "a tag is deleted": (
        lambda other: other("DELETE", TAG),
        {TAG: lambda reply: reply.status == 404, TAGS: lambda reply: reply.json()["tags"] == []},
    ),
    "a manifest is deleted": (
        lambda other: other("DELETE", f"/v2/app/manifests/{digest(image(b'layer'))}"),
        {TAG: lambda reply: reply.status == 404},
    ),
    "another tag is pushed": (
        lambda other: push_manifest(other, "app", "v2", image(b"layer")),
        {TAGS: lambda reply: reply.json()["tags"] == ["v1", "v2"]},
    ),
    "another repository is pushed to": (
        lambda other: push_image(other, "new"),
        {CATALOG: lambda reply: reply.json()["repositories"] == ["app", "new"]},
    ),
}


@pytest.mark.parametrize(("change", "seen"), CHANGES.values(), ids=CHANGES)
def test_what_was_answered_is_not_answered_again_when_it_is_over(
    registry: Driver,
    other: Driver,
    change: Callable[[Driver], object],
    seen: Mapping[str, Callable[[Reply], bool]],
) -> None:
    push_image(registry, "app", "v1")
    asked_often(registry, TAG, TAGS, CATALOG)
    if other is registry:
        change(other)
    else:
        with other:
            change(other)
    for path, right in seen.items():
        for _ in range(2):
            assert right(registry("GET", path)), path


def test_referrers_that_come_are_listed(registry: Driver) -> None:
    push_image(registry, "app", "v1")
    subject = {"mediaType": media_type.OCI_MANIFEST, "digest": digest(image(b"layer")), "size": len(image(b"layer"))}
    path = f"/v2/app/referrers/{subject['digest']}"
    asked_often(registry, path)
    referrer = index(subject=subject)
    assert push_manifest(registry, "app", digest(referrer), referrer, media_type.OCI_INDEX).status == 201
    assert [entry["digest"] for entry in registry("GET", path).json()["manifests"]] == [digest(referrer)]


def test_what_a_client_takes_and_has_is_part_of_its_question(registry: Driver) -> None:
    manifest = push_image(registry, "app", "v1")
    asked_often(registry, TAG, TAGS)
    assert registry("HEAD", TAG).body == b""
    assert registry("GET", TAG).body == manifest
    assert registry("GET", TAG, headers={"accept": media_type.OCI_INDEX}).status == 404
    assert registry("GET", TAG, headers={"if-none-match": f'"{digest(manifest)}"'}).status == 304
    assert registry("GET", f"{TAGS}?n=0").json()["tags"] == []
    assert registry("GET", TAG, headers={"host": "rebound.test"}).status == 403


def test_users_that_are_added_end_what_anybody_was_told(registry: Driver) -> None:
    push_image(registry, "app", "v1")
    asked_often(registry, TAG)
    people.add(registry.folder, "alice", pull="app", url=registry.url)
    assert registry("GET", TAG).status == 401


def test_an_answer_to_a_password_is_nobody_else_s(registry: Driver) -> None:
    manifest = push_image(registry, "app", "v1")
    people.add(registry.folder, "alice", pull="app", url=registry.url)
    for _ in range(3):
        assert registry("GET", TAG, headers=people.basic("alice")).body == manifest
    assert registry("GET", TAG).status == 401
    assert registry("GET", TAG, headers=people.basic("alice", "wrong")).status == 401
    people.remove(registry.folder, "alice", registry.url)
    people.add(registry.folder, "bob", pull="app", url=registry.url)
    assert registry("GET", TAG, headers=people.basic("alice")).status == 401


def test_whoever_a_file_of_users_no_longer_has_is_told_nothing(tmp_path: Path) -> None:
    users = tmp_path / "users"
    users.write_text(f"alice:{hash_password(Secret('secret'), cost=4)}\n")
    with Driver(tmp_path / "registry", settings=Settings(htpasswd=str(users))) as registry:
        assert registry("GET", CATALOG, headers=people.basic("alice")).status == 200
        users.write_text("")
        until = time.monotonic() + 10
        while registry("GET", CATALOG, headers=people.basic("alice")).status != 401:
            assert time.monotonic() < until


def test_a_host_that_only_http_1_0_may_leave_out_is_not_left_out_later(registry: Driver) -> None:
    push_image(registry, "app", "v1")

    async def never() -> Message:
        raise AssertionError("a GET has no body")

    def status(version: str) -> int:
        scope = {**registry._scope("GET", TAG, {"host": ""}), "http_version": version}
        return registry.run(registry.answer(scope, never)).status

    assert [status(version) for version in ("1.0", "1.0", "1.1")] == [200, 200, 400]


class Failing:
    """A cursor on a disk that can no longer be read."""

    def execute(self, *query: object) -> None:
        raise sqlite3.OperationalError("disk I/O error")


def test_a_database_that_fails_is_told_of_where_an_answer_was_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Driver(tmp_path / "registry") as registry:
        push_image(registry, "app", "v1")
        asked_often(registry, TAG)
        database = registry.run(registry.open()).database
        monkeypatch.setattr(database, "_versions", Failing())
        monkeypatch.setattr(database, "_reader", Failing())
        assert registry("GET", TAG).status == 503
        monkeypatch.undo()  # before it is closed


def scope_of(number: int) -> Scope:
    return {"method": "GET", "path": f"/v2/{number}", "query_string": b"", "headers": [(b"host", b"localhost")]}


def looked(recent: Recent) -> object:
    """The version that a look for some answer finds."""
    found(recent, -1)
    return recent.version


def found(recent: Recent, number: int) -> Messages | None:
    """What is found of a database that answers at once, without a loop."""
    try:
        recent.find(scope_of(number)).send(None)
    except StopIteration as end:
        answer: Messages | None = end.value
        return answer
    raise AssertionError("it waits for something")


def of_version(*versions: int) -> Recent:
    """Of a database that has these versions, each when somebody looks, and the last one from then on."""
    left = list(versions)

    async def read_version() -> int:
        return left.pop(0) if len(left) > 1 else left[0]

    return Recent(read_version)


def messages(size: int) -> Messages:
    start: Message = {"type": "http.response.start", "status": 200, "headers": [(b"a", b"b")]}
    return start, {"type": "http.response.body", "body": bytes(size)}


@pytest.mark.parametrize(("answers", "size", "most"), [(20_000, 1, 16_384), (60, 1024 * 1024, 32)])
def test_what_is_kept_is_bounded(answers: int, size: int, most: int) -> None:
    recent = of_version(1)
    for number in range(answers):
        recent.keep(scope_of(number), messages(size), looked(recent))
    assert 0 < sum(found(recent, number) is not None for number in range(answers)) <= most


def test_thousands_of_tags_that_are_asked_for_in_turn_are_remembered() -> None:
    recent = of_version(1)
    for number in range(8000):
        recent.keep(scope_of(number), messages(1000), looked(recent))
    assert all(found(recent, number) for number in range(8000))


def test_what_was_found_can_be_added_to_by_whoever_sends_it() -> None:
    recent = of_version(1)
    recent.keep(scope_of(1), messages(1), looked(recent))
    start, body = found(recent, 1) or messages(0)
    start["headers"].append((b"x-added", b"once"))
    body["body"] = b""
    assert found(recent, 1) == messages(1)


def test_nothing_is_kept_that_was_read_before_a_change() -> None:
    recent = of_version(1, 2)
    before = looked(recent)
    assert looked(recent) != before
    recent.keep(scope_of(1), messages(1), before)
    assert found(recent, 1) is None
