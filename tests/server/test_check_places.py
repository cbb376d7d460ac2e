"""What `check` says of a registry whose names or whose content are elsewhere: the same as of one in a folder."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from boxship import media_type
from boxship.digest import Digest
from boxship.server.registry import Settings
from boxship.server.upkeep.check import Fault, check, checking
from boxship.server.upkeep.place import Place, read_place
from boxship.server.upkeep.scrub import scrub
from tests.peers.object_stores import Store
from tests.server.conftest import CEPH, POSTGRES, Keeping, Stores
from tests.server.content import digest, image, index, push_blob, push_image, push_manifest
from tests.server.driver import Driver

LAYERS = [f"layer {number}".encode() * 100 for number in range(9)]
CONFIG = digest(b"{}")
BLOBS = sorted([CONFIG, *map(digest, LAYERS)])

pytestmark = pytest.mark.parametrize(
    "keeping",
    [
        pytest.param(Keeping(content="moto"), id="sqlite-moto"),
        pytest.param(Keeping("postgresql"), marks=POSTGRES, id="pg-files"),
        pytest.param(Keeping("postgresql", "moto"), marks=POSTGRES, id="pg-moto"),
        pytest.param(Keeping("postgresql", "ceph"), marks=(POSTGRES, CEPH), id="pg-ceph"),
    ],
    scope="module",
)


class Kept:
    """A registry that has an image for each layer, and what tampers with its content."""

    def __init__(self, place: Place, store: Store | None) -> None:
        self.place = place
        self.store = store

    @contextmanager
    def serving(self) -> Iterator[Driver]:
        settings = Settings(allow_delete=True, database=self.place.database, storage=self.place.storage)
        with Driver(self.place.folder, settings=settings) as registry:
            yield registry

    def faults(self, *, verify: bool = False) -> list[tuple[Fault, str]]:
        return [(each.fault, each.name) for each in check(self.place, verify=verify, grace=0).findings]

    def change(self, statement: str, *values: object) -> None:
        with read_place(self.place) as held:
            if not self.place.database:
                held.names.execute("PRAGMA query_only = OFF")
            held.names.execute(statement, values)

    def write(self, name: str, content: bytes | None) -> None:
        """Let other bytes be where a blob is, or none."""
        with read_place(self.place) as held:
            (location,) = held.names.execute("SELECT location FROM blob WHERE digest = ?", (name,)).fetchone()
        self.put(location or self.file(name), content)

    def put(self, where: str, content: bytes | None) -> None:
        if self.store and content is None:
            self.store.delete(self.bucket, f"registry/{where}")
        elif self.store and content is not None:
            self.store.overwrite(self.bucket, f"registry/{where}", content)
        else:
            (self.place.folder / where).unlink(missing_ok=True)
            if content is not None:
                (self.place.folder / where).write_bytes(content)

    @property
    def bucket(self) -> str:
        return self.place.storage.removeprefix("s3://").partition("/")[0]

    @staticmethod
    def file(name: str) -> str:
        value = Digest.parse(name).hex
        return f"blobs/sha256/{value[:2]}/{value}"


@pytest.fixture
def kept(
    keeping: Keeping, tmp_path: Path, new_settings: Callable[[], Settings], request: pytest.FixtureRequest
) -> Kept:
    settings = new_settings()
    stores: Stores = request.getfixturevalue("stores")
    store = stores[keeping.content] if keeping.content != "files" else None
    made = Kept(Place(tmp_path / "registry", settings.database, settings.storage), store)
    with made.serving() as registry:
        push_blob(registry, "team/app", b"{}")  # once: of one that comes again, a store has the older object for a day
        for number, layer in enumerate(LAYERS):
            push_blob(registry, "team/app", layer)
            assert push_manifest(registry, "team/app", f"v{number}", image(layer)).status == 201
    return made


def test_a_whole_registry_has_no_findings_also_while_it_serves(kept: Kept) -> None:
    with kept.serving() as registry:
        registry("PATCH", registry("POST", "/v2/team/app/blobs/uploads/").location, b"begun")
        report = check(kept.place, verify=True, grace=0)
    assert (report.blobs, report.manifests, report.findings) == (len(BLOBS), len(LAYERS), ())


def test_what_is_lost_cut_or_rotten_is_found_and_told_apart(kept: Kept) -> None:
    lost, cut, rotten = map(digest, LAYERS[:3])
    kept.write(lost, None)
    kept.write(cut, LAYERS[1][:-1])
    kept.write(rotten, LAYERS[2][::-1])
    expected = {(Fault.LOST, lost), (Fault.RESIZED, cut), (Fault.DAMAGED, rotten)}
    found = kept.faults(verify=True)
    assert (set(found), len(found)) == (expected, len(expected))
    # Without reading all, rot is seen where it came at another time than the blob.
    kept.change("UPDATE blob SET modified = modified - 10000000000 WHERE digest = ?", rotten)
    assert set(kept.faults()) == expected
    assert len(check(kept.place, grace=0).damage) == len(expected)


def test_a_store_that_lost_everything_is_told_of_page_by_page(kept: Kept, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in ("file_check", "object_check"):
        monkeypatch.setattr(f"boxship.server.upkeep.{module}._PAGE", 2)
        monkeypatch.setattr(f"boxship.server.upkeep.{module}._KNOWN", _known(2), raising=False)
    monkeypatch.setattr("boxship.server.upkeep.manifest_check._BATCH", 2)
    assert kept.faults(verify=True) == []
    for name in BLOBS:
        kept.write(name, None)
    assert sorted(name for fault, name in kept.faults() if fault is Fault.LOST) == BLOBS
    told = [name for fault, name in kept.faults() if fault is Fault.LOST]
    with checking(kept.place, grace=0) as looked:
        found = looked.findings()
        assert next(found).name == told[0]
        kept.write(told[-1], {digest(each): each for each in (b"{}", *LAYERS)}[told[-1]])
        # The first is told before the last is looked for.
        assert [each.name for each in found if each.fault is Fault.LOST] == told[1:-1]


def _known(number: int) -> str:
    return f"SELECT digest FROM blob WHERE digest IN ({', '.join('?' * number)})"


def test_what_nothing_names_is_found_once_it_is_old(kept: Kept) -> None:
    where = f"blobs/{'0' * 8}/nobodys" if kept.store else kept.file(digest(b"nobody's"))
    (kept.place.folder / where).parent.mkdir(parents=True, exist_ok=True)
    kept.put(where, b"nobody's")
    assert kept.faults() == [(Fault.ORPHAN, where)]
    assert check(kept.place).findings == ()  # a push may be about to have it


def test_what_manifests_lack_and_what_a_scrub_found_is_told(kept: Kept) -> None:
    kept.change("DELETE FROM repo_blob WHERE digest = ?", digest(LAYERS[0]))
    kept.change("UPDATE manifest SET body = ? WHERE digest = ?", b"{}", digest(image(LAYERS[1])))
    kept.write(digest(LAYERS[2]), LAYERS[2][::-1])
    with kept.serving() as registry:
        assert len(registry.run(scrub(registry.run(registry.open()))).condemned) == 1
    found = [(each.fault, each.name.rpartition("@")[2], each.detail) for each in check(kept.place).findings]
    assert set(found) == {
        (Fault.CONDEMNED, digest(LAYERS[2]), ""),
        (Fault.INCOMPLETE, digest(image(LAYERS[0])), digest(LAYERS[0])),
        (Fault.INCOMPLETE, digest(image(LAYERS[2])), digest(LAYERS[2])),
        (Fault.FALSIFIED, digest(image(LAYERS[1])), ""),
    }
    assert {each.fault for each in check(kept.place, sparse=True).findings} == {Fault.CONDEMNED, Fault.FALSIFIED}


def test_an_index_may_outlive_what_it_lists(kept: Kept) -> None:
    with kept.serving() as registry:
        push_manifest(registry, "team/app", "all", index(image(LAYERS[0])), media_type.OCI_INDEX)
        assert registry("DELETE", f"/v2/team/app/manifests/{digest(image(LAYERS[0]))}").status == 202
    report = check(kept.place)
    assert ([each.fault for each in report.findings], report.damage) == ([Fault.PARTIAL], ())


def test_an_upload_that_lacks_what_was_acknowledged_is_found(kept: Kept) -> None:
    with kept.serving() as registry:
        location = registry("POST", "/v2/team/app/blobs/uploads/").location
        assert registry("PATCH", location, b"acknowledged").status == 202
    session = location.rpartition("/")[2]
    assert kept.faults(verify=True) == []
    with read_place(kept.place) as held:
        part = held.names.execute("SELECT location FROM upload_part WHERE upload = ?", (session,)).fetchone()
    kept.put(part[0] if part else f"uploads/{session}", None)
    assert kept.faults() == [(Fault.CUT_SHORT, f"uploads/{session}")]


def test_what_others_push_and_delete_meanwhile_is_no_finding(kept: Kept) -> None:
    enough, some = threading.Event(), threading.Semaphore(0)

    def work(registry: Driver) -> None:
        number = 0
        while not enough.is_set():
            number += 1
            layer = f"new {number}".encode()
            manifest = push_image(registry, "busy", "v1", layer=layer)
            assert registry("DELETE", f"/v2/busy/manifests/{digest(manifest)}").status == 202
            assert registry("DELETE", f"/v2/busy/blobs/{digest(layer)}").status == 202
            some.release()

    with kept.serving() as registry:
        thread = threading.Thread(target=work, args=(registry,))
        thread.start()
        try:
            for _ in range(3):
                assert some.acquire(timeout=60)
                assert check(kept.place, verify=True).findings == ()
        finally:
            enough.set()
            thread.join()


def test_the_verb_prints_each_finding_and_its_status_says_whether_there_are_any(kept: Kept) -> None:
    command = [sys.executable, "-m", "boxship", "registry", "check", "--disk", str(kept.place.folder)]
    for option, value in (("--database", kept.place.database), ("--storage", kept.place.storage)):
        command += [option, value] if value else []
    told = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert (told.returncode, told.stdout) == (0, "")
    assert told.stderr == f"{len(BLOBS)} blobs and {len(LAYERS)} manifests: all there\n"
    kept.write(CONFIG, None)
    told = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert (told.returncode, told.stdout) == (8, f"{CONFIG}: its bytes are not there\n")
    told = subprocess.run([*command, "--repair"], capture_output=True, text=True, timeout=60, check=False)
    assert (told.returncode, told.stdout) == (2, "")
    assert "registry scrub" in told.stderr
