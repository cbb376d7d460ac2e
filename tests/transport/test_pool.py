from __future__ import annotations

import time
from contextlib import ExitStack
from dataclasses import replace

import pytest

from boxship import Client
from boxship.errors import BrokenAnswer, NotFound
from boxship.event import Event
from boxship.testing import DROPPED, RESET, Answer, ScriptedRegistry, failure, in_turn, serving, tls
from boxship.testing import Request as Received
from boxship.transport import pool
from tests.transport.reaching import Authority, repository, settled, tags, told, traces

GOOD = ScriptedRegistry()


def test_requests_in_turn_go_over_one_connection() -> None:
    with serving(GOOD) as server, Client() as client:
        for _ in range(3):
            tags(client, server)
            client.document(f"{repository(server)}:v1")
        assert len(server.connections) == 1


def test_requests_in_turn_go_over_one_tls_connection(authority: Authority) -> None:
    with tls(GOOD, authority.server("127.0.0.1")) as server, Client(ca_file=authority.file) as client:
        for _ in range(4):
            tags(client, server)
        assert len(server.connections) == 1
        assert [request.secure for request in server.requests] == [True] * 4


@pytest.mark.parametrize("status", [404, 403, 400])
def test_an_error_with_a_short_body_keeps_its_connection(status: int) -> None:
    with serving(in_turn(failure(status, "UNKNOWN", "no"), GOOD)) as server, Client() as client:
        with pytest.raises(Exception, match="no"):
            tags(client, server)
        tags(client, server)
        assert len(server.connections) == 1


def test_a_head_request_keeps_its_connection() -> None:
    with serving(GOOD) as server, Client() as client:
        for _ in range(3):
            client.digest(f"{repository(server)}:v1")
        assert len(server.connections) == 1


def test_an_answer_that_is_closed_twice_frees_its_connection_once() -> None:
    with serving(GOOD) as server, Client() as client, client.api("HEAD", told(server), "/v2/") as first:
        first.close()
        with client.api("HEAD", told(server), "/v2/"):
            first.close()  # by now its connection is another answer's
            with client.api("HEAD", told(server), "/v2/"):
                assert len(server.connections) == 2


@pytest.mark.parametrize("last", [DROPPED, RESET], ids=["closed", "reset"])
def test_a_read_on_a_connection_that_had_gone_is_repeated_on_a_new_one(last: Answer) -> None:
    with serving(in_turn(GOOD, last, GOOD)) as server, Client() as client:
        tags(client, server)
        assert tags(client, server) == ["latest", "v1", "v2"]
        assert (len(server.connections), len(server.requests)) == (2, 3)


@pytest.mark.parametrize("last", [DROPPED, RESET], ids=["closed", "reset"])
@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
def test_what_changes_something_is_not_repeated(last: Answer, method: str) -> None:
    with serving(in_turn(GOOD, last, GOOD)) as server, Client() as client:
        tags(client, server)
        with pytest.raises(BrokenAnswer), client.api(method, told(server), "/v2/app/blobs/uploads/", body=b"x"):
            pass
        assert [request.method for request in server.requests] == ["GET", method]


@pytest.mark.parametrize("first", [DROPPED, RESET], ids=["closed", "reset"])
def test_a_new_connection_that_breaks_is_an_error_at_once(first: Answer) -> None:
    with serving(in_turn(first, GOOD)) as server, Client() as client:
        with pytest.raises(BrokenAnswer) as caught:
            tags(client, server)
        assert len(server.requests) == 1
        assert caught.value.exit_status == 5
        assert "try again" in caught.value.remedy


@pytest.mark.parametrize("afterwards", ["close", "drop"])
def test_a_connection_that_was_closed_at_rest_is_not_used(afterwards: str) -> None:
    def once(request: Received) -> Answer:
        return replace(GOOD(request), afterwards=afterwards)  # type: ignore[arg-type] # one of the literals

    with serving(once) as server, Client() as client:
        for _ in range(3):
            client.document(f"{repository(server)}:v1")
        assert (len(server.connections), len(server.requests)) == (3, 3)


