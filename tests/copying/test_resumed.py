"""An upload that was not finished goes on when the same is run again, whatever has ended the process."""

from __future__ import annotations

import json
import os
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from urllib.request import urlopen

import pytest

from boxship import Client
from boxship.digest import Digest
from boxship.errors import BoxshipError, NotFound
from boxship.formats.oci_layout import OCILayout
from boxship.reference import Registry
from boxship.registry.uploads import How, push_blob
from boxship.spec.descriptor import Descriptor
from boxship.testing import (
    Answer,
    Image,
    Request,
    ScriptedRegistry,
    Server,
    in_turn,
    instead,
    registry,
    serving,
    spoilt,
)
from boxship.testing.exchange import Answering
from tests.cli.running import begin, boxship, contents_below
from tests.copying.narrow import narrow
from tests.formats.stores import copied, in_memory
from tests.peers.programs import docker_registry
from tests.registry.test_uploads import BLOB, CONTENT, MIB, Held, Uploads

LAYER = os.urandom(6 * MIB)
IMAGE = Image.of([LAYER])
SECRET = "a-token-in-the-location"
PATIENCE = 20.0


def stalling_once(after: int) -> Answering:
    """A registry that sends so much of the layer the first time, and then nothing more."""
    good = ScriptedRegistry(image=IMAGE, tags=("1",))
    stalled = spoilt(good, "/blobs/", lambda answer: replace(answer, stall_after=after))
    return instead(good, Digest.of(LAYER).hex, in_turn(stalled, good))


def until(there: Callable[[], bool]) -> None:
    end = time.monotonic() + PATIENCE
    while not there():
        assert time.monotonic() < end
        time.sleep(0.02)


def largest(folder: Path) -> int:
    """The size of the largest file below the folder."""
    return max(map(len, contents_below(folder)), default=0)


@pytest.mark.skipif(sys.platform == "win32", reason="it has no SIGKILL")
@pytest.mark.parametrize("how", ["SIGKILL", "SIGINT", "SIGTERM"])
def test_a_copy_that_was_ended_goes_on_where_the_registry_has_it(home: Path, how: str) -> None:
    with registry() as target, serving(stalling_once(4 * MIB)) as source:
        words = "copy", f"{source.address}/app:1", f"{target.address}/app:1"
        with begin(*words) as process:
            try:
                until(lambda: largest(target.folder) >= 2 * MIB)
            finally:
                process.send_signal(signal.Signals[how])
            _, errors = process.communicate(timeout=PATIENCE)
        assert b"Traceback" not in errors
        assert process.returncode == (130 if how == "SIGINT" else -signal.Signals[how])
        with Client() as client, pytest.raises(NotFound):
            client.digest(f"{target.address}/app:1")
        (kept,) = home.rglob("uploads/*.json")
        assert stat.S_IMODE(kept.stat().st_mode) == 0o600
        done = boxship(*words)
        assert done.status == 0, done.errors
        assert asked_from(source) >= MIB
        with Client() as client:
            at = f"{target.address}/app@{Digest.of(LAYER)}"
            assert client.read_blob(at, limit=len(LAYER)) == LAYER
        assert list(home.rglob("uploads/*.json")) == []


def received(home: Path, address: str) -> int:
    """How many bytes of the one unfinished upload its registry says that it has; it hears late of who has gone."""
    (kept,) = home.rglob("uploads/*.json")
    path = json.loads(kept.read_text())["path"]
    with urlopen(f"http://{address}{path}") as answer:
        return int(answer.headers["Range"].partition("-")[2]) + 1


