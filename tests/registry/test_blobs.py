from __future__ import annotations

import random
import threading
from collections.abc import Iterator
from dataclasses import replace

import pytest

from boxship import Bounds, Client
from boxship.digest import Digest
from boxship.errors import (
    BoxshipError,
    BrokenAnswer,
    ConnectFailed,
    DigestMismatch,
    InvalidReference,
    NotFound,
    Refused,
    SizeMismatch,
    UnexpectedAnswer,
)
from boxship.registry import blobs
from boxship.registry.blobs import Blob
from boxship.testing import (
    Answer,
    Image,
    Request,
    ScriptedRegistry,
    Server,
    black_hole,
    redirect_to,
    redirects,
    serving,
    wrong_digest,
)
from tests.transport.reaching import failing, repository, settled, traces

MIB = 1024 * 1024
LARGE = random.Random(7).randbytes(5 * MIB + 12_345)
NAMED = Digest.of(LARGE)


def blob(content: bytes, **fields: object) -> Answer:
    return replace(Answer(200, content), **fields)  # type: ignore[arg-type] # fields of their kinds


def reference(server: Server, digest: Digest = NAMED) -> str:
    return f"{repository(server)}@{digest}"


def collected(client: Client, name: str, size: int | None = None) -> tuple[bytes, BoxshipError | None]:
    """What was given out of a blob, and the error that ended it."""
    given = bytearray()
    try:
        with client.open_blob(name, size=size) as opened:
            for piece in opened:
                given += piece
    except BoxshipError as error:
        return bytes(given), error
    return bytes(given), None


def in_odd_pieces(content: bytes) -> Iterator[bytes]:
    chance, start = random.Random(3), 0
    while start < len(content):
        size = chance.choice((1, 7, 1000, 65_536, 262_144, MIB, MIB + 1))
        yield content[start : start + size]
        start += size


SENT = {
    "at once": lambda: blob(LARGE),
    "in chunks": lambda: blob(LARGE, chunked=True),
    "in odd chunks": lambda: Answer(200, list(in_odd_pieces(LARGE))),
    "until the end": lambda: Answer(200, list(in_odd_pieces(LARGE)), afterwards="close"),
}


@pytest.mark.parametrize("answer", SENT.values(), ids=SENT.keys())
def test_a_large_blob_comes_whole(answer: object) -> None:
    assert callable(answer)
    with serving(answer()) as server, Client() as client:
        assert collected(client, reference(server)) == (LARGE, None)


@pytest.mark.parametrize(
    "size", [0, 1, 2, 65_535, MIB - 1, MIB, MIB + 1, 2 * MIB, 3 * MIB, 4 * MIB, 4 * MIB + 1, len(LARGE)]
)
def test_a_blob_of_any_size_comes_whole(size: int) -> None:
    content = LARGE[:size]
    with serving(blob(content)) as server, Client() as client:
        assert collected(client, reference(server, Digest.of(content)), size) == (content, None)


def hashers() -> list[threading.Thread]:
    """The threads that hash now."""
    return [thread for thread in threading.enumerate() if thread.name == "boxship-hash"]


