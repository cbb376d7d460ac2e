"""A registry is moved, backed up, restored and exported wherever its names and its content are, or not at all."""

from __future__ import annotations

import asyncio
import shutil
import signal
import sqlite3
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from boxship import media_type
from boxship.digest import Digest
from boxship.errors import BoxshipError, ContentMismatch, InvalidSettings
from boxship.server.database.transfer import are_any
from boxship.server.opening import open_database
from boxship.server.registry import Settings
from boxship.server.storage import Stored
from boxship.server.upkeep.backup import backup
from boxship.server.upkeep.carrying import Blob, Sending
from boxship.server.upkeep.check import check
from boxship.server.upkeep.export import export
from boxship.server.upkeep.filling import Filled
from boxship.server.upkeep.move import move
from boxship.server.upkeep.place import Place, read_place
from boxship.server.upkeep.restore import restore
from tests.peers.image import write_layout
from tests.peers.object_stores import Store
from tests.peers.programs import skopeo_copy
from tests.server.conftest import CEPH, POSTGRES, Keeping, Stores
from tests.server.content import digest, image, index, push_blob, push_image, push_manifest
from tests.server.driver import Driver

LAYERS = [bytes([number]) * (1000 + number) for number in range(6)]
LARGE = bytes(range(256)) * 35_000  # two parts of an object
ALL = Filled(blobs=len(LAYERS) + 3, manifests=len(LAYERS) + 2)

pytestmark = pytest.mark.parametrize(
    "keeping",
    [
        pytest.param(Keeping(), id="sqlite-files"),
        pytest.param(Keeping(content="moto"), id="sqlite-moto"),
        pytest.param(Keeping("postgresql"), marks=POSTGRES, id="pg-files"),
        pytest.param(Keeping("postgresql", "moto"), marks=POSTGRES, id="pg-moto"),
        pytest.param(Keeping("postgresql", "ceph"), marks=(POSTGRES, CEPH), id="pg-ceph"),
    ],
    scope="module",
)

# Does what `boxship` does, and is killed once so much content has come.
_KILLED = """
import os, signal, sys
from boxship.cli.main import main
from boxship.server.upkeep.arrived import Arrived
left, note = [int(sys.argv[1])], Arrived.note
def noted(self, *values):
    note(self, *values)
    left[0] -= 1
    if not left[0]:
        os.kill(os.getpid(), signal.SIGKILL)
Arrived.note = noted
sys.exit(main(sys.argv[2:]))
"""


@pytest.fixture
def place(new_place: Callable[[str], Place]) -> Place:
    """That of a registry that has something of everything."""
    place = new_place("registry")
    with serving(place) as registry:
        for number, layer in enumerate(LAYERS):
            push_image(registry, "team/app", f"v{number}", layer=layer)
        push_image(registry, "other", "large", layer=LARGE)
        push_manifest(registry, "other", "all", index(image(LARGE)), media_type.OCI_INDEX)
        push_blob(registry, "other", b"")
        registry("PATCH", registry("POST", "/v2/other/blobs/uploads/").location, b"begun")
    return place


@pytest.fixture
def store(keeping: Keeping, request: pytest.FixtureRequest) -> Store | None:
    stores: Stores = request.getfixturevalue("stores")
    return stores[keeping.content] if keeping.content != "files" else None


@contextmanager
def serving(place: Place) -> Iterator[Driver]:
    settings = Settings(allow_delete=True, database=place.database, storage=place.storage)
    with Driver(place.folder, settings=settings) as registry:
        yield registry


def faults(place: Place) -> list[str]:
    """What is not as it was pushed."""
    with serving(place) as registry:
        manifests = {("team/app", f"v{number}"): image(layer) for number, layer in enumerate(LAYERS)}
        manifests |= {("other", "large"): image(LARGE), ("other", "all"): index(image(LARGE))}
        blobs = [("team/app", layer) for layer in LAYERS] + [("other", LARGE), ("other", b""), ("other", b"{}")]
        return [
            f"{repository}:{tag}"
            for (repository, tag), manifest in manifests.items()
            if registry("GET", f"/v2/{repository}/manifests/{tag}").body != manifest
        ] + [
            f"{repository}@{digest(blob)}"
            for repository, blob in blobs
            if registry("GET", f"/v2/{repository}/blobs/{digest(blob)}").body != blob
        ]


def objects(store: Store | None, place: Place) -> dict[str, int]:
    """The objects with content at a place; none where it is in files."""
    bucket = place.storage.removeprefix("s3://").partition("/")[0]
    return store.objects(bucket, "registry/blobs/") if store and bucket else {}


