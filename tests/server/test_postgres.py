"""Names in PostgreSQL: whose a folder is, what is told of a database that is away, and who waits for whom."""

from __future__ import annotations

import asyncio
import json
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import psycopg
import pytest

from boxship.credential import Secret
from boxship.errors import BoxshipError, InvalidSettings
from boxship.server.access.rights import Grant, Right
from boxship.server.access.users import User, opened
from boxship.server.database import Transaction, Unavailable, postgres_schema
from boxship.server.database.dialect import bound, translate
from boxship.server.database.postgres import PostgresDatabase
from boxship.server.database.postgres_schema import LOCK
from boxship.server.registry import Registry, Settings
from boxship.server.upkeep.scrub import scrub
from tests.peers.postgresql import Cluster
from tests.server.content import digest, push_blob, push_image
from tests.server.driver import Driver

pytestmark = pytest.mark.peer("postgres")
PASSWORD = "correct-horse"


@pytest.fixture
def url(postgresql: Cluster) -> str:
    return postgresql.new()


@pytest.fixture
def database(url: str) -> Iterator[PostgresDatabase]:
    with closing(PostgresDatabase(url)) as made:
        yield made


def lease(name: str) -> str:
    return f"INSERT INTO lease (name, holder, until) VALUES ('{name}', '', 0)"


def leases(database: PostgresDatabase) -> list[str]:
    return [name for (name,) in database.read_now("SELECT name FROM lease ORDER BY name")]


def test_queries_are_those_of_sqlite() -> None:
    assert translate("a = ?2 AND b = ?1 AND c LIKE '%'") == b"a = %(p2)s AND b = %(p1)s AND c LIKE '%%'"
    assert bound("a = ?2 AND b = ?1", (1, 2)) == {"p1": 1, "p2": 2}
    assert (translate("a = ? OR b = :name"), bound("a = ?", (1,))) == (b"a = %s OR b = %(name)s", (1,))


def test_a_password_is_in_no_error(postgresql: Cluster, tmp_path: Path) -> None:
    for wrong in (
        f"postgresql://boxship:{PASSWORD}@127.0.0.1:1/names",
        f"postgresql://boxship:{PASSWORD}@/nothing?host={postgresql.folder}",
        f"postgresql://boxship:x@{PASSWORD}@127.0.0.1:1/names",
        f"postgresql://boxship:{PASSWORD}@127.0.0.1:port/names",
        f"mysql://boxship:{PASSWORD}@127.0.0.1/names",
    ):
        with pytest.raises(BoxshipError) as caught:
            Registry.open(tmp_path / "registry", Settings(database=wrong))
        assert PASSWORD not in f"{caught.value!r} {caught.value} {caught.value.__cause__} {caught.value.__context__}"
    assert PASSWORD not in repr(Settings(database=f"postgresql://boxship:{PASSWORD}@127.0.0.1/names"))


