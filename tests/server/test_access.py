"""Logging in: what counts as nobody, what takes effect at once, whose uploads are whose, and what it costs."""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from boxship.errors import InvalidSettings
from boxship.server.access.anonymous import parse_anonymous
from boxship.server.access.callers import Callers
from boxship.server.access.deciding import Access
from boxship.server.access.passwords import Passwords
from boxship.server.access.rights import Right
from boxship.server.access.users import Users, opened
from boxship.server.answer import Refusal
from boxship.server.database.sqlite import SqliteDatabase
from boxship.server.registry import Settings
from tests.server.content import digest, push_blob
from tests.server.driver import Driver, Reply
from tests.server.people import add, basic, remove

UPLOADS = "/v2/{}/blobs/uploads/"


def test_without_users_anybody_may_do_everything_whatever_password_they_bring(registry: Driver) -> None:
    for headers in ({}, basic("alice", "wrong"), {"authorization": "Bearer x"}, {"authorization": "nonsense"}):
        assert registry("GET", "/v2/", headers=headers).status == 200
        assert registry("POST", UPLOADS.format("app"), headers=headers).status == 202


def test_a_user_is_known_at_once_and_nobody_else_is(registry: Driver) -> None:
    add(registry.folder, "alice", push="*")
    assert registry("GET", "/v2/").refusal == (401, "UNAUTHORIZED")
    assert registry("GET", "/v2/", headers=basic("alice")).status == 200
    add(registry.folder, "alice", push="*", password="other")
    assert registry("GET", "/v2/", headers=basic("alice")).status == 401
    assert registry("GET", "/v2/", headers=basic("alice", "other")).status == 200
    add(registry.folder, "bob", pull="*")
    remove(registry.folder, "alice")
    assert registry("GET", "/v2/", headers=basic("alice", "other")).status == 401


def test_a_registry_whose_last_user_is_removed_lets_nobody_in_and_says_how(registry: Driver) -> None:
    add(registry.folder, "alice", push="*")
    remove(registry.folder, "alice")
    for headers in ({}, basic("alice"), basic("", "x")):
        for reply in (
            registry("GET", "/v2/", headers=headers),
            registry("POST", UPLOADS.format("app"), headers=headers),
        ):
            assert reply.refusal == (403, "DENIED")
            assert "user add" in reply.json()["errors"][0]["message"]
    add(registry.folder, "bob", push="*")
    assert registry("POST", UPLOADS.format("app"), headers=basic("bob")).status == 202
    assert registry("POST", UPLOADS.format("app"), headers=basic("", "x")).status == 401
    remove(registry.folder, "bob")
    with Driver(registry.folder, settings=Settings(anonymous=("push",))) as again:
        assert again("GET", "/v2/").status == 200
        assert again("POST", UPLOADS.format("app")).status == 202


def test_a_user_who_never_was_there_cannot_be_removed_and_closes_nothing(registry: Driver) -> None:
    for name in ("alice", ""):
        with opened(registry.folder) as users:
            assert not asyncio.run(users.remove(name))
    assert registry("POST", UPLOADS.format("app")).status == 202


def test_a_right_that_is_taken_away_is_gone_at_once(registry: Driver) -> None:
    add(registry.folder, "alice", push="team/*")
    assert registry("POST", UPLOADS.format("team/app"), headers=basic("alice")).status == 202
    add(registry.folder, "alice", pull="team/*")
    assert registry("POST", UPLOADS.format("team/app"), headers=basic("alice")).refusal == (403, "DENIED")


@pytest.mark.parametrize(
    "value",
    [
        "",
        "Basic",
        "Basic ",
        "Basic !",
        "Basic YWxpY2U=",
        "Bearer x",
        "Digest x",
        "basic YWxpY2U6d3Jvbmc=",
        "x" * 30_000,
    ],
)
def test_what_is_no_log_in_is_refused(registry: Driver, value: str) -> None:
    add(registry.folder, "alice", push="*")
    assert registry("GET", "/v2/", headers={"authorization": value}).refusal == (401, "UNAUTHORIZED")


def test_names_and_passwords_may_have_any_characters(registry: Driver) -> None:
    add(registry.folder, "älice o'c", push="*", password="gr:üß \N{SNOWMAN}")
    assert registry("GET", "/v2/", headers=basic("älice o'c", "gr:üß \N{SNOWMAN}")).status == 200
    for raw in ("Basic /zp4", "Basic AGE6eA=="):  # Latin-1, and a NUL
        assert registry("GET", "/v2/", headers={"authorization": raw}).status == 401


def test_an_empty_log_in_is_nobody(tmp_path: Path) -> None:
    with Driver(tmp_path / "registry", settings=Settings(anonymous=("pull",))) as registry:
        add(registry.folder, "alice", push="*")
        assert registry("GET", "/v2/app/tags/list", headers=basic("", "")).status == 404
        assert registry("POST", UPLOADS.format("app"), headers=basic("", "")).refusal == (401, "UNAUTHORIZED")


