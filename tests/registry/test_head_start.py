"""A blob that is sent while it is being made: no more than a head start, whatever goes wrong with it."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from boxship import Client
from boxship.digest import Digest
from boxship.image.content import Spooled
from boxship.image.growing import GrowingFile
from boxship.reference import Reference, Registry
from boxship.registry.repository import Repository
from boxship.registry.uploads import How
from boxship.spec.descriptor import Descriptor
from boxship.testing import Answer, Request, serving

MIB = 1 << 20
CONTENT = os.urandom(20 * MIB)
BLOB = Descriptor(media_type="", digest=Digest.of(CONTENT), size=len(CONTENT))
PATIENCE = 30.0  # seconds


@dataclass
class Uploads:
    """A registry that takes one blob; `troubles` come before it is taken on."""

    troubles: list[Answer] = field(default_factory=list)
    there: bool = False
    received: bytes = b""
    asked: list[str] = field(default_factory=list)
    came: threading.Event = field(default_factory=threading.Event)

    def __call__(self, request: Request) -> Answer:
        self.asked.append(request.method)
        there = {"Location": "/v2/app/blobs/uploads/1", "Range": f"0-{max(0, len(self.received) - 1)}"}
        if request.method == "HEAD":
            return Answer(200 if self.there else 404)
        if request.method == "POST":
            self.received = b""
            return Answer(202, headers=there)
        if request.method == "GET":
            return Answer(204, headers=there)
        if request.method == "PATCH":
            return self._patched(request)
        whole = self.received + request.body == CONTENT and ("digest", str(BLOB.digest)) in request.query
        return Answer(201 if whole else 400)

    def _patched(self, request: Request) -> Answer:
        try:
            if self.troubles:
                return self.troubles.pop(0)
            assert request.headers["content-range"].startswith(f"{len(self.received)}-")
            self.received += request.body
            last = len(self.received) - 1
            return Answer(202, headers={"Location": "/v2/app/blobs/uploads/1", "Range": f"0-{last}"})
        finally:
            self.came.set()


class Left:
    """The blob, and from which byte on it was wanted."""

    def __init__(self, path: Path) -> None:
        self.content, self.wanted = Spooled(path), list[int]()

    @contextmanager
    def open_blob(self, blob: Descriptor, at: int = 0) -> Iterator[Iterator[memoryview]]:
        assert blob == BLOB
        self.wanted.append(at)
        yield self.content.pieces(at)


@contextmanager
def repository(uploads: Callable[[Request], Answer]) -> Iterator[Repository]:
    with serving(uploads) as server, Client() as client, client._operations.at(Registry.parse(server.url)) as remote:
        yield Repository(remote, Reference.parse(f"{server.url.removeprefix('http://')}/app"))


def made_while_sent(uploads: Uploads, path: Path) -> tuple[How, Left]:
    """The blob's end is made when the registry has been sent of its beginning."""
    left = Left(path)
    with repository(uploads) as target:
        file = GrowingFile(path)
        with target.send_while_made(file) as known:
            with file:
                file.write(CONTENT[: 12 * MIB])
                assert uploads.came.wait(PATIENCE)
                file.write(CONTENT[12 * MIB :])
            known(BLOB.digest)
        return target.take_blob(BLOB, left), left


def test_its_beginning_is_there_before_its_end_is_made_and_is_sent_once(tmp_path: Path) -> None:
    uploads = Uploads()
    how, left = made_while_sent(uploads, tmp_path / "blob")
    assert how is How.PUSHED
    assert uploads.asked.count("POST") == 1
    assert all(at >= 12 * MIB for at in left.wanted)
    assert (uploads.asked[-1], uploads.received[: 12 * MIB]) == ("PUT", CONTENT[: 12 * MIB])


@pytest.mark.parametrize("status", [400, 401, 403, 404, 405, 411, 413, 416, 429, 500, 503])
def test_a_registry_that_does_not_take_it_so_gets_it_when_it_is_whole(tmp_path: Path, status: int) -> None:
    uploads = Uploads([Answer(status)])
    how, left = made_while_sent(uploads, tmp_path / "blob")
    assert (how, left.wanted[0]) == (How.PUSHED, 0)
    assert (uploads.received, uploads.asked[-1]) == (CONTENT, "PUT")


def test_what_the_registry_turns_out_to_have_is_left(tmp_path: Path) -> None:
    uploads = Uploads(there=True)
    how, left = made_while_sent(uploads, tmp_path / "blob")
    assert (how, left.wanted) == (How.PRESENT, [])
    assert "PUT" not in uploads.asked


def test_what_is_short_is_sent_when_it_is_whole(tmp_path: Path) -> None:
    uploads = Uploads()
    file = GrowingFile(tmp_path / "blob")
    with repository(uploads) as target, target.send_while_made(file) as known:
        with file:
            file.write(CONTENT[:MIB])
        known(Digest.of(CONTENT[:MIB]))
    assert not uploads.asked


def test_what_is_not_made_to_its_end_is_no_blob(tmp_path: Path) -> None:
    """And nobody waits for a registry that does not answer to what there is of it."""
    came, go_on = threading.Event(), threading.Event()

    def silent(request: Request) -> Answer:
        if request.method == "POST":
            return Answer(202, headers={"Location": "/v2/app/blobs/uploads/1"})
        came.set()
        assert go_on.wait(PATIENCE)
        return Answer(202)

    def breaking_off(target: Repository) -> None:
        file = GrowingFile(tmp_path / "blob")
        with target.send_while_made(file), file:
            file.write(CONTENT)
            assert came.wait(PATIENCE)
            raise ZeroDivisionError

    with repository(silent) as target:
        with pytest.raises(ZeroDivisionError):
            breaking_off(target)
        assert not [thread for thread in threading.enumerate() if thread.name == "boxship-head-start"]
        go_on.set()


def test_what_another_thread_writes_is_waited_for(tmp_path: Path) -> None:
    file = GrowingFile(tmp_path / "blob")
    with file:
        file.write(b"abc")
        assert file.wait(2) == 3
        later = threading.Thread(target=file.write, args=(b"def",))
        later.start()
        assert file.wait(5) == 6
        later.join()
        assert b"".join(map(bytes, file.pieces(1, 5))) == b"bcde"
    assert file.wait(1) == 0
