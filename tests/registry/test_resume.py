from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import TypeAlias

import pytest

from boxship import Client
from boxship.digest import Digest
from boxship.errors import BrokenAnswer, DigestMismatch, NotFound, Refused, SizeMismatch, TimedOut, UnexpectedAnswer
from boxship.testing import RESET, Answer, Image, ScriptedRegistry, basic, failure, instead, redirect_to, serving
from boxship.testing import Request as Received
from boxship.testing.exchange import Answering
from tests.registry.faults import (
    CONTENT,
    MIB,
    REGISTRY,
    Fault,
    asked_from,
    collected,
    faulty,
    hasty,
)
from tests.transport.reaching import repository

pytestmark = pytest.mark.usefixtures("impatient")

FaultAt: TypeAlias = Callable[[int], Fault]
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
OFFSETS = [0, 1, 65_536, MIB - 1, MIB, MIB + 1, 2 * MIB + 17, len(CONTENT) - 1]


def broken_chunk(at: int) -> Fault:
    sent = b"%x\r\n%b\r\n" % (at, CONTENT[:at]) if at else b""
    return lambda _: Answer(body=sent + b"zz\r\n" + CONTENT[at:], raw=CHUNKED)


def trickling(at: int) -> Fault:
    def pieces() -> Iterator[bytes]:
        yield CONTENT[:at]
        yield from (CONTENT[place : place + 1] for place in range(at, len(CONTENT)))

    length = {"Content-Length": str(len(CONTENT))}
    return lambda good: replace(good, body=pieces(), body_piece_every=0.02, headers={**dict(good.headers), **length})


def with_length(at: int) -> Fault:
    return lambda good: replace(
        good, body=[CONTENT[:at]], headers={"Content-Length": str(len(CONTENT))}, afterwards="close"
    )


FAULTS: dict[str, FaultAt] = {
    "stalls": lambda at: lambda good: replace(good, stall_after=at),
    "stalls in a chunk": lambda at: lambda good: replace(good, stall_after=at, chunked=True),
    "trickles": trickling,
    "is reset": lambda at: lambda good: replace(good, reset_after=at),
    "is reset in a chunk": lambda at: lambda good: replace(good, reset_after=at, chunked=True),
    "is shorter than it says": with_length,
    "is cut short": lambda at: lambda good: replace(good, truncate_after=at),
    "is cut short in a chunk": lambda at: lambda good: replace(good, truncate_after=at, chunked=True),
    "has a broken chunk": broken_chunk,
}


@pytest.mark.parametrize("at", OFFSETS)
@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS.keys())
def test_a_blob_goes_on_where_it_stopped(fault: FaultAt, at: int) -> None:
    with serving(faulty(fault(at))) as server, Client(bounds=hasty()) as client:
        assert collected(client, server) == (CONTENT, None)
    assert asked_from(server.requests[0]) is None
    if fault in (FAULTS["is reset"], FAULTS["is reset in a chunk"]):
        assert (asked_from(server.requests[1]) or 0) <= at  # a reset takes with it what was not yet read
    elif fault is not FAULTS["trickles"]:
        assert (asked_from(server.requests[1]) or 0) == at
    elif at < len(CONTENT) - 1:
        assert at < (asked_from(server.requests[1]) or 0) < at + 100  # it goes on until it is noticed
    assert len(server.requests) <= 2


def test_a_blob_without_trouble_is_asked_for_once() -> None:
    with serving(faulty()) as server, Client() as client:
        assert collected(client, server) == (CONTENT, None)
    assert len(server.requests) == len(server.connections) == 1


def test_a_blob_whose_last_chunk_is_missing_is_whole_where_its_size_is_known() -> None:
    cut = faulty(lambda good: replace(good, chunked=True, truncate_after=len(CONTENT)))
    with serving(cut) as server, Client() as client:
        assert collected(client, server, len(CONTENT)) == (CONTENT, None)
    assert len(server.requests) == 1


def test_a_blob_whose_last_chunk_is_missing_is_whole_where_the_registry_has_no_more_of_it() -> None:
    cut = faulty(lambda good: replace(good, chunked=True, truncate_after=len(CONTENT)))
    with serving(cut) as server, Client() as client:
        assert collected(client, server) == (CONTENT, None)
    assert [asked_from(request) for request in server.requests] == [None, len(CONTENT)]


