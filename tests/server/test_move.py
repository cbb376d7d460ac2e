"""A registry is moved to another folder, and to PostgreSQL and back, whole and verified, or not at all."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from boxship import media_type
from boxship.credential import Secret
from boxship.errors import BoxshipError, ContentMismatch, InvalidSettings
from boxship.server.access.rights import Grant, Right
from boxship.server.access.users import User, opened
from boxship.server.database import Database, Transaction, transfer
from boxship.server.database.transfer import differences
from boxship.server.opening import open_database
from boxship.server.registry import Settings
from boxship.server.upkeep.backup import backup
from boxship.server.upkeep.check import check
from boxship.server.upkeep.filling import Filled
from boxship.server.upkeep.move import move
from boxship.server.upkeep.place import Place
from boxship.server.upkeep.restore import restore
from tests.peers.postgresql import Cluster
from tests.server.content import descriptor, digest, image, index, push_blob, push_image, push_manifest
from tests.server.driver import Driver
from tests.server.people import As

ALICE = {"authorization": "Basic YWxpY2U6c2VjcmV0"}
LAYER = bytes(range(256)) * 100
MANY = 1203  # more than two pages of rows


@pytest.fixture
def full(tmp_path: Path) -> Path:
    """The folder of a registry that has something of everything."""
    folder = tmp_path / "registry"
    with Driver(folder, settings=Settings(allow_delete=True)) as registry:
        manifest = push_image(registry, "team/app", "v1", layer=LAYER)
        push_image(registry, "other", "B", "a", "_", layer=LAYER)
        push_manifest(registry, "team/app", "all", index(manifest), media_type.OCI_INDEX)
        about = image(
            LAYER, subject=descriptor(manifest, media_type.OCI_MANIFEST), annotations={"what": "é\u0001 \U0001f6a2"}
        )
        push_manifest(registry, "team/app", digest(about), about)
        push_blob(registry, "team/app", b"of no manifest")
        registry("POST", "/v2/team/app/blobs/uploads/")
        push_image(registry, "many", "first", layer=b"many")

        def tag_often(connection: Transaction) -> None:
            rows = [(f"t{number:05}",) for number in range(MANY)]
            connection.executemany(
                "INSERT INTO tag SELECT repo_id, ?, digest, updated FROM tag WHERE name = 'first'", rows
            )

        registry.run(registry.run(registry.open()).database.write(tag_often))
    with opened(folder) as users:
        for name in ("alice", "bob"):
            grants = [Grant.of("**", Right.PULL, Right.CREATE), Grant.of("team/*", Right.DELETE)]
            asyncio.run(users.put(User.of(name, Secret("secret"), grants, cost=4)))
        assert asyncio.run(users.remove("bob"))
    return folder


@contextmanager
def names(folder: Path, url: str = "") -> Iterator[Transaction]:
    with closing(open_database(folder / "registry.db", url)) as database, database.apart() as connection:
        yield connection


_STAY = {"upload", "upload_part", "lease", "registry"}


def columns(database: Database) -> set[tuple[str, str]]:
    if hasattr(database, "id"):
        query = "SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = 'public'"
    else:
        query = (
            "SELECT m.name, c.name FROM sqlite_schema AS m JOIN pragma_table_info(m.name) AS c WHERE m.type = 'table'"
        )
    return {(table, column) for table, column in database.read_now(query) if not table.startswith("sqlite_")}


@pytest.mark.parametrize("kind", ["sqlite", pytest.param("postgresql", marks=pytest.mark.peer("postgres"))])
def test_every_column_is_moved(tmp_path: Path, kind: str, request: pytest.FixtureRequest) -> None:
    url = request.getfixturevalue("postgresql").new() if kind == "postgresql" else ""
    moved = {
        (table.name.strip('"'), column.strip('"'))
        for table in (transfer._REPOSITORIES, *transfer._OF_ALL, *transfer._OF_REPOSITORY)
        for column in (*table.columns, *(("repo_id",) if table in transfer._OF_REPOSITORY else ()))
    }
    with closing(open_database(tmp_path / "registry.db", url)) as database:
        # Uploads and leases are of the processes that ran; a database's version and name are its own.
        there = {(table, column) for table, column in columns(database) if table not in _STAY}
    assert moved == there


@pytest.mark.peer("postgres")
def test_to_postgresql_and_back_by_one_command_each(full: Path, tmp_path: Path, postgresql: Cluster) -> None:
    url, away, back = postgresql.new(), tmp_path / "away", tmp_path / "back"
    assert move(Place(full), Place(away, url)) == Filled(blobs=4, manifests=5)
    assert list(away.glob("registry.db*")) == []
    assert move(Place(away, url), Place(back)) == Filled(blobs=4, manifests=5)
    with names(full) as before, names(away, url) as there, names(back) as after:
        assert list(differences(before, there)) == list(differences(there, after)) == []
        assert after.execute("SELECT count(*) FROM tag").fetchone() == (MANY + 6,)
    for folder, settings in ((away, Settings(database=url)), (back, Settings())):
        with Driver(folder, settings=settings) as registry:
            assert registry("GET", "/v2/team/app/manifests/v1").status == 401
            assert registry("GET", f"/v2/other/blobs/{digest(LAYER)}", headers=ALICE).body == LAYER
            page = registry("GET", "/v2/many/tags/list?n=1000&last=t00300", headers=ALICE).json()["tags"]
            assert page == [f"t{number:05}" for number in range(301, MANY)]
            referrers = registry("GET", f"/v2/team/app/referrers/{digest(image(LAYER))}", headers=ALICE)
            assert [each["annotations"] for each in referrers.json()["manifests"]] == [{"what": "é\u0001 \U0001f6a2"}]


@pytest.mark.peer("postgres")
def test_a_backup_of_names_elsewhere_is_a_registry(full: Path, tmp_path: Path, postgresql: Cluster) -> None:
    url, away = postgresql.new(), tmp_path / "away"
    move(Place(full), Place(away, url))
    with Driver(away, settings=Settings(database=url)) as registry:  # while it serves
        made = backup(Place(away, url), tmp_path / "backup")
        push_image(As(registry, ALICE), "team/app", "later", layer=b"later")
    assert (made.blobs, made.manifests, made.missing) == (4, 5, ())
    assert check(tmp_path / "backup", verify=True).findings == ()
    with names(full) as before, names(tmp_path / "backup") as after:
        assert list(differences(before, after)) == []
    restore(tmp_path / "backup", Place(tmp_path / "again"))
    with Driver(tmp_path / "again") as registry:
        assert registry("GET", f"/v2/other/blobs/{digest(LAYER)}", headers=ALICE).body == LAYER
        assert registry("GET", "/v2/team/app/manifests/later", headers=ALICE).status == 404


@pytest.mark.peer("postgres")
def test_a_registry_that_was_moved_is_pushed_to_and_swept(full: Path, tmp_path: Path, postgresql: Cluster) -> None:
    url = postgresql.new()
    with opened(full) as users:
        assert asyncio.run(users.remove("alice"))
    move(Place(full), Place(tmp_path / "away", url))
    anybody = Settings(database=url, allow_delete=True, anonymous=("push",))
    with Driver(tmp_path / "away", settings=anybody) as registry:
        push_image(registry, "new", "v1", layer=b"new")
        assert registry("GET", "/v2/new/manifests/v1").status == 200
        assert registry("GET", "/v2/_catalog").json()["repositories"] == ["many", "new", "other", "team/app"]


def test_to_another_folder_with_its_names(full: Path, tmp_path: Path) -> None:
    move(Place(full), Place(tmp_path / "moved"))
    with names(full) as before, names(tmp_path / "moved") as after:
        assert list(differences(before, after)) == []


def test_what_is_served_is_not_moved(full: Path, tmp_path: Path) -> None:
    with Driver(full), pytest.raises(InvalidSettings, match="another registry uses this folder"):
        move(Place(full), Place(tmp_path / "moved"))
    assert not (tmp_path / "moved").exists()


@pytest.mark.peer("postgres")
def test_where_something_is_nothing_is_moved_to(full: Path, tmp_path: Path, postgresql: Cluster) -> None:
    url = postgresql.new()
    move(Place(full), Place(tmp_path / "first", url))
    with pytest.raises(InvalidSettings, match="there are names in it already"):
        move(Place(full), Place(tmp_path / "second", url))
    with pytest.raises(InvalidSettings, match="something is there already"):
        move(Place(full), Place(tmp_path / "first"))
    assert not (tmp_path / "second").exists()


@pytest.mark.peer("postgres")
@pytest.mark.parametrize("damage", ["bytes", "file"])
def test_what_is_damaged_is_not_moved(full: Path, tmp_path: Path, postgresql: Cluster, damage: str) -> None:
    url, name = postgresql.new(), digest(LAYER)
    file = full / "blobs" / "sha256" / name[7:9] / name[7:]
    file.chmod(0o600)
    file.unlink() if damage == "file" else file.write_bytes(LAYER[::-1])
    with pytest.raises(ContentMismatch, match=name):
        move(Place(full), Place(tmp_path / "moved", url))
    assert not (tmp_path / "moved").exists()
    with names(tmp_path, url) as there:
        assert not transfer.are_any(there)


@pytest.mark.peer("postgres")
def test_what_does_not_arrive_as_it_was_is_undone(
    full: Path, tmp_path: Path, postgresql: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    url, insert = postgresql.new(), transfer._insert

    def forgetful(
        names: Transaction, table: transfer._Table, rows: list[tuple[object, ...]], repo: int | None = None
    ) -> None:
        insert(names, table, rows[:-1] if table.name == "tag" else rows, repo)

    monkeypatch.setattr(transfer, "_insert", forgetful)
    with pytest.raises(BoxshipError, match="not what was read"):
        move(Place(full), Place(tmp_path / "moved", url))
    monkeypatch.undo()
    assert not (tmp_path / "moved").exists()
    assert move(Place(full), Place(tmp_path / "moved", url)).manifests == 5