def test_a_first_registrys_tables_learn_where_content_is(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(postgres_schema, "_STEPS", postgres_schema._STEPS[:1])
        with closing(PostgresDatabase(url)) as older:
            put = "INSERT INTO blob (digest, size, modified) VALUES (?, 1, 2)"
            asyncio.run(older.write(lambda it: it.execute(put, ("sha256:a",))))
    with closing(PostgresDatabase(url)) as newer:
        assert newer.read_now("SELECT digest, location FROM blob").fetchall() == [("sha256:a", "")]
        assert newer.read_now("SELECT * FROM upload_part").fetchall() == []


def test_a_newer_registrys_tables_are_left_alone(url: str) -> None:
    PostgresDatabase(url).close()
    with psycopg.connect(url) as connection:
        connection.execute("UPDATE registry SET version = 99")
    with pytest.raises(InvalidSettings, match="version 99"):
        PostgresDatabase(url)


def test_an_older_registrys_tables_are_brought_up_to_date_once(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with closing(PostgresDatabase(url)) as older:
        asyncio.run(older.write(lambda it: it.execute(lease("kept"))))
    later = len(postgres_schema._STEPS) + 1
    monkeypatch.setattr(
        postgres_schema,
        "_STEPS",
        (*postgres_schema._STEPS, lambda it: it.execute("ALTER TABLE lease ADD COLUMN added INTEGER")),
    )
    for _ in range(2):
        with closing(PostgresDatabase(url)) as newer:
            assert newer.read_now("SELECT name, added FROM lease").fetchall() == [("kept", None)]
    monkeypatch.undo()
    with pytest.raises(InvalidSettings, match=f"version {later}"):
        PostgresDatabase(url)


def test_several_that_begin_at_once_make_the_tables_once(url: str) -> None:
    async def begin() -> set[str]:
        made = await asyncio.gather(*(asyncio.to_thread(PostgresDatabase, url) for _ in range(6)))
        for each in made:
            each.close()
        return {each.id for each in made}

    assert len(asyncio.run(begin())) == 1


def test_a_folder_belongs_to_one_database(tmp_path: Path, postgresql: Cluster) -> None:
    one, other, folder = postgresql.new(), postgresql.new(), tmp_path / "registry"
    with Driver(folder, settings=Settings(database=one)) as registry:
        push_image(registry, "app", "v1")
    for settings in (Settings(database=other), Settings()):
        with pytest.raises(InvalidSettings, match="its names are in"):
            Registry.open(folder, settings)
    with Driver(tmp_path / "files") as registry:
        push_image(registry, "app", "v1")
    with pytest.raises(InvalidSettings, match=r"its names are in registry\.db"):
        Registry.open(tmp_path / "files", Settings(database=one))
    with Driver(folder, settings=Settings(database=one)) as registry:
        assert registry("GET", "/v2/app/manifests/v1").status == 200


def test_names_are_in_the_order_of_their_bytes(url: str, tmp_path: Path) -> None:
    tags = ["B", "Z", "_", "a", "a-b", "a.b", "a_b", "ab", "b"]
    with Driver(tmp_path / "registry", settings=Settings(database=url)) as registry:
        push_image(registry, "app", *reversed(tags))
        assert json.loads(registry("GET", "/v2/app/tags/list").body)["tags"] == sorted(tags)


def test_what_one_raises_undoes_nobody_elses_work(database: PostgresDatabase) -> None:
    def fail(transaction: Transaction) -> None:
        transaction.execute(lease("undone"))
        transaction.execute(lease("undone"))

    async def together() -> list[object]:
        works: list[Callable[[Transaction], object]] = [
            lambda it: it.execute(lease("before")),
            fail,
            lambda it: it.execute(lease("after")),
        ]
        return list(await asyncio.gather(*(database.write(work) for work in works), return_exceptions=True))

    results = asyncio.run(together())
    assert [isinstance(result, OSError) for result in results] == [False, True, False]
    assert leases(database) == ["after", "before"]


def test_of_questions_that_share_a_round_trip_one_fails_alone(database: PostgresDatabase) -> None:
    async def ask() -> list[object]:
        questions = [("SELECT 7 / ?", (number % 4,)) for number in range(40)]
        answers = await asyncio.gather(*(database.read(*each) for each in questions), return_exceptions=True)
        return [answer if isinstance(answer, OSError) else answer.fetchall() for answer in answers]  # type: ignore[union-attr]

    answers = asyncio.run(ask())
    assert all(isinstance(each, OSError) for each in answers[::4])
    assert [each for place, each in enumerate(answers) if place % 4] == [[(7,)], [(3,)], [(2,)]] * 10


def test_who_gives_up_a_question_takes_nobody_along(database: PostgresDatabase) -> None:
    async def ask() -> object:
        gone, stays = (asyncio.create_task(database.read("SELECT 'it'")) for _ in range(2))
        await asyncio.sleep(0)
        gone.cancel()
        return (await stays).fetchone()

    assert asyncio.run(ask()) == ("it",)


def test_who_cannot_write_in_time_says_so_and_can_later(url: str, database: PostgresDatabase) -> None:
    with psycopg.connect(url) as other:
        other.execute(f"SELECT pg_advisory_xact_lock({LOCK})".encode())
        with pytest.raises(Unavailable, match="lock timeout"):
            asyncio.run(database.write(lambda it: it.execute(lease("one"))))
    asyncio.run(database.write(lambda it: it.execute(lease("two"))))
    assert leases(database) == ["two"]


def test_a_database_that_was_started_anew_is_used_again(url: str, tmp_path: Path, postgresql: Cluster) -> None:
    with Driver(tmp_path / "registry", settings=Settings(database=url)) as registry:
        for how in (signal.SIGINT, signal.SIGQUIT):
            push_image(registry, "app", "v1")
            postgresql.stop(how)
            began = time.monotonic()
            for method, path in (("GET", "/v2/app/manifests/v1"), ("POST", "/v2/app/blobs/uploads/")):
                reply = registry(method, path)
                assert (reply.status, reply.headers["retry-after"]) == (503, "1")
            assert registry("GET", "/readyz").status == 503
            assert time.monotonic() - began < 30
            postgresql.start()
            # No request is lost to connections that had ended meanwhile.
            assert registry("GET", "/v2/app/manifests/v1").status == 200
            push_image(registry, "app", "v2")
            assert registry("GET", "/readyz").status == 200


def test_users_are_in_the_database_too(url: str, tmp_path: Path) -> None:
    with Driver(tmp_path / "registry", settings=Settings(database=url)) as registry:
        with opened(tmp_path, url=url) as users:
            asyncio.run(users.put(User.of("alice", Secret("secret"), [Grant.of("*", Right.PULL)], cost=4)))
        assert registry("GET", "/v2/").status == 401
        assert registry("GET", "/v2/", headers={"authorization": "Basic YWxpY2U6c2VjcmV0"}).status == 200
        with opened(tmp_path, url=url) as users:
            assert [user.name for user in asyncio.run(users.all())] == ["alice"]
            assert asyncio.run(users.remove("alice"))
        assert registry("GET", "/v2/app/tags/list").status == 403


def test_rot_is_found_and_mended_by_the_next_push(url: str, tmp_path: Path) -> None:
    with Driver(tmp_path / "registry", settings=Settings(database=url)) as registry:
        name = push_blob(registry, "app", b"content")
        path = registry.run(registry.open()).layout.blobs / "sha256" / name[7:9] / name[7:]
        path.chmod(0o600)
        path.write_bytes(b"CONTENT")

        async def look() -> int:
            return len((await scrub(await registry.open())).condemned)

        assert registry.run(look()) == 1
        assert registry("HEAD", f"/v2/app/blobs/{digest(b'content')}").status == 404
        push_blob(registry, "app", b"content")
        assert registry("GET", f"/v2/app/blobs/{name}").body == b"content"
        assert registry.run(look()) == 0


def test_no_file_of_sqlite_is_made(url: str, tmp_path: Path) -> None:
    with Driver(tmp_path / "registry", settings=Settings(database=url)) as registry:
        push_image(registry, "app", "v1")
    assert list((tmp_path / "registry").glob("registry.db*")) == []
