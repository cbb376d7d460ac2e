"""The timeline says who was waited for, in which layer, when: from events as they are told, and from real ones."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from boxship import Bounds, Client
from boxship.doctor import examine
from boxship.errors import TimedOut
from boxship.event import Event, Fact
from boxship.hop import Hop, Layer, Role
from boxship.testing import (
    NEVER,
    Answer,
    Request,
    ScriptedRegistry,
    TokenServer,
    bearer,
    redirect_to,
    serving,
)
from boxship.timeline import timeline

HOST = "reg.test"
TLS: Mapping[str, Fact] = {"connection": 1, "host": HOST, "address": "10.0.0.5:443", "scheme": "https"}
PLAIN: Mapping[str, Fact] = {"connection": 2, "host": HOST, "address": "10.0.0.5:80", "scheme": "http"}


def told(at: float, name: str, facts: Mapping[str, Fact] = {}, **more: Fact) -> Event:
    level = "W" if "error" in more else "I"
    return Event(name, "", 1000 + at / 1000, level=level, facts={**facts, **more})


def layers(hop: Hop) -> list[Layer]:
    return [phase.layer for phase in hop.phases]


def test_each_layer_has_its_beginning_and_its_end() -> None:
    url = f"https://{HOST}/v2/app/manifests/v1"
    (hop,) = timeline(
        [
            told(0, "DNSStart", host=HOST),
            told(3, "DNSDone", host=HOST, ms=3.0),
            told(4, "ConnectStart", TLS),
            told(14, "ConnectDone", TLS, ms=10.0),
            told(14, "TLSHandshakeStart", TLS),
            told(40, "TLSHandshakeDone", TLS, ms=26.0),
            told(52, "WroteRequest", TLS, method="GET", url=url, send=2.0),
            told(60, "Request", TLS, method="GET", url=url, status=200, send=2.0, wait=8.0),
            told(75, "AnswerDone", TLS, receive=15.0),
        ]
    )
    assert [(phase.layer, round(phase.start), round(phase.end)) for phase in hop.phases] == [
        (Layer.NAMES, 0, 3),
        (Layer.TCP, 4, 14),
        (Layer.TLS, 14, 40),
        (Layer.FIRST_BYTE, 50, 60),
        (Layer.TRANSFER, 60, 75),
    ]
    assert hop.document() == {
        "role": "registry",
        "url": url,
        "method": "GET",
        "address": "10.0.0.5:443",
        "connection": 1,
        "reused": False,
        "status": 200,
        "start": 0.0,
        "namelookup": 3.0,
        "connect": 14.0,
        "appconnect": 40.0,
        "starttransfer": 60.0,
        "total": 75.0,
    }


def test_what_came_to_nothing_is_a_hop_that_says_why() -> None:
    dropped, question = timeline(
        [
            told(0, "ConnectStart", TLS),
            told(5, "ConnectStart", PLAIN),
            told(6, "ConnectDone", PLAIN, ms=1.0),
            told(7, "PlainQuestion", PLAIN),
            told(9, "PlainAnswer", PLAIN, status=200, ms=2.0),
            told(1000, "ConnectDone", TLS, error="no answer at all"),
        ]
    )
    assert (dropped.method, dropped.error, layers(dropped)) == ("", "no answer at all", [Layer.TCP])
    assert dropped.end == pytest.approx(1000)
    assert "connect" not in dropped.document()
    assert (question.url, question.status, question.error) == (f"http://{HOST}/v2/", 200, "")
    assert layers(question) == [Layer.TCP, Layer.FIRST_BYTE]


def test_what_nobody_waited_for_is_not_said_to_have_failed() -> None:
    given_up = Event("ConnectDone", "", 1000.5, level="I", facts={**TLS, "error": "no answer at all"})
    (hop,) = timeline([told(0, "ConnectStart", TLS), given_up])
    assert hop.error == "not waited for any more"


def test_what_had_not_ended_lasts_to_the_end_of_the_story() -> None:
    name, dial = timeline(
        [
            told(0, "DNSStart", host="other.test"),
            told(1, "ConnectStart", TLS),
            told(500, "Retry", host=HOST, seconds=1),
        ]
    )
    assert [(hop.error, round(hop.end)) for hop in (name, dial)] == [("still going on at the end", 500)] * 2
    assert (name.url, layers(name)) == ("//other.test", [Layer.NAMES])


def test_a_name_without_an_address_is_a_hop() -> None:
    (hop,) = timeline([told(0, "DNSStart", host=HOST), told(9, "DNSDone", host=HOST, error="no address")])
    assert (hop.role, hop.error, layers(hop)) == (Role.REGISTRY, "no address", [Layer.NAMES])


def test_a_name_is_not_waited_for_by_the_connection_after_the_one_that_used_it() -> None:
    later = {**TLS, "connection": 3}
    first, second = timeline(
        [
            told(0, "DNSStart", host=HOST),
            told(3, "DNSDone", host=HOST),
            told(4, "ConnectStart", TLS),
            told(5, "ConnectDone", TLS),
            told(6, "WroteRequest", TLS, method="GET", url=f"https://{HOST}/v2/"),
            told(7, "Request", TLS, status=200),
            told(900, "ConnectStart", later),
            told(901, "ConnectDone", later),
            told(902, "WroteRequest", later, method="GET", url=f"https://{HOST}/v2/app/tags/list"),
            told(903, "Request", later, status=200),
        ]
    )
    assert layers(first) == [Layer.NAMES, Layer.TCP, Layer.FIRST_BYTE]
    assert (layers(second), round(second.start)) == ([Layer.TCP, Layer.FIRST_BYTE], 900)


def test_a_question_has_the_port_that_it_was_asked_at() -> None:
    other = {**PLAIN, "address": "10.0.0.5:5000"}
    for facts, url in ((PLAIN, f"http://{HOST}/v2/"), (other, f"http://{HOST}:5000/v2/")):
        steps = ("ConnectStart", "ConnectDone", "PlainQuestion", "PlainAnswer")
        (hop,) = timeline(told(at, step, facts, status=200) for at, step in enumerate(steps))
        assert hop.url == url


@pytest.mark.parametrize("clock", [0, -50], ids=["stands still", "goes back"])
def test_nothing_ends_before_it_began(clock: float) -> None:
    (hop,) = timeline([told(0, "ConnectStart", TLS), told(clock, "ConnectDone", TLS, error="refused")])
    assert hop.phases[0].ms == 0


def test_a_story_that_begins_with_a_request_begins_when_that_did() -> None:
    url = f"https://{HOST}/v2/app/manifests/v1"
    first, second = timeline(
        [
            told(0, "WroteRequest", TLS, method="GET", url=url, send=7.0),
            told(9, "Request", TLS, method="GET", url=url, status=200),
            told(30, "RequestFailed", PLAIN, method="GET", url=url, error="reset", ms=20.0),
        ]
    )
    assert [(round(hop.start), round(hop.end)) for hop in (first, second)] == [(0, 16), (17, 37)]


def test_no_events_are_no_timeline() -> None:
    assert timeline([]) == ()


def test_registry_token_server_and_blob_store_are_told_apart() -> None:
    events: list[Event] = []
    tokens, good = TokenServer(anonymous=True), ScriptedRegistry()
    with serving(tokens) as token_server, serving(good) as store:
        access = bearer(f"http://{token_server.address}/token", tokens)
        guarded = ScriptedRegistry(image=good.image, access=access)
        elsewhere = f"http://localhost:{store.address.rpartition(':')[2]}"

        def answer(request: Request) -> Answer:
            refused = access(request)
            return refused or (redirect_to(elsewhere + request.path) if "/blobs/" in request.path else guarded(request))

        blob, content = next(iter(good.image.blobs.items()))
        with (
            serving(answer) as server,
            Client(on_event=events.append) as client,
            client.open_blob(f"{server.address}/app@{blob}", size=len(content)) as stream,
        ):
            assert b"".join(map(bytes, stream)) == content
    hops = [hop for hop in timeline(events) if hop.status]
    assert [(hop.role, hop.status, hop.reused) for hop in hops] == [
        (Role.REGISTRY, 401, False),
        (Role.REGISTRY, 401, True),
        (Role.TOKENS, 200, False),
        (Role.REGISTRY, 307, True),
        (Role.STORE, 200, False),
    ]


def test_an_error_has_a_timeline_without_a_listener() -> None:
    with serving(NEVER) as server, Client(bounds=Bounds(first_byte=0.2)) as client, pytest.raises(TimedOut) as caught:
        client.ping(f"http://{server.address}")
    (hop,) = timeline(caught.value.timeline)
    assert (hop.method, hop.url, hop.error) == ("GET", f"http://{server.address}/v2/", "TimedOut")
    assert hop.phases[-1].ms >= 200
    assert hop.address == server.address


def test_a_report_has_the_timeline_of_what_a_pull_begins_with() -> None:
    with serving(ScriptedRegistry()) as server:
        report = examine(f"{server.address}/app:v1")
    answered = [hop for hop in report.timeline if hop.status]
    assert [hop.url.rpartition("/v2/")[2].split("/")[:2] for hop in answered[:2]] == [[""], ["app", "manifests"]]
    # Side by side: the configuration, a byte of a layer, the tags.
    assert sorted(hop.url.split("/")[5] for hop in answered[2:]) == ["blobs", "blobs", "tags"]
    assert all(Layer.FIRST_BYTE in layers(hop) for hop in answered)
    told = report.document()["timeline"]
    assert isinstance(told, list)
    assert [hop["url"] for hop in told] == [hop.url for hop in report.timeline]
