"""Blobs on their way to a registry that is in trouble: what came is kept, the rest follows, and it has an end."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import pytest

from boxship import Client
from boxship.digest import Digest
from boxship.errors import BoxshipError, BrokenAnswer, Refused, UnexpectedAnswer
from boxship.reference import Registry
from boxship.registry.uploads import How, push_blob
from boxship.spec.descriptor import Descriptor
from boxship.testing import Answer, Request, serving

CONTENT = os.urandom(5 << 20)
BLOB = Descriptor(media_type="", digest=Digest.of(CONTENT), size=len(CONTENT))
MIB = 1 << 20


class Held:
    """The content, from which bytes on it was opened, and how often that was closed."""

    def __init__(self) -> None:
        self.opened: list[int] = []
        self.closed = 0

    @contextmanager
    def open_blob(self, blob: Descriptor, at: int = 0) -> Iterator[Iterator[memoryview]]:
        self.opened.append(at)
        try:
            yield (memoryview(CONTENT)[start : start + MIB] for start in range(at, blob.size, MIB))
        finally:
            self.closed += 1


class Endless:
    """A blob of any size."""

    given = 0

    @contextmanager
    def open_blob(self, blob: Descriptor, at: int = 0) -> Iterator[Iterator[memoryview]]:
        yield self._pieces(blob.size - at)

    def _pieces(self, size: int) -> Iterator[memoryview]:
        piece = memoryview(bytes(MIB))
        for _ in range(size // MIB):
            self.given += MIB
            yield piece


@dataclass
class Uploads:
    """A registry that takes one blob: chunks of at most `most` bytes; `troubles` come before they are taken."""

    most: int = 1 << 40
    least: str = ""
    troubles: list[Answer] = field(default_factory=list)
    keeps: int = 0  # bytes of what a trouble comes in the place of
    location: str = "/v2/app/blobs/uploads/1?state=a"
    received: bytes = b""
    begun: int = 0
    chunks: list[str] = field(default_factory=list)

    def __call__(self, request: Request) -> Answer:
        there = {"Location": self.location, "Range": f"0-{max(0, len(self.received) - 1)}"}
        if request.method == "HEAD":
            return Answer(404)
        if request.method == "POST":
            self.begun += 1
            self.received = b""
            return Answer(202, headers=there | ({"OCI-Chunk-Min-Length": self.least} if self.least else {}))
        if request.method == "GET":
            return Answer(204, headers=there)
        if request.method == "PATCH":
            return self._patched(request)
        assert request.query == (("state", "a"), ("digest", str(BLOB.digest)))
        return Answer(201 if self.received + request.body == CONTENT else 400)

    def _patched(self, request: Request) -> Answer:
        if len(request.body) > self.most:
            return Answer(413)
        if self.troubles:
            self.received += request.body[: self.keeps]
            return self.troubles.pop(0)
        self.chunks.append(request.headers["content-range"])
        self.received += request.body
        return Answer(202, headers={"Location": self.location, "Range": f"0-{len(self.received) - 1}"})


def pushed(uploads: Uploads, source: Held) -> How:
    with serving(uploads) as server, Client() as client, client._operations.at(Registry.parse(server.url)) as remote:
        return push_blob(remote, "app", BLOB, source)


def test_a_blob_is_sent_in_one_piece_where_nothing_is_in_the_way() -> None:
    uploads, source = Uploads(), Held()
    assert pushed(uploads, source) is How.PUSHED
    assert (uploads.chunks, uploads.begun, source.opened) == ([f"0-{len(CONTENT) - 1}"], 1, [0])


def test_what_a_proxy_finds_too_long_comes_in_chunks() -> None:
    uploads, source = Uploads(most=2 * MIB), Held()
    assert pushed(uploads, source) is How.PUSHED
    assert uploads.chunks == [f"{at}-{at + MIB - 1}" for at in range(0, len(CONTENT), MIB)]


def test_who_answers_before_it_has_all_is_not_sent_the_rest() -> None:
    """It goes on reading, and forgets what it reads, as nginx does for half a minute."""
    uploads, source = Uploads(), Endless()
    blob = Descriptor(media_type="", digest=BLOB.digest, size=1 << 34)

    def refusing(request: Request) -> Answer:
        return Answer(403) if request.method == "PATCH" else uploads(request)

    with (
        serving(refusing, early=True) as server,
        Client() as client,
        client._operations.at(Registry.parse(server.url)) as remote,
        pytest.raises(Refused),
    ):
        push_blob(remote, "app", blob, source)
    assert source.given < 64 * MIB


@pytest.mark.parametrize("answer", [Answer(403), Answer(reset_after=0), Answer(raw=b"no HTTP\r\n\r\n")])
def test_what_was_opened_is_closed_when_it_fails_and_not_when_its_error_is_forgotten(
    answer: Answer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("boxship.registry.again._FIRST_PAUSE", 0.01)
    uploads, source = Uploads(), Held()

    def failing(request: Request) -> Answer:
        return answer if request.method == "PATCH" else uploads(request)

    with (
        serving(failing, early=True) as server,
        Client() as client,
        client._operations.at(Registry.parse(server.url)) as remote,
        pytest.raises(BoxshipError) as caught,
    ):
        push_blob(remote, "app", BLOB, source)
    assert source.closed == len(source.opened) > 0, caught.value


def test_no_chunk_is_shorter_than_the_registry_takes() -> None:
    uploads = Uploads(most=2 * MIB, least=str(2 * MIB))
    assert pushed(uploads, Held()) is How.PUSHED
    assert uploads.chunks[0] == f"0-{2 * MIB - 1}"


@pytest.mark.parametrize("status", [500, 503, 416])
def test_the_rest_follows_what_came_before_the_trouble(status: int) -> None:
    uploads, source = Uploads(troubles=[Answer(status)], keeps=3 * MIB), Held()
    assert pushed(uploads, source) is How.PUSHED
    assert (uploads.chunks, uploads.begun) == ([f"{3 * MIB}-{len(CONTENT) - 1}"], 1)
    assert source.opened == [0, 3 * MIB]


@pytest.mark.parametrize("status", [404, 500])
def test_an_upload_of_which_nothing_is_left_begins_anew(status: int) -> None:
    uploads = Uploads(troubles=[Answer(status)])
    assert pushed(uploads, Held()) is How.PUSHED
    assert uploads.begun == 2


def test_an_upload_that_never_goes_on_ends_with_what_is_wrong(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("boxship.registry.again._FIRST_PAUSE", 0.01)
    uploads = Uploads(troubles=[Answer(500)] * 99)
    with pytest.raises(UnexpectedAnswer, match="500"):
        pushed(uploads, Held())
    assert len(uploads.troubles) > 90


@pytest.mark.parametrize("status", [401, 403])
def test_who_may_not_push_is_told_at_once(status: int) -> None:
    uploads = Uploads(troubles=[Answer(status)])
    with pytest.raises(Refused):
        pushed(uploads, Held())
    assert uploads.begun == 1


def test_no_strangers_host_is_sent_a_blob() -> None:
    uploads = Uploads(location="https://elsewhere.example/upload")
    with pytest.raises(UnexpectedAnswer, match="another host"):
        pushed(uploads, Held())


@pytest.mark.parametrize("error", [BrokenAnswer("the source", why="it is broken for good"), OSError("a bad disk")])
def test_what_is_wrong_with_the_source_is_no_trouble_of_the_upload(error: Exception) -> None:
    class Broken(Held):
        @contextmanager
        def open_blob(self, blob: Descriptor, at: int = 0) -> Iterator[Iterator[memoryview]]:
            with super().open_blob(blob, at) as pieces:
                yield self._breaking(pieces)

        def _breaking(self, pieces: Iterator[memoryview]) -> Iterator[memoryview]:
            yield next(pieces)
            raise error

    source = Broken()
    with pytest.raises(type(error)) as caught:
        pushed(Uploads(), source)
    assert caught.value is error
    assert source.opened == [0]
