from __future__ import annotations

import threading
import time
from collections.abc import Mapping

import pytest

from boxship import Client
from boxship.errors import Cancelled, RateLimited
from boxship.testing import (
    NEVER,
    Answer,
    TokenServer,
    endless,
    failure,
    html,
    in_turn,
    json_answer,
    rate_limited,
)
from tests.auth.guarded import TAGS, ana, asked, guarded
from tests.transport.reaching import AT_ONCE, bounds, cancelling, failing, tags

TROUBLE: Mapping[str, tuple[Answer, int, str]] = {
    "refuses": (failure(401, "UNAUTHORIZED", "no such user"), 4, "401: UNAUTHORIZED: no such user"),
    "denies": (failure(403, "DENIED"), 4, "403: DENIED"),
    "is missing": (Answer(404), 4, "404"),
    "is a page": (html(200), 4, "is not JSON"),
    "is a page for an error": (html(403), 4, "an HTML page, 'Please sign in'"),
    "gives no token": (json_answer({"expires_in": 3}), 4, "neither token nor access_token"),
    "gives no JSON": (Answer(200, b"token"), 4, "is not JSON"),
    "gives a huge one": (Answer(200, b'{"token":"' + b"x" * 2_000_000 + b'"}'), 5, "longer than"),
    "gives an endless one": (Answer(200, endless(b"x" * 1000)), 5, "longer than"),
    "gives an endless error": (Answer(400, endless(b"x" * 1000)), 4, "400"),
    "breaks off": (Answer(200, b'{"token":', truncate_after=5), 5, "broke off"),
    "redirects": (Answer(302, headers={"Location": "/elsewhere"}), 4, "302"),
    "is not HTTP": (Answer(raw=b"SSH-2.0\r\n", truncate_after=0), 5, "SSH-2.0"),
}


@pytest.mark.parametrize(("answer", "status", "why"), TROUBLE.values(), ids=TROUBLE.keys())
def test_a_token_server_in_trouble_is_named(answer: Answer, status: int, why: str) -> None:
    with guarded(TokenServer("ana", "secret"), answer) as server, ana() as client:
        error = failing(lambda: tags(client, server))
        assert len(asked(server)) == 1
    assert f"the token server http://{server.address}/token" in error.what
    assert error.exit_status == status
    assert why in error.why
    assert "secret" not in f"{error} {error!r} {error.timeline}"


def test_a_token_server_that_does_not_answer_is_given_up() -> None:
    with guarded(TokenServer(), NEVER) as server, Client(bounds=bounds(first_byte=0.3)) as client:
        error = failing(lambda: tags(client, server))
    assert "the token server" in error.what
    assert (error.exit_status, isinstance(error, TimeoutError)) == (5, True)


@pytest.mark.parametrize("status", [500, 503, 429])
def test_a_token_server_that_is_busy_is_asked_again(status: int) -> None:
    tokens = TokenServer("ana", "secret")
    with (
        guarded(tokens, in_turn(Answer(status), tokens)) as server,
        ana() as client,
    ):
        assert tags(client, server) == TAGS
        assert len(asked(server)) == 2


def test_a_token_server_that_limits_says_when_to_come_back() -> None:
    with guarded(TokenServer(), rate_limited("3600")) as server, Client() as client:
        error = failing(lambda: tags(client, server))
    assert isinstance(error, RateLimited)
    assert (error.retry_after, error.exit_status) == (3600.0, 7)


def test_who_waits_for_another_ones_token_can_be_cancelled() -> None:
    with guarded(TokenServer(), NEVER) as server, Client(bounds=bounds(first_byte=30)) as client:
        first = threading.Thread(target=lambda: failing(lambda: tags(client, server)))
        first.start()
        server.connection()
        with cancelling(lambda: time.sleep(0.2)) as cancelled:
            error = failing(lambda: tags(client, server))
            assert time.monotonic() - cancelled[0] < AT_ONCE
        assert isinstance(error, Cancelled)
        client.close()
        first.join()