@pytest.mark.skipif(sys.platform == "win32", reason="it has no SIGKILL")
@pytest.mark.parametrize("how", ["SIGKILL", "SIGINT", "SIGTERM"])
def test_a_push_that_was_ended_sends_only_the_rest(tmp_path: Path, home: Path, how: str) -> None:
    copied(in_memory(IMAGE, "1"), "1", OCILayout(tmp_path / "layout"), "app")
    with registry() as target, narrow(target.address, 4 * MIB) as way:
        words = "push", str(tmp_path / "layout"), f"{way.address}/app:1"
        with begin(*words) as process:
            try:
                until(lambda: largest(target.folder) >= 2 * MIB)
            finally:
                process.send_signal(signal.Signals[how])
            _, errors = process.communicate(timeout=PATIENCE)
        assert b"Traceback" not in errors
        assert process.returncode == (130 if how == "SIGINT" else -signal.Signals[how])
        way.open()
        until(lambda: received(home, target.address) >= 2 * MIB)
        done = boxship(*words)
        assert done.status == 0, done.errors
        assert way.sent < 5 * MIB
        with Client() as client:
            assert client.digest(f"{target.address}/app:1") == IMAGE.digest
    assert list(home.rglob("uploads/*.json")) == []


@pytest.mark.peer("docker-registry")
def test_a_push_that_was_killed_is_done_anew_where_the_registry_has_forgotten_it(tmp_path: Path, home: Path) -> None:
    """CNCF distribution 2 gives up an upload that broke off in the middle of a request."""
    with docker_registry(tmp_path) as target, serving(stalling_once(4 * MIB)) as source:
        words = "copy", f"{source.address}/app:1", f"{target}/app:1"
        with begin(*words) as process:
            try:
                until(lambda: largest(tmp_path) >= 2 * MIB)
            finally:
                process.kill()
        done = boxship(*words)
        assert done.status == 0, done.errors
        with Client() as client:
            assert client.read_blob(f"{target}/app@{Digest.of(LAYER)}", limit=len(LAYER)) == LAYER
    assert list(home.rglob("uploads/*.json")) == []


def asked_from(server: Server) -> int:
    """The byte from which on the layer was asked for, the second time."""
    _, asked = (request for request in server.requests if request.path.endswith(Digest.of(LAYER).hex))
    return int(asked.headers.get("range", "bytes=0-").removeprefix("bytes=").removesuffix("-"))


# The same inside one process, where the registry is scripted: a client that is closed stands for one that was killed.


@contextmanager
def pushing(server: Server, memory: Path | None) -> Iterator[Callable[[Held], How]]:
    with Client(memory=memory) as client, client._operations.at(Registry.parse(server.url)) as remote:
        yield lambda source: push_blob(remote, "app", BLOB, source)


def broken_off(uploads: Uploads, server: Server, memory: Path | None) -> None:
    """An upload of which 3 MiB have come, and that was refused then."""
    uploads.troubles, uploads.keeps = [Answer(403)], 3 * MIB
    with pushing(server, memory) as push, pytest.raises(BoxshipError):
        push(Held())


def pushed_again(server: Server, memory: Path | None) -> list[int]:
    """From which bytes on the blob is opened."""
    source = Held()
    with pushing(server, memory) as push:
        assert push(source) is How.PUSHED
    return source.opened


def test_what_came_is_asked_for_and_only_the_rest_is_sent(tmp_path: Path) -> None:
    uploads = Uploads()
    with serving(uploads) as server:
        broken_off(uploads, server, tmp_path)
        assert pushed_again(server, tmp_path) == [3 * MIB]
    assert uploads.begun == 1
    assert list(tmp_path.rglob("uploads/*.json")) == []


def test_nothing_is_kept_where_nothing_is_to_be() -> None:
    uploads = Uploads()
    with serving(uploads) as server:
        broken_off(uploads, server, None)
        assert pushed_again(server, None) == [0]


@pytest.mark.parametrize("gone", [404, 400, 416, 500])
def test_an_upload_that_the_registry_does_not_know_any_more_begins_anew(tmp_path: Path, gone: int) -> None:
    uploads = Uploads()
    answers: list[Answer] = []

    def forgetful(request: Request) -> Answer:
        return answers[0] if answers and request.method == "GET" else uploads(request)

    with serving(forgetful) as server:
        broken_off(uploads, server, tmp_path)
        answers.append(Answer(gone))
        assert pushed_again(server, tmp_path) == [0]
    assert uploads.begun == 2


