"""What a listener is told of each exchange, and that nothing is told to who does not want it."""

from __future__ import annotations

import pytest

from boxship import Client
from boxship.errors import BoxshipError
from boxship.event import Event
from boxship.testing import NEVER, RESET, Answer, ScriptedRegistry, black_hole, http_proxy, refused, serving
from tests.transport.reaching import bounds, repository

GOOD = ScriptedRegistry(page_size=2)


class Ears:
    """Listens; `details` says to what."""

    def __init__(self, *, details: bool = True) -> None:
        self.details = details
        self.heard: list[Event] = []

    def __call__(self, event: Event) -> None:
        self.heard.append(event)

    @property
    def names(self) -> list[str]:
        return [event.name for event in self.heard]


def test_a_request_is_told_when_it_is_written_answered_and_read() -> None:
    ears = Ears()
    with serving(GOOD) as server, Client(on_event=ears) as client:
        list(client.tags(repository(server)))
    exchange = ["WroteRequest", "Request", "RequestHeaders", "AnswerHeaders", "AnswerDone"]
    assert ears.names == ["ConnectStart", "ConnectDone", *exchange, *exchange]
    wrote, answered, done = (next(e for e in ears.heard if e.name == name) for name in exchange[::2])
    assert {event.facts["connection"] for event in ears.heard} == {wrote.facts["connection"]}
    assert wrote.facts["url"] == f"{server.url}/v2/app/tags/list"
    assert done.level == "D"
    assert (answered.name, ears.heard[3].facts["status"]) == ("RequestHeaders", 200)
    last = ears.heard[-1].facts
    assert (last["bytes"], last["whole"]) == (len(b'{"name": "app", "tags": ["v2"]}'), 1)


def headers_told(ears: Ears) -> list[tuple[str, dict[str, str]]]:
    """Each time that headers were told, with their names in lower case."""
    told = [event for event in ears.heard if event.name.endswith("Headers")]
    assert {event.level for event in told} <= {"D"}
    return [(e.name, {name.lower(): value for name, value in dict(e.facts["headers"]).items()}) for e in told]  # type: ignore[arg-type] # pairs


def test_the_headers_of_the_question_and_of_a_request_are_told_as_they_are_sent() -> None:
    ears = Ears()
    with serving(GOOD) as server, Client(plain_http="auto", user_agent="ours/1", on_event=ears) as client:
        next(iter(client.tags(f"{server.address}/app")))
        sent = [dict(request.headers) for request in server.requests]
    told = headers_told(ears)
    assert [name for name, _ in told] == ["RequestHeaders", "AnswerHeaders"] * 2
    assert [headers for name, headers in told if name == "RequestHeaders"] == sent
    assert {"host": server.address, "user-agent": "ours/1"} == sent[0]
    asked = next(event for event in ears.heard if event.name == "PlainQuestion")
    assert asked.facts["connection"] == next(e.facts["connection"] for e in ears.heard if e.name == "RequestHeaders")
    assert "docker-distribution-api-version" in told[1][1]


def test_a_log_in_of_a_proxy_is_told_without_what_it_says(monkeypatch: pytest.MonkeyPatch) -> None:
    ears = Ears()
    with (
        refused() as gone,
        serving(GOOD) as server,
        http_proxy({"reg.corp:80": server}, user="u", password="p") as proxy,
    ):
        monkeypatch.setenv("HTTP_PROXY", f"http://u:p@{proxy.address}")
        places = {("reg.corp", 443): (gone.host, gone.port)}
        with Client(plain_http="auto", resolve=places, on_event=ears) as client:
            next(iter(client.tags("reg.corp/app")))
    sent = [headers["proxy-authorization"] for name, headers in headers_told(ears) if name == "RequestHeaders"]
    assert sent == ["(removed)"] * 2


@pytest.mark.parametrize(
    "answer", [NEVER, RESET, Answer(200, b"x" * 100, truncate_after=5)], ids=["mute", "reset", "cut"]
)
def test_a_request_that_fails_has_an_end(answer: Answer) -> None:
    ears = Ears()
    client = Client(on_event=ears, bounds=bounds(first_byte_slow=0.2))
    with serving(answer) as server, client, pytest.raises(BoxshipError):
        list(client.tags(repository(server)))
    assert ears.names.count("WroteRequest") == ears.names.count("RequestFailed") + ears.names.count("AnswerDone")
    assert ears.names.count("WroteRequest") >= 1


@pytest.mark.parametrize(("size", "told"), [(0, []), (65_536, []), (65_537, ["SendStart"])])
def test_a_long_body_is_told_when_it_begins_to_be_sent(size: int, told: list[str]) -> None:
    ears = Ears()
    with serving(Answer(201)) as server, Client(on_event=ears) as client:
        asked = client.api("PUT", server.url, "/v2/app/manifests/v1", body=b"x" * size)
        with asked as response:
            assert response.status == 201
    assert [name for name in ears.names if name in ("SendStart", "WroteRequest")] == [*told, "WroteRequest"]
    wrote = next(event for event in ears.heard if event.name == "WroteRequest")
    assert wrote.facts["body"] == size


def test_who_wants_no_details_is_told_none() -> None:
    ears = Ears(details=False)
    with serving(GOOD) as server, Client(on_event=ears) as client:
        list(client.tags(repository(server)))
    assert ears.names == ["ConnectStart", "ConnectDone", "Request", "Request"]


def test_a_lost_race_tells_of_each_address_and_scheme_and_how_long_it_took() -> None:
    ears = Ears()
    with black_hole() as secure, refused() as plain:
        places = {("reg.corp", 443): (secure.host, secure.port), ("reg.corp", 80): (plain.host, plain.port)}
        client = Client(plain_http="auto", resolve=places, bounds=bounds(connect=0.3), on_event=ears)
        with client, pytest.raises(BoxshipError) as caught:
            list(client.tags("reg.corp/app"))
    ended = [event for event in caught.value.timeline if event.name == "ConnectDone"]
    assert {(e.facts["scheme"], e.facts["address"], e.facts["error"]) for e in ended} == {
        ("https", f"{secure.host}:{secure.port}", "no answer at all (dropped, not refused)"),
        ("http", f"{plain.host}:{plain.port}", "refused"),
    }
    assert all("after 0." in event.text for event in ended)
    assert ears.names.count("ConnectStart") == ears.names.count("ConnectDone")


def test_a_connection_that_nobody_needs_any_more_has_an_end() -> None:
    ears = Ears()
    with serving(GOOD) as server, black_hole() as hole:
        places = {("reg.corp", 443): (hole.host, hole.port), ("reg.corp", 80): (server.host, server.port)}
        with Client(plain_http="auto", resolve=places, on_event=ears) as client:
            list(client.tags("reg.corp/app"))
    ended = [event for event in ears.heard if event.name == "ConnectDone" and event.facts["scheme"] == "https"]
    assert [event.level for event in ended] == ["I"]
    assert ears.names.count("ConnectStart") == ears.names.count("ConnectDone")