def test_anybody_may_what_is_said_and_is_asked_to_log_in_for_the_rest(tmp_path: Path) -> None:
    with Driver(tmp_path / "registry", settings=Settings(anonymous=("pull:public/**",))) as registry:
        add(registry.folder, "alice", push="**")
        for repository in ("public/app", "team/app"):
            push_layer(registry, repository, b"layer", "alice")
        assert registry("HEAD", f"/v2/public/app/blobs/{digest(b'layer')}").status == 200
        assert registry("HEAD", f"/v2/team/app/blobs/{digest(b'layer')}").status == 401
        assert registry("POST", UPLOADS.format("public/app")).status == 401
        # Or clients would not log in for what comes next.
        assert registry("GET", "/v2/").status == 401
        assert registry("GET", "/v2/_catalog").json() == {"repositories": ["public/app"]}


def test_without_anybody_to_log_in_as_no_password_is_asked_for(tmp_path: Path) -> None:
    with Driver(tmp_path / "registry", settings=Settings(anonymous=("pull",))) as registry:
        assert registry("GET", "/v2/").status == 200
        assert registry("POST", UPLOADS.format("app")).refusal == (403, "DENIED")
    with Driver(tmp_path / "registry", settings=Settings(anonymous=("none",))) as registry:
        assert registry("GET", "/v2/").refusal == (403, "DENIED")


def test_users_of_a_file_may_do_everything_unless_the_folder_says_less(tmp_path: Path) -> None:
    file = tmp_path / "users"
    # Both have the password `secret`; made by `htpasswd -nbB -C 4`.
    file.write_text("".join(f"{name}:$2y$04$F5JI2/3dLYeY40pzSFO6seoVQWTw/EBA0qM95lZjC13nx1lzJhjT.\n" for name in "ab"))
    with Driver(tmp_path / "registry", settings=Settings(htpasswd=str(file))) as registry:
        add(registry.folder, "b", pull="*", password="other")
        assert registry("GET", "/v2/").status == 401
        assert registry("POST", UPLOADS.format("app"), headers=basic("a")).status == 202
        assert registry("POST", UPLOADS.format("app"), headers=basic("b")).status == 401
        assert registry("POST", UPLOADS.format("app"), headers=basic("b", "other")).status == 403


def test_a_file_without_users_lets_nobody_in(tmp_path: Path) -> None:
    (tmp_path / "users").write_text("# nobody yet\n")
    with Driver(tmp_path / "registry", settings=Settings(htpasswd=str(tmp_path / "users"))) as registry:
        assert registry("GET", "/v2/").status == 401
        assert registry("GET", "/v2/", headers=basic("a")).status == 401


def test_an_upload_is_its_owners(registry: Driver) -> None:
    add(registry.folder, "alice", push="*")
    add(registry.folder, "bob", push="*")
    location = registry("POST", UPLOADS.format("app"), headers=basic("alice")).location
    unknown = location[:-4] + "0000"
    for method, query in (("GET", ""), ("PATCH", ""), ("PUT", f"?digest={digest(b'x')}"), ("DELETE", "")):
        theirs = registry(method, location + query, b"x" * (method != "GET"), basic("bob"))
        nobodys = registry(method, unknown + query, b"x" * (method != "GET"), basic("bob"))
        assert theirs.refusal == nobodys.refusal == (404, "BLOB_UPLOAD_UNKNOWN")
    assert registry("PATCH", location, b"x", basic("alice")).status == 202
    assert registry("GET", location, headers=basic("alice")).headers["range"] == "0-0"
    assert registry("PUT", f"{location}?digest={digest(b'x')}", b"", basic("alice")).status == 201


def push_layer(registry: Driver, repository: str, content: bytes, who: str) -> None:
    query = f"?digest={digest(content)}"
    assert registry("POST", UPLOADS.format(repository) + query, content, basic(who)).status == 201


@pytest.mark.parametrize("source", ["&from=team/app", "&from=absent", ""])
def test_nothing_is_mounted_from_where_one_may_not_pull(registry: Driver, source: str) -> None:
    add(registry.folder, "alice", push="**")
    add(registry.folder, "bob", push="bob/*")
    push_layer(registry, "team/app", b"private", "alice")
    replies = {}
    for content in (b"private", b"absent"):
        query = f"?mount={digest(content)}{source}"
        replies[content] = registry("POST", UPLOADS.format("bob/app") + query, headers=basic("bob"))
        assert registry("HEAD", f"/v2/bob/app/blobs/{digest(content)}", headers=basic("bob")).status == 404
    assert [reply.status for reply in replies.values()] == [202, 202]
    assert set(replies[b"private"].headers) == set(replies[b"absent"].headers)


@pytest.mark.parametrize("source", ["&from=team/app", ""])
def test_what_one_may_pull_is_mounted(registry: Driver, source: str) -> None:
    add(registry.folder, "alice", push="**")
    add(registry.folder, "bob", push="bob/*", pull="team/*")
    push_layer(registry, "team/app", b"shared", "alice")
    push_layer(registry, "a/private", b"shared", "alice")
    query = f"?mount={digest(b'shared')}{source}"
    assert registry("POST", UPLOADS.format("bob/app") + query, headers=basic("bob")).status == 201


