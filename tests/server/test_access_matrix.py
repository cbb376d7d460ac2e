"""Every route, asked by everybody, in every kind of repository: what is not granted is denied, and tells nothing.

The table of rights here is written by hand. A route that is not in it fails, so that nobody adds one without thinking.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from boxship.server.registry import Settings
from boxship.server.routes import RESOURCES
from tests.server.content import digest, image, push_image
from tests.server.driver import Driver, Reply
from tests.server.people import add, basic

RIGHTS = {
    "/v2/?": {"GET": "any"},
    "/v2/_catalog": {"GET": "any"},
    "/auth/token": {"GET": "none"},  # to say who one is; what that is good for is test_tokens's
    "/livez": {"GET": "none"},
    "/readyz": {"GET": "none"},
    "/v2/<name>/manifests/<reference>": {"GET": "pull", "PUT": "push", "DELETE": "delete"},
    "/v2/<name>/blobs/<digest>": {"GET": "pull", "DELETE": "delete"},
    "/v2/<name>/blobs/uploads/?": {"POST": "push"},
    "/v2/<name>/blobs/uploads/<session>": {"GET": "push", "PATCH": "push", "PUT": "push", "DELETE": "push"},
    "/v2/<name>/tags/list": {"GET": "pull"},
    "/v2/<name>/referrers/<digest>": {"GET": "pull"},
    "/v2/<name>/_boxship/untagged": {"GET": "delete"},
}
for methods in RIGHTS.values():
    if "GET" in methods:
        methods["HEAD"] = methods["GET"]

# Who may do what in `team/...`; nobody may do anything in `secret/...`.
PEOPLE = {
    "": set[str](),
    "puller": {"any", "pull"},
    "pusher": {"any", "pull", "push"},
    "creator": {"any", "pull", "push"},
    "deleter": {"any", "pull", "delete"},
    "stranger": {"any"},
    "nobody": set[str](),
}
SESSION = "0d9b1d3c-1df7-4a3f-9e55-6cdd4d2b1c5a"
LAYER = b"layer"
MANIFEST = image(LAYER)
ROWS = [(resource.path, method) for resource in RESOURCES for method in resource.routes]
PERMITTED = [(who, *row) for who in PEOPLE for row in ROWS if RIGHTS[row[0]][row[1]] in {*PEOPLE[who], "none"}]


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Driver]:
    """A registry with an image in `team/app` and in `secret/app`, and with users."""
    folder = tmp_path_factory.mktemp("guarded") / "registry"
    with Driver(folder, allow_delete=True) as registry:
        push_image(registry, "team/app", "v1")
        push_image(registry, "secret/app", "v1")
        for number in range(len(PERMITTED)):
            push_image(registry, f"team/{number}", "v1")
        add(folder, "puller", pull="team/*")
        add(folder, "pusher", push="team/*")
        add(folder, "creator", create="team/*")
        add(folder, "deleter", delete="team/*")
        add(folder, "stranger", pull="other/*")
        add(folder, "nobody")
        yield registry


def target(path: str, repository: str, reference: str = "v1") -> str:
    path = path.replace("<name>", repository).replace("<digest>", digest(LAYER)).replace("?", "")
    return path.replace("<reference>", reference).replace("<session>", SESSION)


def ask(registry: Driver, method: str, path: str, repository: str, headers: dict[str, str]) -> Reply:
    body = MANIFEST if method == "PUT" else b""
    kind = {"content-type": "application/vnd.oci.image.manifest.v1+json"} if method == "PUT" else {}
    return registry(method, target(path, repository), body, {**headers, **kind})


def content(registry: Driver) -> list[str]:
    with closing(sqlite3.connect(registry.folder / "registry.db")) as connection:
        return list(connection.iterdump())


def test_every_route_has_a_right_in_this_table_and_no_other() -> None:
    routes = {resource.path: set(resource.routes) for resource in RESOURCES}
    assert routes == {path: set(methods) for path, methods in RIGHTS.items()}


@pytest.mark.parametrize(("path", "method"), ROWS)
@pytest.mark.parametrize("who", PEOPLE)
def test_who_may_not_is_denied_and_changes_nothing(guarded: Driver, who: str, path: str, method: str) -> None:
    right = RIGHTS[path][method]
    headers = basic(who) if who else {}
    before = content(guarded)
    for repository in ("team/app", "secret/app", "secret/absent") if "<name>" in path else ("",):
        may = right == "none" or (right in PEOPLE[who] and not repository.startswith("secret"))
        if not may:
            reply = ask(guarded, method, path, repository, headers)
            assert reply.status == (403 if who else 401)
            if method != "HEAD":
                assert reply.refusal == ((403, "DENIED") if who else (401, "UNAUTHORIZED"))
            assert ("www-authenticate" in reply.headers) == (not who)
    assert content(guarded) == before


@pytest.mark.parametrize(("path", "method"), [row for row in ROWS if "<name>" in row[0]])
@pytest.mark.parametrize("who", ["", "stranger", "pusher"])
def test_a_private_repository_is_as_one_that_is_not_there(guarded: Driver, who: str, path: str, method: str) -> None:
    headers = basic(who) if who else {}
    private = ask(guarded, method, path, "secret/app", headers)
    absent = ask(guarded, method, path, "secret/absent", headers)
    assert private == absent


@pytest.mark.parametrize(("path", "method"), [row for row in ROWS if RIGHTS[row[0]][row[1]] != "none"])
def test_a_wrong_password_is_denied_everywhere(guarded: Driver, path: str, method: str) -> None:
    for name in ("pusher", "unknown", ""):
        reply = ask(guarded, method, path, "team/app", basic(name, "wrong"))
        assert reply.status == 401
        assert reply.headers["www-authenticate"] == 'Basic realm="boxship",charset="UTF-8"'


@pytest.mark.parametrize(("who", "path", "method"), PERMITTED)
def test_who_may_is_let_in(guarded: Driver, who: str, path: str, method: str) -> None:
    # A repository for each: some of them are deleted from.
    repository = f"team/{PERMITTED.index((who, path, method))}"
    reply = ask(guarded, method, path, repository, basic(who) if who else {})
    assert (reply.status, path, method) in EXCUSED or 200 <= reply.status < 300


# What is answered to those who are let in, where the image is all that there is.
EXCUSED = {
    *((404, "/auth/token", method) for method in ("GET", "HEAD")),  # it has no key
    *((404, "/v2/<name>/blobs/uploads/<session>", method) for method in ("GET", "HEAD", "PATCH", "DELETE")),
    (400, "/v2/<name>/blobs/uploads/<session>", "PUT"),
    (405, "/v2/<name>/blobs/<digest>", "DELETE"),
}


@pytest.mark.parametrize(
    ("settings", "status"),
    [
        (Settings(), 405),
        (Settings(read_only=True), 405),
        (Settings(read_only=True, allow_delete=True), 405),
        (Settings(allow_delete=True, anonymous=("pull:team/*",)), 403),
        (Settings(allow_delete=True, anonymous=("none",)), 403),
        (Settings(allow_delete=True, anonymous=("push:other/*",)), 403),
    ],
    ids=["no deleting", "read-only", "read-only, with deleting", "pull only", "nothing", "push elsewhere"],
)
def test_what_is_off_or_not_for_anybody_changes_nothing(tmp_path: Path, settings: Settings, status: int) -> None:
    with Driver(tmp_path / "registry") as registry:
        push_image(registry, "team/app", "v1")
    off = {"push", "delete"} if settings.read_only or settings.anonymous else {"delete"}
    with Driver(tmp_path / "registry", settings=settings) as registry:
        before = content(registry)
        rows = [row for row in ROWS if RIGHTS[row[0]][row[1]] in off and row[1] not in ("GET", "HEAD")]
        assert {ask(registry, method, path, "team/app", {}).status for path, method in rows} == {status}
        assert content(registry) == before