def test_a_blob_whose_last_chunk_stalls_is_whole_where_the_registry_has_no_more_of_it() -> None:
    still = faulty(lambda good: replace(good, chunked=True, stall_after=len(CONTENT)))
    with serving(still) as server, Client(bounds=hasty()) as client:
        assert collected(client, server) == (CONTENT, None)
    assert [asked_from(request) for request in server.requests] == [None, len(CONTENT)]


def test_what_is_missing_of_a_blob_is_not_made_up_for_by_a_registry_that_has_no_more_of_it() -> None:
    cut = faulty(lambda good: replace(good, chunked=True, truncate_after=MIB), failure(416, "RANGE_INVALID"))
    with serving(cut) as server, Client() as client:
        given, error = collected(client, server)
    assert isinstance(error, DigestMismatch)
    assert CONTENT.startswith(given)


def test_a_blob_that_ends_with_its_connection_goes_on_where_its_size_is_known() -> None:
    open_ended = faulty(lambda _: Answer(200, [CONTENT[:MIB]], afterwards="close"))
    with serving(open_ended) as server, Client() as client:
        assert collected(client, server, len(CONTENT)) == (CONTENT, None)
    assert asked_from(server.requests[1]) == MIB


def test_a_blob_that_says_it_is_longer_than_it_is_ends_in_an_error_or_is_whole() -> None:
    longer = {"Content-Length": str(len(CONTENT) + 10)}
    lying = instead(REGISTRY, "/blobs/", lambda _: Answer(200, [CONTENT], headers=longer, afterwards="close"))
    with serving(lying) as server, Client(bounds=hasty()) as client:
        given, error = collected(client, server)
        assert isinstance(error, BrokenAnswer)
        assert given == CONTENT[: len(given)] != CONTENT
        assert collected(client, server, len(CONTENT)) == (CONTENT, None)


def test_a_blob_that_ends_with_its_connection_has_not_ended_where_that_was_reset() -> None:
    open_ended = faulty(lambda _: Answer(200, [CONTENT], afterwards="close", reset_after=MIB))
    with serving(open_ended) as server, Client() as client:
        assert collected(client, server) == (CONTENT, None)
    assert len(server.requests) == 2


def test_the_rest_is_asked_for_on_a_new_connection() -> None:
    with serving(faulty(FAULTS["is cut short"](MIB))) as server, Client() as client:
        with client.api("GET", server.url, "/v2/") as one, client.api("GET", server.url, "/v2/") as other:
            assert one.read(100) == other.read(100)
        assert collected(client, server) == (CONTENT, None)
        assert len(server.connections) == 3


def test_a_blob_of_another_size_is_not_asked_for_again() -> None:
    with serving(faulty()) as server, Client() as client:
        error = collected(client, server, len(CONTENT) + 1)[1]
    assert isinstance(error, SizeMismatch)
    assert len(server.requests) == 1


# What answers to a request for the rest are taken for.


def stalling(at: int = MIB) -> Fault:
    return FAULTS["stalls"](at)


def said(**headers: str) -> Fault:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return lambda good: replace(good, headers={**dict(good.headers), **named})


def unsaid(name: str) -> Fault:
    return lambda good: replace(good, headers={n: v for n, v in dict(good.headers).items() if n != name})