def test_blobs_are_hashed_in_line_while_there_are_as_many_as_processors(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(blobs, "_PROCESSORS", 2)
    with serving(blob(LARGE)) as server, Client() as client:
        with client.open_blob(reference(server)) as first:
            pieces = iter(first)
            given = bytearray(next(pieces))
            assert len(hashers()) == 1
            with client.open_blob(reference(server)) as second:
                given += next(pieces)
                assert not hashers()
                assert b"".join(bytes(piece) for piece in second) == LARGE
                assert not hashers()
            given += next(pieces)
            assert len(hashers()) == 1
            for piece in pieces:
                given += piece
        assert given == LARGE
        assert not hashers()


@pytest.mark.parametrize("algorithm", ["sha256", "sha512"])
def test_a_blob_is_verified_by_its_digest(algorithm: str) -> None:
    named = Digest.of(LARGE, algorithm)
    with serving(blob(LARGE)) as server, Client() as client:
        assert collected(client, reference(server, named)) == (LARGE, None)
    with serving(blob(LARGE[:-1] + b"!")) as server, Client() as client:
        given, error = collected(client, reference(server, named))
    assert isinstance(error, DigestMismatch)
    assert (error.expected, error.exit_status) == (str(named), 6)
    assert len(given) < len(LARGE)


def test_the_last_piece_of_a_wrong_blob_is_not_given_out() -> None:
    wrong = b"!" + LARGE[1:]
    with serving(blob(wrong)) as server, Client() as client:
        given, error = collected(client, reference(server))
    assert isinstance(error, DigestMismatch)
    assert wrong.startswith(given)
    assert 0 < len(given) < len(wrong)


def test_nothing_of_a_wrong_blob_of_one_piece_is_given_out() -> None:
    good = ScriptedRegistry(image=Image.of([b"right"]))
    with serving(wrong_digest(good)) as server, Client() as client:
        given, error = collected(client, reference(server, Digest.of(b"right")))
    assert (given, type(error)) == (b"", DigestMismatch)


@pytest.mark.parametrize(
    ("said", "given"),
    [(len(LARGE) - 1, "longer"), (len(LARGE) + 1, "shorter"), (10, "much longer"), (0, "not empty")],
)
def test_a_blob_of_another_size_is_refused(said: int, given: str) -> None:
    with serving(blob(LARGE)) as server, Client() as client:
        content, error = collected(client, reference(server), said)
    assert isinstance(error, SizeMismatch), given
    assert (error.expected, error.exit_status) == (said, 6)
    assert len(content) < len(LARGE)


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("fault", ["truncate_after", "reset_after"])
@pytest.mark.parametrize("after", [0, 10, MIB, len(LARGE) - 1])
@pytest.mark.parametrize("chunked", [False, True], ids=["length", "chunked"])
def test_a_blob_that_breaks_off_is_not_taken_for_whole(fault: str, after: int, chunked: bool) -> None:  # noqa: FBT001 -- a row
    with serving(blob(LARGE, chunked=chunked, **{fault: after})) as server, Client() as client:
        content, error = collected(client, reference(server))
    assert isinstance(error, BrokenAnswer)
    assert LARGE.startswith(content)


def test_a_blob_without_a_length_that_breaks_off_has_another_digest() -> None:
    cut = Answer(200, [LARGE], afterwards="close", truncate_after=3 * MIB)
    with serving(cut) as server, Client() as client:
        assert isinstance(collected(client, reference(server))[1], DigestMismatch)


def test_an_empty_blob_is_one() -> None:
    with serving(blob(b"")) as server, Client() as client:
        assert client.read_blob(reference(server, Digest.of(b"")), size=0) == b""


def test_an_empty_answer_is_no_blob() -> None:
    with serving(blob(b"")) as server, Client() as client:
        assert isinstance(failing(lambda: client.read_blob(reference(server))), DigestMismatch)


@pytest.mark.parametrize("content", [b"x" * 101, LARGE], ids=["one more", "many"])
def test_a_blob_of_more_than_the_limit_is_not_read(content: bytes) -> None:
    with serving(blob(content)) as server, Client() as client:
        error = failing(lambda: client.read_blob(reference(server, Digest.of(content)), limit=100))
    assert isinstance(error, BrokenAnswer)
    assert error.why == "it is longer than 100 bytes"


def test_a_blob_of_just_the_limit_is_read() -> None:
    with serving(blob(b"x" * 100)) as server, Client() as client:
        assert client.read_blob(reference(server, Digest.of(b"x" * 100)), limit=100) == b"x" * 100


def test_a_blob_that_does_not_end_is_ended_by_its_size() -> None:
    with serving(Answer(200, (LARGE for _ in iter(int, 1)))) as server, Client() as client:
        assert isinstance(failing(lambda: client.read_blob(reference(server), size=1000)), SizeMismatch)


def test_what_is_missing_is_not_found() -> None:
    with serving(ScriptedRegistry()) as server, Client() as client:
        assert isinstance(failing(lambda: client.read_blob(reference(server))), NotFound)


def test_a_length_of_more_digits_than_a_number_has_is_another_one() -> None:
    registry, head = ScriptedRegistry(), b"HTTP/1.1 200 OK\r\nContent-Length: " + b"9" * 5000 + b"\r\n\r\n"

    def answer(request: Request) -> Answer:
        return Answer(raw=head, truncate_after=0) if request.method == "HEAD" else registry(request)

    with serving(answer) as server, Client() as client:
        found = client.validate(f"{repository(server)}:v1", fast=True)
    assert {"999" in finding.what for finding in found.findings} == {True}


def test_a_blob_needs_a_digest() -> None:
    with Client() as client:
        error = failing(lambda: client.read_blob("reg.corp/app:v1"))
    assert isinstance(error, InvalidReference)
    assert error.exit_status == 2


def test_a_blob_says_its_size_and_digest() -> None:
    with serving(blob(LARGE)) as server, Client() as client, client.open_blob(reference(server)) as opened:
        assert (opened.size, opened.digest) == (len(LARGE), NAMED)
    with serving(blob(LARGE, chunked=True)) as server, Client() as client, client.open_blob(reference(server)) as other:
        assert other.size is None


def test_a_blob_that_is_left_leaves_nothing() -> None:
    kept: list[Iterator[memoryview] | Blob] = []
    with serving(blob(LARGE)) as server, Client() as client:
        before = traces()
        with client.open_blob(reference(server)) as opened:
            pieces = iter(opened)
            next(pieces)
            next(pieces)
            kept += [pieces, opened]
        assert settled(before)
    assert kept


def test_many_blobs_at_once_do_not_mix() -> None:
    contents = {str(Digest.of(bytes([n]) * (2 * MIB + n))): bytes([n]) * (2 * MIB + n) for n in range(6)}
    found: dict[str, bytes] = {}
    with serving(lambda request: blob(contents[request.path.rpartition("/")[2]])) as server, Client() as client:

        def fetch(digest: str) -> None:
            found[digest] = client.read_blob(f"{repository(server)}@{digest}", limit=3 * MIB)

        threads = [threading.Thread(target=fetch, args=(digest,)) for digest in contents]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert found == contents


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (Answer(403, b"<Error><Code>AccessDenied</Code><Message>Request has expired</Message></Error>"), Refused),
        (Answer(404, b"<Error><Code>NoSuchKey</Code></Error>"), NotFound),
        (Answer(500, b"it broke"), UnexpectedAnswer),
    ],
    ids=lambda value: getattr(value, "status", ""),
)
def test_what_the_store_behind_a_redirect_answers_is_told_as_its_own(answer: Answer, kind: type[Exception]) -> None:
    with serving(answer) as store, serving(redirect_to(f"{store.url}/b?sig=hunter2")) as server, Client() as client:
        error = failing(lambda: client.read_blob(reference(server)))
        assert f"at {server.address}" in error.what
        assert f"which sends to {store.url}: " in error.what
    assert type(error) is kind
    assert "log in" not in error.remedy
    assert "credential" not in error.remedy
    assert "hunter2" not in str(error)


def test_who_sends_to_a_store_that_is_dead_is_said_once_to_everybody_who_waits() -> None:
    with (
        black_hole() as store,
        serving(redirect_to(f"http://{store.address}/b")) as server,
        Client(bounds=Bounds(connect=0.3)) as client,
    ):
        found = tuple(client.attempt_each(client.read_blob, [reference(server)] * 4))
    for error in found:
        assert isinstance(error, ConnectFailed)
        assert error.what.count("sends to") == 1


def test_what_the_registry_itself_answers_after_a_redirect_is_its_own() -> None:
    with serving(redirects(Answer(403), after=1)) as server, Client() as client:
        error = failing(lambda: client.read_blob(reference(server)))
    assert "sends to" not in error.what
    assert "credential" in error.remedy
