"""A backup made beside a server is a registry; one is restored whole and verified, or not at all."""

from __future__ import annotations

import errno
import sqlite3
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from boxship.digest import Digest
from boxship.errors import BoxshipError, ContentMismatch, InvalidSettings
from boxship.server.storage import Stored
from boxship.server.upkeep.backup import backup
from boxship.server.upkeep.carrying import Blob, Linking
from boxship.server.upkeep.check import check
from boxship.server.upkeep.place import Place
from boxship.server.upkeep.restore import restore
from tests.server.content import digest, image, push_blob, push_image, push_manifest
from tests.server.driver import Driver

LAYER = bytes(range(256)) * 100
MANY = 10_000  # blobs


def blob_file(folder: Path, content: bytes) -> Path:
    name = Digest.parse(digest(content))
    return folder / "blobs" / name.algorithm / name.hex[:2] / name.hex


def spoil(file: Path) -> None:
    file.chmod(0o600)
    file.write_bytes(b"?" + file.read_bytes()[1:])


def pulled(folder: Path, repository: str, tag: str) -> tuple[bytes, bytes]:
    with Driver(folder) as registry:
        return (
            registry("GET", f"/v2/{repository}/manifests/{tag}").body,
            registry("GET", f"/v2/{repository}/blobs/{digest(LAYER)}").body,
        )


def test_a_backup_made_while_the_registry_serves_is_a_registry(registry: Driver, tmp_path: Path) -> None:
    manifest = push_image(registry, "team/app", "v1", layer=LAYER)
    made = backup(Place(registry.folder), tmp_path / "deep" / "backup")
    assert (made.blobs, made.manifests, made.missing) == (2, 1, ())
    push_image(registry, "team/app", "later", layer=b"later")
    assert registry("DELETE", f"/v2/team/app/manifests/{digest(manifest)}").status == 202
    assert check(tmp_path / "deep" / "backup", verify=True).findings == ()
    assert pulled(tmp_path / "deep" / "backup", "team/app", "v1") == (manifest, LAYER)
    with Driver(tmp_path / "deep" / "backup") as again:
        assert again("GET", "/v2/team/app/manifests/later").status == 404


