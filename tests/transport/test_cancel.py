from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import AbstractContextManager

import pytest

from boxship import Client
from boxship.errors import Cancelled
from boxship.testing import (
    NEVER,
    Answer,
    Connection,
    Listener,
    Place,
    ScriptedRegistry,
    black_hole,
    endless,
    instead,
    listening,
    mute,
    rate_limited,
    serving,
)
from tests.transport.reaching import AT_ONCE, cancelling, failing, settled, traces

GOOD = ScriptedRegistry()
DIGEST, LAYER = max(GOOD.image.blobs.items(), key=lambda item: len(item[1]))


def deaf(connection: Connection) -> None:
    connection.receive()
    connection.rest()


def tags(client: Client, at: str) -> object:
    return list(client.tags(f"{at}/app"))


def blob(client: Client, at: str) -> object:
    return client.read_blob(f"{at}/app@{DIGEST}")


def upload(client: Client, at: str) -> object:
    return client.api("PUT", at, "/v2/app/blobs/uploads/1", body=b"x" * 20_000_000).__enter__()


Opens = Callable[[], AbstractContextManager[Place | Listener]]
Verb = Callable[[Client, str], object]
WAITS: dict[str, tuple[Opens, str, Verb]] = {
    "for a black hole": (black_hole, "https://", tags),
    "for a black hole, plain": (black_hole, "http://", tags),
    "in the race": (black_hole, "", tags),
    "for a handshake": (mute, "https://", tags),
    "for a first byte": (lambda: serving(NEVER), "http://", tags),
    "in a head": (lambda: serving(Answer(200, b"{}", head_byte_every=0.05)), "http://", tags),
    "in a document": (lambda: serving(Answer(200, b"{}" * 9, stall_after=3)), "http://", tags),
    "in an endless document": (lambda: serving(Answer(200, endless(b" "), body_piece_every=0.02)), "http://", tags),
    "in a stalled blob": (
        lambda: serving(instead(GOOD, "/blobs/", Answer(200, LAYER, stall_after=9))),
        "http://",
        blob,
    ),
    "before a retry": (lambda: serving(rate_limited("30")), "http://", tags),
    "in an upload": (lambda: listening(deaf), "http://", upload),
}


@pytest.mark.parametrize(("place", "prefix", "verb"), WAITS.values(), ids=WAITS.keys())
def test_a_wait_ends_at_once_and_leaves_nothing(place: Opens, prefix: str, verb: Verb) -> None:
    with place() as reached, Client() as client:
        before = traces()
        at = f"{prefix}{reached.address}"
        with cancelling(lambda: time.sleep(0.1)) as cancelled:
            error = failing(lambda: verb(client, at))
            ended = time.monotonic()
        assert isinstance(error, Cancelled)
        assert ended - cancelled[0] < AT_ONCE
        assert error.exit_status == 130
        assert traces()[0] <= before[0] + 2  # of the server's side until it notices, and at rest
    assert settled(before)


def test_what_is_cancelled_before_it_begins_asks_nobody() -> None:
    with serving(GOOD) as server, Client() as client:
        with cancelling(lambda: None, after=0.0):
            time.sleep(0.05)
            assert isinstance(failing(lambda: tags(client, server.url)), Cancelled)
        assert server.requests == ()


def test_a_client_goes_on_after_a_cancelled_operation() -> None:
    with serving(instead(GOOD, "/blobs/", NEVER)) as server, Client() as client:
        with cancelling(lambda: time.sleep(0.1)):
            failing(lambda: blob(client, server.url))
        assert tags(client, server.url) == ["latest", "v1", "v2"]