def settled(store: Store | None, place: Place) -> dict[str, int]:
    """The objects once none comes any more: what a client had sent when it was killed, a store may take later."""
    before, found = None, objects(store, place)
    while found and found != before:
        time.sleep(0.5)
        before, found = found, objects(store, place)
    return found


def arguments(place: Place, to: str = "") -> list[str]:
    return [
        word
        for option, value in ((f"--{to}database", place.database), (f"--{to}storage", place.storage))
        if value
        for word in (option, value)
    ]


def killed(*command: object, after: int) -> None:
    ended = subprocess.run(
        [sys.executable, "-c", _KILLED, str(after), *map(str, command)], capture_output=True, timeout=60, check=False
    )
    assert ended.returncode == -signal.SIGKILL, ended.stderr.decode()


def spoil(store: Store | None, place: Place, content: bytes) -> None:
    """Let other bytes be where the content is, or none."""
    with read_place(place) as held:
        (location,) = held.names.execute("SELECT location FROM blob WHERE digest = ?", (digest(content),)).fetchone()
    if store:
        bucket, _, prefix = place.storage.removeprefix("s3://").partition("/")
        store.overwrite(bucket, f"{prefix}/{location}", b"?" * len(content))
    else:
        name = Digest.parse(digest(content))
        file = place.folder / "blobs" / "sha256" / name.hex[:2] / name.hex
        file.chmod(0o600)
        file.write_bytes(b"?" * len(content))


def is_nothing(place: Place) -> bool:
    """Whether nobody could take it for a registry."""
    if place.folder.exists():
        return False
    if not place.is_elsewhere:
        return True
    with closing(open_database(place.folder, place.database)) as database, database.apart() as names:
        return not are_any(names)


def test_it_is_moved_there_and_back(place: Place, new_place: Callable[[str], Place], tmp_path: Path) -> None:
    home, there = Place(tmp_path / "home"), new_place("there")
    assert move(place, home) == ALL
    assert check(home.folder, verify=True, grace=0).findings == ()
    assert move(home, there) == ALL
    assert faults(place) == faults(home) == faults(there) == []


def test_what_was_moved_is_swept_as_it_would_have_been(place: Place, new_place: Callable[[str], Place]) -> None:
    there = new_place("there")
    move(place, there)
    with serving(there) as registry:
        assert registry("DELETE", f"/v2/team/app/manifests/{digest(image(LAYERS[0]))}").status == 202
    command = [sys.executable, "-m", "boxship", "registry", "gc", "--disk", str(there.folder), "--grace", "0"]
    for _ in range(2):
        subprocess.run([*command, *arguments(there)], check=True, capture_output=True, timeout=60)
    assert faults(there) == ["team/app:v0", f"team/app@{digest(LAYERS[0])}", f"other@{digest(b'')}"]


@pytest.mark.parametrize("after", [1, 6])
def test_a_move_that_is_killed_goes_on(
    place: Place, new_place: Callable[[str], Place], store: Store | None, after: int
) -> None:
    there = new_place("there")
    target = [] if there.is_elsewhere else [there.folder]
    command = ["registry", "move", "--disk", place.folder, *arguments(place), *arguments(there, "to-"), *target]
    killed(*command, after=after)
    assert is_nothing(there)
    before = settled(store, there)
    assert len(before) >= (after if store else 0)
    assert move(place, there) == ALL
    # What had come is there as it was, and nothing twice.
    assert before.items() <= objects(store, there).items()
    assert len(objects(store, there)) in (0, ALL.blobs)
    assert faults(place) == faults(there) == []


def test_a_move_that_is_killed_goes_back_on(place: Place, tmp_path: Path) -> None:
    home = Place(tmp_path / "home")
    killed("registry", "move", "--disk", place.folder, *arguments(place), home.folder, after=5)
    assert not home.folder.exists()
    assert move(place, home) == ALL
    assert check(home.folder, verify=True, grace=0).findings == ()
    assert [file.name for file in tmp_path.iterdir() if file.name.endswith(".partial")] == []


def test_what_is_damaged_is_not_moved(place: Place, new_place: Callable[[str], Place], store: Store | None) -> None:
    there = new_place("there")
    spoil(store, place, LAYERS[3])
    with pytest.raises(ContentMismatch, match=digest(LAYERS[3])):
        move(place, there)
    assert is_nothing(there)
    with serving(place) as registry:
        push_blob(registry, "team/app", LAYERS[3])
    assert move(place, there) == ALL
    assert faults(there) == []