def test_a_body_that_is_not_wanted_and_long_costs_its_connection() -> None:
    layer, content = max(GOOD.image.blobs.items(), key=lambda item: len(item[1]))
    big = ScriptedRegistry()
    with serving(lambda r: Answer(200, bytes(1 << 20)) if "/blobs/" in r.path else big(r)) as server:
        with Client() as client:
            with client.open_blob(f"{repository(server)}@{layer}"):
                pass
            tags(client, server)
        assert len(server.connections) == 2
        assert content


def test_two_clients_share_no_connection() -> None:
    with serving(GOOD) as server:
        for _ in range(2):
            with Client() as client:
                tags(client, server)
        assert len(server.connections) == 2


def test_closing_a_client_ends_its_connections_in_good_order() -> None:
    with serving(GOOD) as server:
        with Client() as client:
            tags(client, server)
        assert server.connection().ending() == "closed"


def test_what_is_missing_does_not_end_the_client() -> None:
    with serving(GOOD) as server, Client() as client:
        with pytest.raises(NotFound):
            client.document(f"{repository(server)}:v9")
        assert client.document(f"{repository(server)}:v1").digest == GOOD.image.digest


def test_an_idle_plain_connection_is_left_once_tls_has_answered(authority: Authority) -> None:
    with (
        tls(GOOD, authority.server("reg.test"), delay=2.0) as late,
        serving(GOOD) as plain,
        Client(
            plain_http="auto",
            ca_file=authority.file,
            resolve={("reg.test", 443): (late.host, late.port), ("reg.test", 80): (plain.host, plain.port)},
        ) as client,
    ):
        assert list(client.tags("reg.test/app"))
        assert not late.requests
        deadline = time.monotonic() + 10
        while not late.requests and time.monotonic() < deadline:
            time.sleep(0.05)
            assert list(client.tags("reg.test/app"))
        assert late.requests
        before = len(plain.requests)
        assert list(client.tags("reg.test/app"))
        assert len(plain.requests) == before


def at_rest(client: Client) -> int:
    """How many connections to any host."""
    sessions = client._operations.whereabouts._sessions.values()
    return sum(len(idle) for session in sessions for idle in session._pool._idle.values())


def test_what_has_been_at_rest_for_long_is_closed_whichever_host_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    with ExitStack() as opened, Client() as client:
        servers = [opened.enter_context(serving(GOOD)) for _ in range(4)]
        for server in servers:
            tags(client, server)
        assert at_rest(client) == 4
        monkeypatch.setattr(pool, "_OLDEST", 0.1)
        time.sleep(0.2)
        tags(client, servers[0])
        assert at_rest(client) == 1
        assert [server.connection().ending() for server in servers[1:]] == ["closed"] * 3


def test_the_longest_at_rest_is_closed_where_they_are_too_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pool, "_MOST_IDLE_IN_ALL", 2)
    with ExitStack() as opened, Client() as client:
        servers = [opened.enter_context(serving(GOOD)) for _ in range(4)]
        for server in servers:
            tags(client, server)
        assert at_rest(client) == 2
        assert [server.connection().ending() for server in servers[:2]] == ["closed"] * 2


@pytest.mark.parametrize("name", ["WroteRequest", "Request", "AnswerHeaders", "AnswerDone"])
def test_a_listener_that_raises_leaves_no_connection_open(name: str) -> None:
    def listener(event: Event) -> None:
        if event.name == name:
            raise ArithmeticError(name)

    kept = list[ArithmeticError]()  # with what was going on, so that nothing is closed by being forgotten
    with serving(GOOD) as server:
        before = traces()
        with Client(on_event=listener) as client:
            for _ in range(3):
                with pytest.raises(ArithmeticError) as caught:
                    tags(client, server)
                kept.append(caught.value)
        assert settled(before)
