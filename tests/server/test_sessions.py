"""Uploads whose requests reach several processes: one goes on where another stopped, and two never mix."""

from __future__ import annotations

import asyncio
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from boxship.digest import Digest
from boxship.server.finishing import in_thread
from boxship.server.sessions import Busy, Session, Sessions, Unknown
from boxship.server.storage import locks
from boxship.server.storage.claim import FileClaim, Taken
from tests.server.content import digest
from tests.server.driver import Driver, Reply

CONTENT = bytes(range(256)) * 16
NAME = digest(CONTENT)
UPLOADS = "/v2/app/blobs/uploads/"


@pytest.fixture
def other(registry: Driver) -> Iterator[Driver]:
    """The same folder, opened as another process would."""
    with registry.beside() as driver:
        yield driver


@contextmanager
def stalled(registry: Driver, method: str, target: str, content: bytes) -> Iterator[None]:
    """While a client has sent `content`, and then nothing more, nor that it goes."""

    async def begin() -> asyncio.Task[Reply]:
        task = asyncio.create_task(registry.ask(method, target, [content], end="never"))
        await asyncio.sleep(0.1)
        return task

    async def end(task: asyncio.Task[Reply]) -> None:
        task.cancel()
        await asyncio.wait((task,))

    task = registry.run(begin())
    yield
    registry.run(end(task))


def find(registry: Driver, location: str) -> Session:
    """What another process than the one that wrote it knows of an upload."""
    with registry.beside() as other:
        sessions = other.run(other.open()).sessions
        return other.run(sessions.find("app", location.rpartition("/")[2], now=time.time()))


def files(registry: Driver) -> list[Path]:
    return list((registry.folder / "uploads").iterdir())


@pytest.mark.in_files
def test_an_upload_goes_on_in_another_process(registry: Driver, other: Driver) -> None:
    location = registry("POST", UPLOADS).location
    assert other("PATCH", location, CONTENT[:1000], {"content-range": "0-999"}).status == 202
    assert registry("GET", location).headers["range"] == "0-999"
    assert registry("PATCH", location, CONTENT[1000:2000], {"content-range": "1000-1999"}).status == 202
    assert other("PATCH", location, CONTENT[2000:3000], {"content-range": "0-999"}).status == 416
    assert other("PUT", f"{location}?digest={NAME}", CONTENT[2000:]).status == 201
    assert registry("GET", f"/v2/app/blobs/{NAME}").body == CONTENT
    assert (registry("GET", location).status, files(registry)) == (404, [])


@pytest.mark.parametrize("algorithm", ["sha256", "sha512"])
def test_who_finishes_knows_the_digest_of_what_another_process_took(
    registry: Driver, other: Driver, algorithm: str
) -> None:
    location = registry("POST", f"{UPLOADS}?digest-algorithm={algorithm}").location
    other("PATCH", location, CONTENT)
    assert find(registry, location).digest(algorithm) == Digest.of(CONTENT, algorithm)
    assert registry("PUT", f"{location}?digest={digest(CONTENT, algorithm)}").status == 201


def test_what_several_processes_took_is_read_back_in_the_end(registry: Driver, other: Driver) -> None:
    location = registry("POST", UPLOADS).location
    other("PATCH", location, CONTENT[:1000])
    registry("PATCH", location, CONTENT[1000:])
    assert find(registry, location).digest("sha256") is None
    assert other("PUT", f"{location}?digest={digest(b'else')}").refusal == (400, "DIGEST_INVALID")


def test_a_request_without_bytes_keeps_what_is_known(registry: Driver, other: Driver) -> None:
    location = registry("POST", UPLOADS).location
    registry("PATCH", location, CONTENT)
    assert other("PATCH", location).status == 202
    assert find(registry, location).digest("sha256") == Digest.of(CONTENT)


@pytest.mark.parametrize("kept", ["what was lost", "what came instead"])
def test_a_database_that_forgot_the_last_seconds_lets_no_blob_have_anothers_digest(
    registry: Driver, other: Driver, kept: str
) -> None:
    lost, instead = b"lost.", b"else."
    location = registry("POST", UPLOADS).location
    with registry.database() as connection:
        before = connection.execute("SELECT size, version, digests FROM upload").fetchone()
    registry("PATCH", location, lost)
    with registry.database() as connection:  # as after a crash, for `advance` waits for no disk
        connection.execute("DELETE FROM upload_part")
        connection.execute("UPDATE upload SET size = ?, version = ?, digests = ?", tuple(before))
    assert other("PATCH", location, instead).headers["range"] == "0-4"  # at the version that was given before
    content = lost if kept == "what was lost" else instead
    finished = registry("PUT", f"{location}?digest={digest(content)}")
    there = registry("GET", f"/v2/app/blobs/{digest(content)}")
    if content == lost:
        assert (finished.status, there.status) == (400, 404)
        assert finished.code == "DIGEST_INVALID"
    else:
        assert (finished.status, there.body) == (201, instead)


@pytest.mark.in_files
def test_after_the_machine_was_started_nobody_believes_what_was_reckoned_before(registry: Driver) -> None:
    location = registry("POST", UPLOADS).location
    empty = registry("POST", f"{UPLOADS}?digest-algorithm=sha512").location
    registry("PATCH", location, CONTENT)
    # Beside somebody who opened the folder first, as a backup may: nobody who serves has it alone then.
    opened = registry.run(registry.open())
    again = Sessions(opened.database, opened.storage, boot="the next one")
    found, begun = (
        registry.run(again.find("app", each.rpartition("/")[2], now=time.time())) for each in (location, empty)
    )
    assert (found.size, found.digest("sha256")) == (len(CONTENT), None)
    assert begun.digest("sha512") == Digest.of(b"", "sha512")