def test_what_changes_meanwhile_is_not_moved(
    place: Place, new_place: Callable[[str], Place], monkeypatch: pytest.MonkeyPatch
) -> None:
    there, send = new_place("there"), Sending.__call__
    if not place.is_elsewhere:
        with serving(place), pytest.raises(InvalidSettings, match="another registry uses this folder"):
            move(place, there)
        return
    with serving(place) as registry:

        async def pushing(sending: Sending, blob: Blob) -> Stored | None:
            if blob.size == len(LARGE):  # from another machine
                await late(registry)
            return await send(sending, blob)

        monkeypatch.setattr(Sending, "__call__", pushing)
        with pytest.raises(BoxshipError, match="changed meanwhile"):
            move(place, there)
    monkeypatch.undo()
    assert is_nothing(there)
    assert move(place, there).manifests == ALL.manifests + 1


async def late(registry: Driver) -> None:
    """Push an image in a thread of its own, for another loop runs here."""
    await asyncio.to_thread(push_image, registry, "late", "v1", layer=LAYERS[0])


def test_a_move_that_was_done_is_done_once_more(place: Place, new_place: Callable[[str], Place]) -> None:
    there = new_place("there")
    move(place, there)
    if there.is_elsewhere:
        assert move(place, there) == ALL
        with serving(there) as registry:
            push_image(registry, "new", "v1", layer=b"new")
    with pytest.raises(InvalidSettings, match="already"):
        move(place, there)


def test_a_backup_is_a_registry_and_is_restored_to_where_nothing_is(
    place: Place, new_place: Callable[[str], Place], tmp_path: Path, store: Store | None
) -> None:
    with serving(place) as registry:
        made = backup(place, tmp_path / "backup")
        push_image(registry, "team/app", "later", layer=b"later")
    assert (made.blobs, made.manifests, made.missing) == (ALL.blobs, ALL.manifests, ())
    assert check(tmp_path / "backup", verify=True, grace=0).findings == ()
    for key in objects(store, place):
        assert store
        store.delete(place.storage.removeprefix("s3://").partition("/")[0], key)
    again = new_place("again")
    assert restore(tmp_path / "backup", again) == ALL
    assert faults(again) == []
    with serving(again) as registry:
        assert registry("GET", "/v2/team/app/manifests/later").status == 404
        push_image(registry, "team/app", "later", layer=b"later")


def test_a_backup_brings_what_an_earlier_one_does_not_have(place: Place, tmp_path: Path, store: Store | None) -> None:
    backup(place, tmp_path / "monday")
    spoil(store, place, LAYERS[0])  # who reads it again finds other bytes
    with serving(place) as registry:
        push_image(registry, "team/app", "later", layer=b"later")
    made = backup(place, tmp_path / "tuesday", previous=tmp_path / "monday")
    assert (made.blobs, made.manifests) == (ALL.blobs + 1, ALL.manifests + 1)
    if store:
        assert made.missing == ()
        assert check(tmp_path / "tuesday", verify=True, grace=0).findings == ()
    names = [file.relative_to(tmp_path / "monday") for file in (tmp_path / "monday" / "blobs").glob("*/*/*")]
    assert len(names) == ALL.blobs
    assert all((tmp_path / "monday" / name).samefile(tmp_path / "tuesday" / name) for name in names)


def test_what_rotted_in_an_earlier_backup_is_brought_anew(place: Place, tmp_path: Path) -> None:
    backup(place, tmp_path / "monday")
    name = Digest.parse(digest(LAYERS[0])).hex
    file = tmp_path / "monday" / "blobs" / "sha256" / name[:2] / name
    file.unlink()
    file.write_bytes(b"other")
    backup(place, tmp_path / "tuesday", previous=tmp_path / "monday")
    assert check(tmp_path / "tuesday", verify=True, grace=0).findings == ()


def test_a_backup_of_what_was_lost_says_so(place: Place, tmp_path: Path, store: Store | None) -> None:
    spoil(store, place, LAYERS[0])
    if not store:  # files are linked, and not read
        name = Digest.parse(digest(LAYERS[0])).hex
        (place.folder / "blobs" / "sha256" / name[:2] / name).unlink()
    made = backup(place, tmp_path / "backup")
    assert [str(each) for each in made.missing] == [digest(LAYERS[0])]
    assert restore(tmp_path / "backup", Place(tmp_path / "again")) == Filled(ALL.blobs - 1, ALL.manifests)


def test_a_backup_that_is_killed_goes_on(place: Place, tmp_path: Path) -> None:
    target = tmp_path / "backup"
    killed("registry", "backup", "--disk", place.folder, *arguments(place), target, after=6)
    assert not target.exists()
    assert backup(place, target).missing == ()
    assert check(target, verify=True, grace=0).findings == ()


def test_a_restoration_that_is_killed_goes_on(
    place: Place, new_place: Callable[[str], Place], tmp_path: Path, store: Store | None
) -> None:
    backup(place, tmp_path / "backup")
    again = new_place("again")
    killed("registry", "restore", "--disk", again.folder, *arguments(again), tmp_path / "backup", after=6)
    assert is_nothing(again)
    before = settled(store, again)
    assert restore(tmp_path / "backup", again) == ALL
    assert before.items() <= objects(store, again).items()
    assert len(objects(store, again)) in (0, ALL.blobs)
    assert faults(again) == []