def test_the_catalog_shows_what_one_may_pull_in_pages(registry: Driver) -> None:
    push_blob(registry, "app", b"x")
    names = [(f"{'mine' if number % 500 == 0 else 'their'}/{number:04}",) for number in range(2600)]
    with closing(sqlite3.connect(registry.folder / "registry.db")) as connection, connection:
        connection.executemany("INSERT INTO repo (name) VALUES (?)", names)
    add(registry.folder, "alice", pull="mine/*")
    mine = [name for (name,) in names if name.startswith("mine")]
    seen: list[str] = []
    path = "/v2/_catalog?n=2"
    while path:
        reply = registry("GET", path, headers=basic("alice"))
        seen += reply.json()["repositories"]
        path = reply.headers.get("link", "").partition("<")[2].partition(">")[0]
    assert seen == mine
    assert len(mine) == 6
    assert registry("GET", "/v2/_catalog?n=0", headers=basic("alice")).json() == {"repositories": []}


def test_a_blob_that_is_taken_from_one_repository_is_not_read_through_it(registry: Driver) -> None:
    name = push_blob(registry, "a", b"content")
    push_blob(registry, "b", b"content")
    assert registry("DELETE", f"/v2/a/blobs/{name}").status == 202
    assert registry("GET", f"/v2/b/blobs/{name}").status == 200
    assert registry("GET", f"/v2/a/blobs/{name}").status == 404


def test_a_flood_of_unknown_users_is_bounded_and_told_when_to_come_again(registry: Driver) -> None:
    add(registry.folder, "alice", push="*")

    async def flood() -> list[Reply]:
        requests = (registry.ask("GET", "/v2/", headers=basic(f"user{number}")) for number in range(200))
        return await asyncio.gather(*requests)

    replies = registry.run(flood())
    refused = [reply for reply in replies if reply.status == 429]
    assert {reply.status for reply in replies} == {401, 429}
    assert len(refused) > 100
    assert {reply.headers["retry-after"] for reply in refused} == {"1"}
    assert registry("GET", "/v2/", headers=basic("alice")).status == 200


class Counting:
    """Access to a registry with one user, and what its passwords cost."""

    def __init__(self, folder: Path) -> None:
        add(folder, "alice", push="team/*")
        self.folder = folder
        self.hashes: list[bytes] = []

    def compare(self, password: bytes, stored: bytes) -> bool:
        self.hashes.append(stored[:7])
        return password == b"secret"

    def ask(self, right: Right, headers: dict[str, str]) -> int:
        async def admit() -> None:
            passwords = Passwords(compare=self.compare)
            access = Access(Callers(passwords=passwords))
            encoded = [(name.encode(), value.encode()) for name, value in headers.items()]
            with closing(SqliteDatabase(self.folder / "registry.db")) as database, closing(access):
                await access.admit(Users(database), right, "team/app", encoded)

        try:
            asyncio.run(admit())
        except Refusal as refusal:
            return refusal.answer.status
        return 200


def test_an_unknown_user_costs_the_work_of_a_known_one(tmp_path: Path) -> None:
    access = Counting(tmp_path / "registry")
    assert access.ask(Right.PULL, basic("alice", "wrong")) == 401
    assert access.ask(Right.PULL, basic("mallory", "wrong")) == 401
    assert access.ask(Right.PULL, basic("mallory", "secret")) == 401
    assert access.hashes == [b"$2b$04$"] * 3


def test_no_password_is_looked_at_where_nothing_is_asked_for(tmp_path: Path) -> None:
    access = Counting(tmp_path / "registry")
    assert access.ask(Right.NONE, basic("alice", "wrong")) == 200
    assert access.ask(Right.PULL, {}) == 401
    assert access.hashes == []


@pytest.mark.parametrize("headers", [{}, basic("bob", "wrong")])
def test_a_foreign_host_is_refused_only_to_those_who_need_no_password(tmp_path: Path, headers: dict[str, str]) -> None:
    foreign = {"host": "evil.test:5000"}
    with Driver(tmp_path / "registry", settings=Settings(anonymous=("pull",))) as registry:
        assert registry("GET", "/v2/app/tags/list", headers=foreign).status == 403
        add(registry.folder, "alice", push="*")
        assert registry("GET", "/v2/", headers=foreign | headers).status == 401
        assert registry("GET", "/v2/app/tags/list", headers=foreign).status == 403
        assert registry("GET", "/v2/app/tags/list", headers=foreign | basic("alice")).status == 404
        other = {"origin": "http://evil.test"}
        assert registry("GET", "/v2/app/tags/list", headers=other | basic("alice")).status == 403


@pytest.mark.parametrize("word", ["", "all", "pull,push", "none:x", "none:", "pull:", "pull:A", "delete", ":x", "PULL"])
def test_what_is_no_right_of_anybody_is_refused(word: str) -> None:
    with pytest.raises(InvalidSettings, match=r"--anonymous|pattern"):
        parse_anonymous([word])