SIZE = len(CONTENT)
ANOTHER = "sha256:" + "0" * 64
WRONG: dict[str, tuple[Fault, str]] = {
    "begins earlier": (said(Content_Range=f"bytes {MIB - 1}-{SIZE - 1}/{SIZE}"), "those from 1048576 on"),
    "begins earlier and is as long as it says": (
        lambda good: replace(said(Content_Range=f"bytes {MIB - 1}-{SIZE - 1}/{SIZE}")(good), body=CONTENT[MIB - 1 :]),
        "those from 1048576 on",
    ),
    "begins later": (said(Content_Range=f"bytes {MIB + 1}-{SIZE - 1}/{SIZE}"), "those from 1048576 on"),
    "ends earlier than it says": (said(Content_Range=f"bytes {MIB}-{SIZE - 2}/{SIZE}"), "those from 1048576 on"),
    "is of a longer one": (said(Content_Range=f"bytes {MIB}-{SIZE - 1}/{SIZE + 1}"), f"the blob has {SIZE} bytes"),
    "says nothing": (unsaid("Content-Range"), "does not say which bytes"),
    "says nonsense": (said(Content_Range="pages 3-4"), "does not say which bytes"),
    "is of another digest": (said(Docker_Content_Digest=ANOTHER), f"it is of {ANOTHER}"),
    "is of another tag": (said(ETag='"other"'), 'it is of "other", after "one"'),
    "is in a coding": (said(Content_Encoding="gzip"), "in the coding gzip"),
    "is the whole in a coding": (lambda _: Answer(200, CONTENT, headers={"Content-Encoding": "br"}), "coding br"),
    "has another status": (lambda good: replace(good, status=207), "it has the status 207"),
    "cannot be had": (lambda _: failure(416, "RANGE_INVALID"), "416"),
}


def tagged(fault: Fault) -> Fault:
    return lambda good: fault(said(ETag='"one"')(good))


@pytest.mark.parametrize(("fault", "words"), WRONG.values(), ids=WRONG.keys())
def test_a_wrong_rest_is_not_used_but_asked_for_again(fault: Fault, words: str) -> None:
    with serving(faulty(tagged(stalling()), tagged(fault))) as server, Client(bounds=hasty()) as client:
        assert collected(client, server) == (CONTENT, None)
        assert list(map(asked_from, server.requests)) == [None, MIB, MIB]
    assert words


@pytest.mark.parametrize(("fault", "words"), WRONG.values(), ids=WRONG.keys())
def test_what_is_always_wrong_is_an_error_of_its_own(fault: Fault, words: str) -> None:
    with serving(faulty(tagged(stalling()), *[tagged(fault)] * 6)) as server, Client(bounds=hasty()) as client:
        given, error = collected(client, server)
    assert isinstance(error, UnexpectedAnswer)
    assert words in str(error)
    assert CONTENT.startswith(given)
    assert len(server.requests) == 6


@pytest.mark.parametrize("at", OFFSETS)
def test_a_server_that_does_not_know_ranges_sends_the_whole_again(at: int) -> None:
    with serving(faulty(stalling(at), lambda _: Answer(200, CONTENT))) as server, Client(bounds=hasty()) as client:
        assert collected(client, server) == (CONTENT, None)
    assert len(server.requests) == 2


