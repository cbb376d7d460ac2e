"""Each kind of request has its bounds: for its first byte, and for all that a document takes."""

from __future__ import annotations

import time
from dataclasses import replace

import pytest

from boxship import Client
from boxship.connect.deadline import DOCUMENT_ALL
from boxship.errors import BoxshipError, RateLimited, TimedOut
from boxship.testing import (
    NEVER,
    Answer,
    Answering,
    ScriptedRegistry,
    TokenServer,
    bearer,
    by_path,
    endless,
    in_turn,
    instead,
    rate_limited,
    redirect_to,
    serving,
)
from tests.transport.reaching import SHORT, bounds, failing, repository, tags

GOOD = ScriptedRegistry()
DIGEST, LAYER = max(GOOD.image.blobs.items(), key=lambda item: len(item[1]))
TOKENS = TokenServer(anonymous=True)
CHALLENGING = ScriptedRegistry(access=bearer("/token", TOKENS))
LATE = 0.15  # half of SHORT


def of_all(error: BoxshipError) -> bool:
    return isinstance(error, TimedOut) and (error.phase, error.seconds) == (DOCUMENT_ALL, SHORT)


SLOW: dict[str, Answering] = {
    "waits for a token": by_path({"/token": NEVER, "/": CHALLENGING}),
    "is redirected to silence": in_turn(redirect_to("/v2/elsewhere/manifests/v1"), NEVER),
    "trickles": lambda _: Answer(200, endless(b" "), body_piece_every=0.02),
}


@pytest.mark.parametrize("answer", SLOW.values(), ids=SLOW)
def test_a_document_has_one_bound_with_all_it_needs(answer: Answering) -> None:
    with serving(answer) as server, Client(bounds=bounds(document_all=SHORT)) as client:
        began = time.monotonic()
        error = failing(lambda: client.document(f"{repository(server)}:v1"))
        assert time.monotonic() - began < SHORT + 0.5
    assert of_all(error)
    assert error.timeline
    assert DOCUMENT_ALL in str(error)


PATIENCE: dict[str, Answer | Answering] = {
    "the registry": rate_limited("30"),
    "the token server": by_path({"/token": rate_limited("30"), "/": CHALLENGING}),
}


@pytest.mark.parametrize("answer", PATIENCE.values(), ids=PATIENCE)
def test_a_wait_that_would_outlast_the_bound_is_not_begun(answer: Answer | Answering) -> None:
    with serving(answer) as server, Client(bounds=bounds(document_all=SHORT)) as client:
        error = failing(lambda: client.document(f"{repository(server)}:v1"))
    assert isinstance(error, RateLimited)
    assert error.retry_after == 30


def test_steps_that_are_each_in_time_are_together_too_late() -> None:
    late = in_turn(replace(redirect_to("/v2/elsewhere/manifests/v1"), delay=LATE), Answer(200, b"{}", delay=1.9 * LATE))
    with serving(late) as server, Client(bounds=bounds(first_byte=2 * LATE, document_all=SHORT)) as client:
        assert of_all(failing(lambda: client.document(f"{repository(server)}:v1")))


def test_the_bound_is_for_each_document_and_not_for_all_that_a_caller_asks() -> None:
    late = Answer(200, b'{"tags":["a"]}', delay=LATE)
    with serving(late) as server, Client(bounds=bounds(document_all=SHORT, first_byte_slow=SHORT)) as client:
        for _ in range(5):
            assert tags(client, server) == ["a"]


def test_a_page_of_a_list_has_the_time_of_its_first_byte_besides() -> None:
    late = Answer(200, b'{"tags":["a"]}', delay=LATE)
    with serving(late) as server, Client(bounds=bounds(document_all=0.05, first_byte_slow=5.0)) as client:
        assert tags(client, server) == ["a"]


def test_a_list_ends_all_the_same() -> None:
    short = bounds(document_all=LATE, first_byte_slow=LATE)
    with serving(SLOW["trickles"]) as server, Client(bounds=short) as client:
        assert of_all(failing(lambda: tags(client, server)))


def test_a_blob_may_take_any_time() -> None:
    pieces = Answer(200, (LAYER[start : start + 100] for start in range(0, len(LAYER), 100)), body_piece_every=0.05)
    with serving(instead(GOOD, "/blobs/", pieces)) as server, Client(bounds=bounds(document_all=LATE)) as client:
        began = time.monotonic()
        assert client.read_blob(f"{repository(server)}@{DIGEST}") == LAYER
        assert time.monotonic() - began > LATE


def test_the_token_for_a_blob_has_the_bound_of_a_document() -> None:
    silent = by_path({"/token": NEVER, "/": CHALLENGING})
    with serving(silent) as server, Client(bounds=bounds(document_all=SHORT)) as client:
        assert of_all(failing(lambda: client.read_blob(f"{repository(server)}@{DIGEST}")))


MOVES = {
    "the PUT that closes an upload": ("PUT", "/v2/app/blobs/uploads/1?digest=sha256:0"),
    "a manifest that is put": ("PUT", "/v2/app/manifests/v1"),
    "a mount": ("POST", "/v2/app/blobs/uploads/?mount=sha256:0&from=other"),
}


@pytest.mark.parametrize(("method", "path"), MOVES.values(), ids=MOVES)
def test_what_makes_a_registry_move_bytes_has_its_own_bound(method: str, path: str) -> None:
    with serving(Answer(201, delay=SHORT)) as server:
        patient = bounds(first_byte=LATE, first_byte_slow=LATE, document_all=LATE, first_byte_moving=9)
        with Client(bounds=patient) as client, client.api(method, server.url, path, body=b"x") as response:
            assert response.status == 201
    with serving(NEVER) as server, Client(bounds=bounds(first_byte_moving=SHORT)) as client:
        error = failing(lambda: client.api(method, server.url, path, body=b"x").__enter__())
    assert isinstance(error, TimedOut)
    assert (error.phase, error.seconds) == ("first byte", SHORT)


def test_what_moves_nothing_has_the_bound_of_a_search() -> None:
    with serving(NEVER) as server, Client(bounds=bounds(first_byte_slow=SHORT)) as client:
        error = failing(lambda: client.api("PATCH", server.url, "/v2/app/blobs/uploads/1", body=b"x").__enter__())
    assert isinstance(error, TimedOut)
    assert error.seconds == SHORT
