"""A registry whose content is in a bucket that another has, that is away, or that lets nobody in."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest

from boxship.errors import BoxshipError, InvalidSettings
from boxship.server.registry import Settings
from boxship.server.storage.object_storage import ObjectStorage
from boxship.server.upkeep.backup import backup
from boxship.server.upkeep.check import check
from boxship.server.upkeep.move import move
from boxship.server.upkeep.place import Place
from tests.peers.object_stores import Store
from tests.server.conftest import CEPH, POSTGRES, Keeping, Stores
from tests.server.content import push_image
from tests.server.driver import Driver

IN_CEPH = pytest.param(Keeping("postgresql", "ceph"), marks=(POSTGRES, CEPH), id="pg-ceph")
in_buckets = pytest.mark.parametrize(
    "keeping",
    [
        pytest.param(Keeping(content="moto"), id="sqlite-moto"),
        pytest.param(Keeping("postgresql", "moto"), marks=POSTGRES, id="pg-moto"),
        IN_CEPH,
    ],
    scope="module",
)


@pytest.fixture
def place(new_place: Callable[[str], Place]) -> Place:
    """That of a registry of one image."""
    place = new_place("registry")
    with Driver(place.folder, settings=Settings(database=place.database, storage=place.storage)) as registry:
        push_image(registry, "app", "v1")
    return place


@in_buckets
def test_a_bucket_that_is_another_registrys_is_refused(
    place: Place, new_place: Callable[[str], Place], tmp_path: Path
) -> None:
    other = new_place("other")
    with pytest.raises(InvalidSettings, match="it is another registry's"):
        move(place, Place(tmp_path / "moved", other.database, place.storage))
    with pytest.raises(InvalidSettings, match="nothing of this registry is there"):
        backup(Place(place.folder, place.database, other.storage), tmp_path / "backup")
    with pytest.raises(BoxshipError, match="see whether the bucket is there"):
        move(place, Place(tmp_path / "moved", other.database, "s3://there-is-none/registry"))
    assert check(place, verify=True, grace=0).findings == ()


@in_buckets
def test_where_no_registry_is_none_is_made_by_looking(
    place: Place, new_place: Callable[[str], Place], keeping: Keeping, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    other = new_place("other")
    with pytest.raises(InvalidSettings):
        check(other)
    wrong = Place(place.folder, place.database, other.storage)
    for look in (check, lambda there: backup(there, tmp_path / "backup")):
        with pytest.raises(InvalidSettings, match="nothing of this registry is there"):
            look(wrong)
    stores: Stores = request.getfixturevalue("stores")
    assert not stores[keeping.content].objects(other.storage.removeprefix("s3://").partition("/")[0])
    if other.database:
        with psycopg.connect(other.database) as names:
            assert names.execute(b"SELECT to_regclass('registry')").fetchone() == (None,)


@in_buckets
def test_an_older_object_of_a_blob_that_came_again_is_no_finding_while_it_may_be_read(place: Place) -> None:
    with Driver(place.folder, settings=Settings(database=place.database, storage=place.storage)) as registry:
        push_image(registry, "app", "v1")
    assert check(place, verify=True, grace=-60).findings == ()


@in_buckets
def test_who_gives_no_storage_is_told_to_and_finds_nothing_lost(place: Place) -> None:
    with pytest.raises(InvalidSettings, match="content is in an object store"):
        check(Place(place.folder, place.database))


@in_buckets
def test_a_bucket_that_is_away_has_lost_nothing(
    keeping: Keeping, place: Place, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    stores: Stores = request.getfixturevalue("stores")
    store: Store = stores[keeping.content]
    bucket = place.storage.removeprefix("s3://").partition("/")[0]
    listed = ObjectStorage.listed

    def emptied(storage: ObjectStorage) -> object:
        for key in store.objects(bucket):
            store.delete(bucket, key)
        return listed(storage)

    monkeypatch.setattr(ObjectStorage, "listed", emptied)
    with pytest.raises(BoxshipError, match="was not looked through"):
        check(place)


@pytest.mark.parametrize("keeping", [IN_CEPH], scope="module")  # moto believes every signature
def test_who_has_no_rights_is_told(place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "hush-hush")
    with pytest.raises(BoxshipError, match="see whether the bucket is there") as told:
        backup(place, tmp_path / "backup")
    assert "hush-hush" not in str(told.value)
    assert not (tmp_path / "backup").exists()