def test_a_backup_of_a_newer_registry_is_not_restored(
    place: Place, new_place: Callable[[str], Place], tmp_path: Path
) -> None:
    backup(place, tmp_path / "backup")
    with closing(sqlite3.connect(tmp_path / "backup" / "registry.db")) as names:
        names.execute("PRAGMA user_version = 99")
    again = new_place("again")
    with pytest.raises(InvalidSettings, match="it is of version 99"):
        restore(tmp_path / "backup", again)
    assert is_nothing(again)


def test_images_are_exported(place: Place, tmp_path: Path, store: Store | None) -> None:
    assert export(place, tmp_path / "layout").listed == ALL.manifests
    for blob in (*LAYERS, LARGE, b"{}"):
        assert (tmp_path / "layout" / "blobs" / "sha256" / digest(blob)[7:]).read_bytes() == blob
    spoil(store, place, LAYERS[1])
    with pytest.raises(ContentMismatch, match=digest(LAYERS[1])):
        export(place, tmp_path / "again")
    assert not (tmp_path / "again").exists()


@contextmanager
def started(place: Place) -> Iterator[str]:
    """The address of a registry of its own process, which is killed."""
    command = [sys.executable, "-m", "boxship.server", "--address", "127.0.0.1:0", "--disk", str(place.folder)]
    with subprocess.Popen([*command, *arguments(place)], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        try:
            yield process.stdout.readline().strip().removeprefix("serving http://")
        finally:
            process.kill()


def send(address: str, method: str, path: str, body: bytes | None = None, kind: str = "") -> bytes:
    asked = urllib.request.Request(f"http://{address}{path}", body, {"Content-Type": kind}, method=method)
    with urllib.request.urlopen(asked, timeout=30) as answer:
        return bytes(answer.read())


class Pushing(threading.Thread):
    """Pushes image after image, until somebody has seen enough."""

    def __init__(self, address: str) -> None:
        super().__init__()
        self._address = address
        self.enough = threading.Event()
        self.acknowledged: list[bytes] = []
        self.some = threading.Semaphore(0)  # a permit for each

    def run(self) -> None:
        while not self.enough.is_set():
            layer = f"layer {len(self.acknowledged)}".encode()
            for blob in (layer, b"{}"):
                send(self._address, "POST", f"/v2/busy/blobs/uploads/?digest={digest(blob)}", blob)
            name = f"/v2/busy/manifests/t{len(self.acknowledged)}"
            send(self._address, "PUT", name, image(layer), media_type.OCI_MANIFEST)
            self.acknowledged.append(layer)
            self.some.release()


@pytest.mark.peer("skopeo")
def test_whatever_was_acknowledged_before_a_backup_is_pulled_from_what_is_made_of_it(
    new_place: Callable[[str], Place], tmp_path: Path, store: Store | None
) -> None:
    place, again = new_place("registry"), new_place("again")
    layout = write_layout(tmp_path / "image", {"etc/hello": b"hello", "data": bytes(range(256)) * 8192})
    with started(place) as address:
        skopeo_copy(f"oci:{layout.folder}", f"docker://{address}/team/app:v1")
        pushing = Pushing(address)
        pushing.start()
        try:
            assert all(pushing.some.acquire(timeout=60) for _ in range(5))
            before = list(pushing.acknowledged)
            command = [sys.executable, "-m", "boxship", "registry", "backup", "--disk", str(place.folder)]
            subprocess.run([*command, *arguments(place), str(tmp_path / "backup")], check=True, timeout=90)
            assert pushing.some.acquire(timeout=60)  # they went on
        finally:
            pushing.enough.set()
            pushing.join()
    shutil.rmtree(place.folder)
    for key in objects(store, place):
        assert store
        store.delete(place.storage.removeprefix("s3://").partition("/")[0], key)
    restore(tmp_path / "backup", again)
    with started(again) as address:
        skopeo_copy(f"docker://{address}/team/app:v1", f"oci:{tmp_path / 'back'}:v1")
        for number, layer in enumerate(before):
            assert send(address, "GET", f"/v2/busy/manifests/t{number}") == image(layer)
            assert send(address, "GET", f"/v2/busy/blobs/{digest(layer)}") == layer
    pulled = {file.name: file.read_bytes() for file in (tmp_path / "back" / "blobs" / "sha256").iterdir()}
    assert pulled == {file.name: file.read_bytes() for file in (layout.folder / "blobs" / "sha256").iterdir()}