def test_an_upload_with_other_bytes_in_it_begins_anew(tmp_path: Path) -> None:
    uploads = Uploads()
    with serving(uploads) as server:
        broken_off(uploads, server, tmp_path)
        uploads.received = b"x" * len(uploads.received)
        assert pushed_again(server, tmp_path) == [3 * MIB, 0]
    assert uploads.received == CONTENT


def test_an_upload_that_has_more_than_the_blob_begins_anew(tmp_path: Path) -> None:
    uploads = Uploads()
    with serving(uploads) as server:
        broken_off(uploads, server, tmp_path)
        uploads.received += bytes(len(CONTENT))
        assert pushed_again(server, tmp_path) == [0]


def changed(tmp_path: Path, **fields: object) -> None:
    (kept,) = tmp_path.rglob("uploads/*.json")
    kept.write_text(json.dumps({**json.loads(kept.read_text()), **fields}))


@pytest.mark.parametrize(
    "fields",
    [
        {"at": 0.0},
        {"at": 1e12},
        {"path": "https://elsewhere.example/"},
        {"path": 1},
        {"origin": "https://elsewhere.example:443"},
        {"process": "1"},
        {"version": 2},
    ],
)
def test_what_is_stale_or_was_not_written_so_is_not_used(tmp_path: Path, fields: dict[str, object]) -> None:
    uploads = Uploads()
    with serving(uploads) as server:
        broken_off(uploads, server, tmp_path)
        changed(tmp_path, **fields)
        assert pushed_again(server, tmp_path) == [0]


@pytest.mark.skipif(sys.platform == "win32", reason="there, nobody can be asked for without harm")
def test_an_upload_that_another_process_is_at_is_left_to_it(tmp_path: Path) -> None:
    uploads = Uploads()
    with (
        serving(uploads) as server,
        subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as other,
    ):
        broken_off(uploads, server, tmp_path)
        changed(tmp_path, process=other.pid)
        try:
            assert pushed_again(server, tmp_path) == [0]
        finally:
            other.kill()


def test_files_that_others_can_write_are_not_used(tmp_path: Path) -> None:
    uploads = Uploads()
    with serving(uploads) as server:
        broken_off(uploads, server, tmp_path)
        (kept,) = tmp_path.rglob("uploads/*.json")
        kept.chmod(0o666)
        assert pushed_again(server, tmp_path) == [0]


def test_the_address_of_an_upload_is_shown_to_nobody(tmp_path: Path) -> None:
    uploads = Uploads(location=f"/v2/app/blobs/uploads/{SECRET}?state=a")
    said: list[str] = []
    with (
        serving(uploads) as server,
        Client(memory=tmp_path, on_event=lambda event: said.append(f"{event} {event.facts}")) as client,
        client._operations.at(Registry.parse(server.url)) as remote,
    ):
        uploads.troubles, uploads.keeps = [Answer(500), Answer(403)], 3 * MIB
        with pytest.raises(BoxshipError) as caught:
            push_blob(remote, "app", BLOB, Held())
    assert any("blobs/uploads" in line for line in said)
    assert SECRET not in "".join(said)
    assert SECRET not in f"{caught.value} {caught.value.timeline}"
    (kept,) = tmp_path.rglob("uploads/*.json")
    assert SECRET in kept.read_text()


def test_a_short_blob_leaves_nothing(tmp_path: Path) -> None:
    short = Descriptor(media_type="", digest=Digest.of(b"short"), size=5)
    with (
        serving(lambda request: Answer(404 if request.method == "HEAD" else 403)) as server,
        Client(memory=tmp_path) as client,
        client._operations.at(Registry.parse(server.url)) as remote,
        pytest.raises(BoxshipError),
    ):
        push_blob(remote, "app", short, Held())
    assert list(tmp_path.rglob("uploads/*.json")) == []