@pytest.mark.in_files
def test_one_process_writes_to_an_upload_at_a_time(registry: Driver, other: Driver) -> None:
    location = registry("POST", UPLOADS).location
    with stalled(registry, "PATCH", location, CONTENT[:1]):
        for method in ("PATCH", "PUT", "DELETE"):
            reply = other(method, f"{location}?digest={NAME}", CONTENT)
            assert (reply.refusal, reply.headers["range"]) == ((416, "BLOB_UPLOAD_INVALID"), "0-0")
        elsewhere = other("POST", UPLOADS).location
        assert other("PUT", f"{elsewhere}?digest={NAME}", CONTENT).status == 201
    assert other("PUT", f"{location}?digest={NAME}", CONTENT).status == 201


@pytest.mark.in_files
def test_nobody_sweeps_what_another_process_is_taking(registry: Driver) -> None:
    parked = registry("POST", UPLOADS).location
    registry("PATCH", parked, CONTENT)
    with stalled(registry, "POST", f"{UPLOADS}?digest={NAME}", CONTENT[:1]), registry.beside() as other:
        assert len(files(registry)) == 2
        assert other("GET", parked).status == 204
    assert len(files(registry)) == 1


@pytest.mark.in_files
def test_an_upload_does_not_expire_while_somebody_writes_to_it(registry: Driver, other: Driver) -> None:
    location = registry("POST", UPLOADS).location
    opened = other.run(other.open())
    later = time.time() + 7200
    with stalled(registry, "PATCH", location, CONTENT[:1]):
        assert other.run(opened.sessions.expire(now=later)) == 0
        assert len(files(registry)) == 1
    assert other.run(opened.sessions.expire(now=later)) == 1
    assert (files(registry), registry("GET", location).status) == ([], 404)


def test_what_was_acknowledged_meanwhile_is_not_acknowledged_again(registry: Driver) -> None:
    opened = registry.run(registry.open())
    session = registry.run(opened.sessions.begin("app", "sha256", now=time.time()))
    with registry.run(opened.storage.claim(session.id, new=True)) as claim:
        registry.run(opened.sessions.advance(session, 0, claim, now=time.time()))
        with pytest.raises(Busy):
            registry.run(opened.sessions.advance(session, 5, claim, now=time.time()))
        registry.run(opened.sessions.end(session.id))
        with pytest.raises(Unknown):
            registry.run(opened.sessions.advance(session, 5, claim, now=time.time()))


def test_an_upload_is_its_owners(registry: Driver) -> None:
    sessions = registry.run(registry.open()).sessions
    session = registry.run(sessions.begin("app", "sha256", owner="alice", now=time.time()))
    assert registry.run(sessions.find("app", session.id, owner="alice", now=time.time())).size == 0
    with pytest.raises(Unknown):
        registry.run(sessions.find("app", session.id, owner="bob", now=time.time()))


def test_the_claim_of_a_process_ends_with_it(tmp_path: Path) -> None:
    source = (
        "import sys, time; from pathlib import Path; from boxship.server.storage.claim import FileClaim\n"
        "claim = FileClaim(Path(sys.argv[1]), new=True); print('claimed', flush=True); time.sleep(60)"
    )
    command = [sys.executable, "-c", source, str(tmp_path / "upload")]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        assert process.stdout
        assert process.stdout.readline() == b"claimed\n"
        with pytest.raises(Taken):
            FileClaim(tmp_path / "upload", new=False)
        process.send_signal(signal.SIGKILL)
    FileClaim(tmp_path / "upload", new=False).close()


def test_nobody_claims_what_became_a_blob_a_moment_ago(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    upload, blob = tmp_path / "upload", tmp_path / "blob"
    upload.write_bytes(b"content")
    lock = locks.lock

    def publish_and_lock(descriptor: int) -> bool:
        # As if who had the claim had published it after this one opened the file.
        upload.rename(blob)
        return lock(descriptor)

    monkeypatch.setattr("boxship.server.storage.claim.locks.lock", publish_and_lock)
    with pytest.raises(Taken):
        FileClaim(upload, new=False)
    assert blob.read_bytes() == b"content"


def test_whoever_is_cancelled_waits_for_what_a_thread_is_doing() -> None:
    begun, go_on, done = threading.Event(), threading.Event(), threading.Event()

    def work() -> None:
        begun.set()
        go_on.wait()
        done.set()

    async def cancel() -> bool:
        task = asyncio.create_task(in_thread(work))
        await asyncio.to_thread(begun.wait)
        for _ in range(2):
            task.cancel()
            await asyncio.sleep(0.01)
        assert not task.done()
        go_on.set()
        await asyncio.wait((task,))
        return task.cancelled() and done.is_set()

    assert asyncio.run(cancel())


def test_processes_that_open_a_new_folder_at_once_all_have_it(tmp_path: Path) -> None:
    source = (
        "import sys; from pathlib import Path; from boxship.server.registry import Registry, Settings\n"
        "Registry.open(Path(sys.argv[1]), Settings()); print('open', flush=True); sys.stdin.read()"
    )
    command = [sys.executable, "-c", source, str(tmp_path / "registry")]
    running = [subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) for _ in range(5)]
    outputs = [process.stdout.readline() if process.stdout else b"" for process in running]
    for process in running:
        process.communicate(b"")
    assert outputs == [b"open\n"] * 5


@pytest.mark.in_files
def test_an_upload_that_began_a_moment_ago_is_not_swept(registry: Driver) -> None:
    storage = registry.run(registry.open()).files
    (registry.folder / "uploads" / "new").write_bytes(CONTENT)
    looks = iter((False, True))
    storage.sweep(lambda _: next(looks))
    assert [file.name for file in files(registry)] == ["new"]