def test_the_whole_sent_again_is_bounded_by_silence() -> None:
    again = Answer(200, CONTENT, stall_after=MIB // 2)
    with serving(faulty(stalling(), again)) as server, Client(bounds=hasty()) as client:
        assert collected(client, server) == (CONTENT, None)
    assert list(map(asked_from, server.requests)) == [None, MIB, MIB]


def test_the_whole_sent_again_with_other_bytes_has_another_digest() -> None:
    other = Answer(200, b"?" * len(CONTENT))
    with serving(faulty(stalling(), other)) as server, Client(bounds=hasty()) as client:
        given, error = collected(client, server)
    assert isinstance(error, DigestMismatch)
    assert given != CONTENT


def test_a_rest_that_comes_in_parts_is_asked_for_part_by_part() -> None:
    def in_parts(request: Received) -> Answer:
        start, stop = asked_from(request) or 0, min((asked_from(request) or 0) + MIB // 2, SIZE)
        part = {"Content-Range": f"bytes {start}-{stop - 1}/{SIZE}"}
        return Answer(206, CONTENT[start:stop], headers=part) if start else stalling()(REGISTRY(request))

    with serving(instead(REGISTRY, "/blobs/", in_parts)) as server, Client(bounds=hasty()) as client:
        assert collected(client, server) == (CONTENT, None)
    assert len(server.requests) == 6


@pytest.mark.parametrize(("tag", "sent"), [('"strong"', '"strong"'), ('W/"weak"', None), ("bare", None)])
def test_only_a_strong_tag_is_a_condition(tag: str, sent: str | None) -> None:
    with serving(faulty(lambda good: said(ETag=tag)(stalling()(good)))) as server, Client(bounds=hasty()) as client:
        assert collected(client, server) == (CONTENT, None)
    assert server.requests[1].headers.get("if-range") == sent


def test_bytes_are_asked_for_as_they_are_stored() -> None:
    with serving(faulty(stalling())) as server, Client(bounds=hasty()) as client:
        collected(client, server)
    assert [request.headers.get("accept-encoding") for request in server.requests] == ["identity"] * 2


# How often, and what ends it.


def resetting(every: int) -> Answering:
    def cut(request: Received) -> Answer:
        return replace(REGISTRY(request), truncate_after=every)

    return instead(REGISTRY, "/blobs/", cut)


def test_a_blob_that_gains_a_mebibyte_each_time_comes_however_often_it_breaks_off() -> None:
    long = CONTENT * 3
    registry = ScriptedRegistry(image=Image.of([long]))
    cut = instead(registry, "/blobs/", lambda request: replace(registry(request), truncate_after=MIB))
    with serving(cut) as server, Client() as client:
        assert client.read_blob(f"{repository(server)}@{Digest.of(long)}", limit=len(long)) == long
    assert len(server.requests) == 10


def test_a_blob_that_gains_less_is_asked_for_five_times_more_and_then_no_more() -> None:
    with serving(resetting(MIB // 8)) as server, Client() as client:
        given, error = collected(client, server)
    assert isinstance(error, BrokenAnswer)
    assert "asked for the rest 5 times" in error.why
    assert CONTENT.startswith(given)
    assert len(server.requests) == 6
    assert [event.name for event in error.timeline].count("Resume") == 5


def test_a_blob_that_always_stalls_ends_as_what_it_is() -> None:
    with serving(faulty(*[stalling(10)] * 6)) as server, Client(bounds=hasty()) as client:
        given, error = collected(client, server)
    assert isinstance(error, TimedOut)
    assert CONTENT.startswith(given)
    assert (error.phase, error.exit_status) == ("body", 5)
    assert len(server.requests) == 6


REFUSALS: dict[str, tuple[Answer, type[Exception]]] = {
    "404": (failure(404, "BLOB_UNKNOWN"), NotFound),
    "403": (failure(403, "DENIED"), Refused),
    "401": (failure(401, "UNAUTHORIZED"), Refused),
}


@pytest.mark.parametrize(("refusal", "kind"), REFUSALS.values(), ids=REFUSALS.keys())
def test_a_refusal_ends_it_at_once(refusal: Answer, kind: type[Exception]) -> None:
    cut = FAULTS["is cut short"](MIB)
    with serving(faulty(cut, refusal)) as server, Client() as client:
        given, error = collected(client, server)
    assert isinstance(error, kind)
    assert CONTENT.startswith(given)
    assert len(server.requests) == 2


@pytest.mark.parametrize("trouble", [failure(503, "UNAVAILABLE"), RESET], ids=["503", "reset"])
def test_trouble_in_asking_is_no_refusal(trouble: Answer) -> None:
    with serving(faulty(FAULTS["is cut short"](MIB), trouble)) as server, Client() as client:
        assert collected(client, server) == (CONTENT, None)
    assert [asked_from(request) for request in server.requests] == [None, MIB, MIB]


# Who learns what.


def test_the_rest_is_asked_for_at_the_registry_whose_redirect_is_new_each_time() -> None:
    storage = faulty(stalling())
    signed: list[str] = []

    def redirecting(request: Received) -> Answer:
        signed.append(f"{request.path}?signature={len(signed)}")
        return redirect_to(f"http://{kept.address}{signed[-1]}")

    with serving(storage) as kept:
        registry = instead(ScriptedRegistry(access=basic("alice", "secret")), "/blobs/", guarded(redirecting))
        with serving(registry) as server, Client(username="alice", password="secret", bounds=hasty()) as client:
            assert collected(client, server) == (CONTENT, None)
    assert [request.target for request in kept.requests] == signed
    assert len(signed) == 2
    assert [request for request in kept.requests if "authorization" in request.headers] == []
    assert [asked_from(request) for request in kept.requests] == [None, MIB]
    assert "authorization" in server.requests[-1].headers


def guarded(answer: Answering) -> Answering:
    access = basic("alice", "secret")
    return lambda request: access(request) or answer(request)