def test_a_backup_takes_no_more_memory_for_more_blobs(
    registry: Driver, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def there(linking: Linking, blob: Blob) -> Stored:
        del linking
        return Stored(blob.size, 1)

    push_image(registry, "app", "v1", layer=LAYER)
    backup(Place(registry.folder), tmp_path / "first")  # with all that is imported and made once
    with closing(sqlite3.connect(registry.folder / "registry.db")) as names, names:
        rows = ((digest(str(number).encode()), 1, 1) for number in range(MANY))
        names.executemany("INSERT INTO blob (digest, size, modified) VALUES (?, ?, ?)", rows)
    monkeypatch.setattr(Linking, "__call__", there)
    tracemalloc.start()
    try:
        assert backup(Place(registry.folder), tmp_path / "second").blobs == MANY + 2
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert most < MANY * 150  # each that is remembered takes some 300 bytes


def test_a_backup_shares_the_bytes_of_blobs_and_nothing_else(registry: Driver, tmp_path: Path) -> None:
    push_image(registry, "app", "v1", layer=LAYER)
    backup(Place(registry.folder), tmp_path / "backup")
    assert blob_file(tmp_path / "backup", LAYER).samefile(blob_file(registry.folder, LAYER))
    names = sorted(path.name for path in (tmp_path / "backup").iterdir() if path.is_file())
    assert names == ["LOCK", "VERSION", "registry.db"]
    assert [(tmp_path / "backup" / name).samefile(registry.folder / name) for name in names] == [False] * 3
    assert (tmp_path / "backup").stat().st_mode & 0o777 == 0o700
    assert (tmp_path / "backup" / "registry.db").stat().st_mode & 0o777 == 0o600


def test_a_backup_leaves_out_uploads_and_what_nobody_has(registry: Driver, tmp_path: Path) -> None:
    push_image(registry, "app", "v1", layer=LAYER)
    push_blob(registry, "app", b"doomed")
    registry("PATCH", registry("POST", "/v2/app/blobs/uploads/").location, b"begun")
    with closing(sqlite3.connect(registry.folder / "registry.db")) as connection:
        connection.execute("DELETE FROM repo_blob WHERE digest = ?", (digest(b"doomed"),))
        connection.execute("UPDATE blob SET state = 1 WHERE digest = ?", (digest(b"doomed"),))
        connection.commit()
    assert backup(Place(registry.folder), tmp_path / "backup").blobs == 2
    assert list((tmp_path / "backup" / "uploads").iterdir()) == []
    assert not blob_file(tmp_path / "backup", b"doomed").exists()
    assert check(tmp_path / "backup", verify=True, grace=0).findings == ()


def test_a_backup_of_a_registry_that_lost_a_file_says_so_and_holds_the_rest(registry: Driver, tmp_path: Path) -> None:
    push_image(registry, "app", "v1", layer=LAYER)
    blob_file(registry.folder, b"{}").unlink()
    made = backup(Place(registry.folder), tmp_path / "backup")
    assert (made.blobs, [str(name) for name in made.missing]) == (1, [digest(b"{}")])
    with Driver(tmp_path / "backup") as copy:
        assert copy("GET", f"/v2/app/blobs/{digest(LAYER)}").body == LAYER
        assert copy("HEAD", f"/v2/app/blobs/{digest(b'{}')}").status == 404
        push_blob(copy, "app", b"{}")
        assert copy("GET", f"/v2/app/blobs/{digest(b'{}')}").body == b"{}"


def test_what_is_swept_while_a_backup_is_made_is_not_lost_to_it(
    registry: Driver, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    push_image(registry, "app", "v1", layer=LAYER)

    class Sweeping(sqlite3.Connection):
        """The file goes as soon as the names are copied."""

        def backup(self, target: sqlite3.Connection, **_: object) -> None:
            super().backup(target)
            blob_file(registry.folder, LAYER).unlink()

    @contextmanager
    def sweeping(folder: Path) -> Iterator[sqlite3.Connection]:
        with closing(sqlite3.connect(folder / "registry.db", factory=Sweeping)) as connection:
            yield connection

    monkeypatch.setattr("boxship.server.upkeep.place.reading", sweeping)
    assert backup(Place(registry.folder), tmp_path / "backup").missing == ()
    assert blob_file(tmp_path / "backup", LAYER).read_bytes() == LAYER


def test_what_is_pushed_while_a_backup_is_made_is_whole_or_absent(
    registry: Driver, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Pushing(sqlite3.Connection):
        """An image is there just before the names are copied."""

        def backup(self, target: sqlite3.Connection, **_: object) -> None:
            push_image(registry, "app", "v1", layer=LAYER)
            super().backup(target)

    @contextmanager
    def pushing(folder: Path) -> Iterator[sqlite3.Connection]:
        with closing(sqlite3.connect(folder / "registry.db", factory=Pushing)) as connection:
            yield connection

    monkeypatch.setattr("boxship.server.upkeep.place.reading", pushing)
    assert backup(Place(registry.folder), tmp_path / "backup").blobs == 2
    assert check(tmp_path / "backup", verify=True, grace=0).findings == ()


def test_a_restored_registry_is_the_one_that_was_backed_up(registry: Driver, tmp_path: Path) -> None:
    manifest = push_image(registry, "team/app", "v1", layer=LAYER)
    backup(Place(registry.folder), tmp_path / "backup")
    made = restore(tmp_path / "backup", Place(tmp_path / "new"))
    assert (made.blobs, made.manifests) == (2, 1)
    assert not blob_file(tmp_path / "new", LAYER).samefile(blob_file(registry.folder, LAYER))
    assert check(tmp_path / "new", verify=True, grace=0).findings == ()
    assert pulled(tmp_path / "new", "team/app", "v1") == (manifest, LAYER)


@pytest.mark.parametrize("damage", ["bytes", "file", "manifest"])
def test_a_damaged_backup_is_not_restored_and_leaves_nothing(registry: Driver, tmp_path: Path, damage: str) -> None:
    manifest = push_image(registry, "app", "v1", layer=LAYER)
    backup(Place(registry.folder), tmp_path / "backup")
    wrong = digest(LAYER)
    if damage == "bytes":
        spoil(blob_file(tmp_path / "backup", LAYER))
    elif damage == "file":
        blob_file(tmp_path / "backup", LAYER).unlink()
    else:
        wrong = digest(manifest)
        with closing(sqlite3.connect(tmp_path / "backup" / "registry.db")) as connection:
            connection.execute("UPDATE manifest SET body = X'00'")
            connection.commit()
    before = sorted(tmp_path.iterdir())
    with pytest.raises(ContentMismatch, match=f"1 wrong: {wrong}"):
        restore(tmp_path / "backup", Place(tmp_path / "new"))
    assert sorted(tmp_path.iterdir()) == before


def test_nothing_is_written_over(registry: Driver, tmp_path: Path) -> None:
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "file").touch()
    (tmp_path / "empty").mkdir()
    makings: tuple[Callable[[Path, Path], object], ...] = (
        lambda source, target: backup(Place(source), target),
        lambda source, target: restore(source, Place(target)),
    )
    for make in makings:
        with pytest.raises(InvalidSettings, match="something is there already"):
            make(registry.folder, tmp_path / "full")
        with pytest.raises(InvalidSettings, match="no registry's folder"):
            make(tmp_path / "empty", tmp_path / "new")
    backup(Place(registry.folder), tmp_path / "empty")
    assert check(tmp_path / "empty").findings == ()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["empty", "full", "registry"]


@pytest.mark.parametrize("error", [OSError(errno.ENOSPC, "no space"), sqlite3.OperationalError("disk is full")])
def test_a_disk_that_fails_is_told_and_nothing_is_left(
    registry: Driver, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    push_image(registry, "app", "v1", layer=LAYER)

    def fail(*_: object) -> None:
        raise error

    monkeypatch.setattr("boxship.server.upkeep.backup.tidy", fail)
    with pytest.raises(BoxshipError, match=r"copy was not made: .*(space|full)"):
        backup(Place(registry.folder), tmp_path / "copy")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["registry"]


def test_an_index_and_its_manifests_come_along(registry: Driver, tmp_path: Path) -> None:
    push_blob(registry, "app", b"{}")
    push_blob(registry, "app", LAYER)
    assert push_manifest(registry, "app", "v1", image(LAYER)).status == 201
    backup(Place(registry.folder), tmp_path / "backup")
    assert restore(tmp_path / "backup", Place(tmp_path / "new")).manifests == 1
