"""Many questions at once: answers come in order, each whatever befell it, and nothing is left when the reader turns."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import pytest

from boxship import Client
from boxship.digest import Digest
from boxship.errors import Cancelled, InvalidReference, NotFound
from boxship.testing import (
    DROPPED,
    RESET,
    Answer,
    Request,
    ScriptedRegistry,
    TokenServer,
    bearer,
    by_path,
    failure,
    redirect_to,
    serving,
)
from boxship.testing.serving import Server

GOOD = ScriptedRegistry(tags=[f"v{number}" for number in range(40)])
DIGEST = GOOD.image.digest


def references(server: Server, names: list[str] | None = None) -> list[str]:
    return [f"{server.address}/app:{name}" for name in names or list(GOOD.tags)]


class Troubled:
    """The good registry: its first eight questions come together, and later every fifth has a trouble, once."""

    def __init__(self, trouble: Answer) -> None:
        self._trouble = trouble
        self._together = threading.Barrier(8, timeout=10.0)
        self._asked = 0
        self._met = set[str]()

    def __call__(self, request: Request) -> Answer:
        if request.method == "HEAD":
            self._asked += 1
            if self._asked <= 8:
                self._together.wait()
            elif int(request.path.rpartition("/v")[2]) % 5 == 0 and request.path not in self._met:
                self._met.add(request.path)
                return self._trouble
        return GOOD(request)


def test_a_thousand_answers_come_over_a_few_connections() -> None:
    with serving(GOOD) as server, Client() as client:
        assert list(client.digests(references(server) * 25)) == [DIGEST] * 1000
        assert len(server.connections) <= 12  # TLS was tried, too
        assert len(server.requests) <= 1000 + 8


def test_who_asks_for_many_needs_few_threads() -> None:
    with serving(GOOD) as server, Client() as client:
        list(client.digests(references(server)))
        before = {thread.ident for thread in threading.enumerate()}
        list(client.digests(references(server) * 5))
        assert {thread.ident for thread in threading.enumerate() if "client" in thread.name} <= before


@pytest.mark.parametrize(
    "trouble",
    [
        DROPPED,
        RESET,
        failure(503, "UNAVAILABLE", "later"),
        redirect_to("/v2/app/manifests/v1"),
        failure(405, "UNSUPPORTED", "no HEAD"),
        Answer(200, b"", headers={"Docker-Content-Digest": "none"}),
    ],
    ids=["closed", "reset", "unavailable", "sent on", "no HEAD", "no digest"],
)
def test_what_befalls_one_question_is_met_as_if_it_had_been_asked_alone(trouble: Answer) -> None:
    with serving(Troubled(trouble)) as server, Client() as client:
        list(client.digests(references(server, ["v1"] * 8)))
        assert list(client.digests(references(server))) == [DIGEST] * len(GOOD.tags)


def test_a_token_goes_with_each_and_is_renewed_when_it_ends() -> None:
    tokens = TokenServer(anonymous=True)
    registry = ScriptedRegistry(tags=GOOD.tags, image=GOOD.image, access=bearer("/token", tokens))
    with serving(by_path({"/token": tokens, "/": registry})) as server, Client() as client:
        found = client.digests(references(server) * 3)
        assert [next(found) for _ in range(60)] == [DIGEST] * 60
        tokens.revoke()
        assert list(found) == [DIGEST] * 60
        shown = {request.headers.get("authorization", "") for request in server.requests if request.method == "HEAD"}
        assert len(shown - {""}) == len(tokens.issued) == 2


@pytest.mark.parametrize(
    ("name", "error"), [("nowhere", NotFound), ("NO:GOOD", InvalidReference)], ids=["missing", "no reference"]
)
def test_an_error_comes_in_its_place_and_those_before_it_are_told(name: str, error: type[Exception]) -> None:
    names = [*GOOD.tags[:20], name, *GOOD.tags[20:]]
    with serving(GOOD) as server, Client() as client:
        list(client.digests(references(server)))
        found = client.digests(references(server, names))
        assert [next(found) for _ in range(20)] == [DIGEST] * 20
        with pytest.raises(error):
            next(found)


def test_it_is_not_read_far_ahead() -> None:
    taken = list[str]()

    def told(names: list[str]) -> Iterator[str]:
        for name in names:
            taken.append(name)
            yield name

    with serving(GOOD) as server, Client() as client:
        wanted = references(server)
        found = client.digests(told(wanted))
        next(found)
        assert len(taken) <= 8


def test_who_turns_away_leaves_no_answer_for_the_next() -> None:
    with serving(GOOD) as server, Client() as client:
        for _ in range(3):
            found = client.digests(references(server) * 2)
            assert [next(found) for _ in range(12)] == [DIGEST] * 12
            found.close()  # type: ignore[attr-defined] # it is a generator
            with pytest.raises(NotFound):
                client.digest(f"{server.address}/app:nowhere")


def test_a_reader_that_takes_its_time_is_not_held_against_the_registry() -> None:
    with serving(GOOD) as server, Client(timeout=1.0) as client:
        list(client.digests(references(server)))
        found = client.digests(references(server))
        first = [next(found) for _ in range(10)]
        time.sleep(1.2)
        assert first + list(found) == [DIGEST] * len(GOOD.tags)


def test_closing_the_client_ends_the_wait() -> None:
    silent, go = threading.Event(), threading.Event()

    def registry(request: Request) -> Answer:
        if silent.is_set() and request.method == "HEAD":
            go.wait(20.0)
        return GOOD(request)

    def read() -> None:
        try:
            found.append(list(client.digests(references(server))))
        except Cancelled as error:
            found.append(error)

    found = list[list[Digest] | Cancelled]()
    with serving(registry) as server, Client() as client:
        list(client.digests(references(server)))
        silent.set()
        reader = threading.Thread(target=read)
        reader.start()
        time.sleep(0.1)
        client.close()
        reader.join(5.0)
        go.set()
        assert isinstance(found[0], Cancelled)


@pytest.mark.parametrize("verb", ["attempt_digests", "attempt_documents"])
def test_an_error_takes_the_place_of_its_answer_and_the_others_go_on(verb: str) -> None:
    names = [name for number in range(40) for name in (f"v{number}", f"gone{number}")]
    with serving(GOOD) as server, Client() as client:
        found = list(getattr(client, verb)([*references(server, names), "NOT a reference"]))
        assert len(server.connections) <= 12
    digests = [getattr(one, "digest", one) for one in found]
    assert digests[:80:2] == [DIGEST] * 40
    assert {type(one) for one in found[1:80:2]} == {NotFound}
    assert isinstance(found[80], InvalidReference)
    assert all(one.timeline for one in found[1:80:2])
