"""`--trace FILE.har`: a whole HAR 1.2 document, whatever becomes of the command."""

from __future__ import annotations

import json
import re
import signal
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from boxship.cli.har import document
from boxship.event import Event, Fact
from boxship.spec.fields import Fields
from boxship.testing import (
    NEVER,
    RESET,
    Answer,
    Image,
    Listener,
    Place,
    Request,
    ScriptedRegistry,
    black_hole,
    by_path,
    failure,
    mute,
    redirect_to,
    refused,
    serving,
    tls,
)
from tests.cli.har_schema import complaints
from tests.cli.running import begin, boxship
from tests.transport.reaching import Authority

LAYER = bytes(range(256)) * 10_000
GOOD = ScriptedRegistry(page_size=2, image=Image.of([LAYER]))
Opens = Callable[[], AbstractContextManager[Place | Listener]]
DIGEST = next(digest for digest, content in GOOD.image.blobs.items() if content == LAYER)


def entries(file: Path) -> list[Fields]:
    """The entries of a trace, which is a HAR document."""
    whole = json.loads(file.read_text("utf-8"))
    assert complaints(whole) == []
    return list(Fields(whole).object("log").objects("entries"))


def statuses(found: Sequence[Fields]) -> list[int]:
    return [entry.object("response").number("status") for entry in found]


def phases(entry: Fields) -> dict[str, float]:
    return dict(entry.values["timings"])


@pytest.fixture
def har(tmp_path: Path) -> Path:
    return tmp_path / "trace.har"


def test_each_request_is_an_entry(har: Path) -> None:
    with serving(GOOD) as server:
        assert boxship("ls", "--trace", str(har), f"http://{server.address}/app").status == 0
    first, second = entries(har)
    assert [entry.object("request").text("url") for entry in (first, second)] == [
        f"http://{server.address}/v2/app/tags/list",
        f"http://{server.address}/v2/app/tags/list?n=(removed)&last=(removed)",
    ]
    names = [pair.text("name") for pair in second.object("request").objects("queryString")]
    assert (names, statuses([first, second])) == (["n", "last"], [200, 200])
    assert first.text("_connectionId") == second.text("_connectionId")
    assert (first.text("serverIPAddress"), first.text("connection")) == ("127.0.0.1", str(server.port))
    assert first.object("response").object("content").text("mimeType") == "application/json"
    assert (phases(first)["connect"] > 0, phases(second)["connect"]) == (True, -1)
    assert (phases(first)["ssl"], phases(first)["dns"]) == (-1, -1)


def test_tls_is_a_part_of_connecting(har: Path, authority: Authority) -> None:
    with tls(GOOD, authority.server("127.0.0.1")) as server:
        words = ("--ca-file", str(authority.file), "--trace", str(har))
        assert boxship("ls", *words, "--limit", "1", f"{server.url}/app").status == 0
    (entry,) = entries(har)
    assert 0 < phases(entry)["ssl"] <= phases(entry)["connect"]


def test_what_the_server_takes_its_time_for_is_waiting_and_what_it_trickles_is_receiving(har: Path) -> None:
    def answer(request: Request) -> Answer:
        time.sleep(0.3)
        return GOOD(request)

    with serving(answer) as server:
        outcome = boxship("blob", "--trace", str(har), f"http://{server.address}/app@{DIGEST}")
        assert outcome.status == 0
    (entry,) = entries(har)
    assert phases(entry)["wait"] >= 290
    assert entry.object("response").number("bodySize") == len(LAYER)
    assert entry.object("response").object("content").number("size") == len(LAYER)


def test_a_firewall_and_what_was_reached_in_spite_of_it_are_entries(har: Path) -> None:
    with serving(GOOD) as server, black_hole() as hole:
        places = (f"--resolve=reg.corp:443:{hole.address}", f"--resolve=reg.corp:80:{server.address}")
        outcome = boxship("ls", "--plain-http=auto", "--trace", str(har), *places, "reg.corp/app")
        assert outcome.status == 0
    found = entries(har)
    assert statuses(found) == [0, 200, 200, 200]
    assert re.search(r"no answer at all .*; nobody waits for it any more$", found[0].text("_error"))
    assert [entry.object("request").text("url").partition("?")[0] for entry in found[1:]] == [
        f"http://reg.corp:{server.port}/v2/",
        *["http://reg.corp:80/v2/app/tags/list"] * 2,
    ]
    hosts = [[h.text("value") for h in entry.object("request").objects("headers")][:1] for entry in found]
    assert hosts == [[], *[["reg.corp"]] * 3]
    assert [h.text("name") for h in found[1].object("response").objects("headers")]


@pytest.mark.parametrize(
    "trouble", ["refused", "black hole", "mute", "never answers", "resets", "answers 500", "moves"]
)
def test_a_command_that_fails_leaves_a_whole_document(trouble: str, har: Path) -> None:
    answers: dict[str, Answer] = {
        "never answers": NEVER,
        "resets": RESET,
        "answers 500": failure(404, "NAME_UNKNOWN", "no"),
        "moves": redirect_to("http://127.0.0.1:1/x?sig=1"),
    }
    places: dict[str, Opens] = {"refused": refused, "black hole": black_hole, "mute": mute}
    bounds = ("--connect-timeout", "0.3", "--tls-timeout", "0.3", "--first-byte-timeout", "0.3")
    opens = places.get(trouble, lambda: serving(answers[trouble]))
    with opens() as place:
        scheme = "https" if trouble in places else "http"
        assert boxship("ls", *bounds, "--trace", str(har), f"{scheme}://{place.address}/app").status > 0
    found = entries(har)
    assert found
    assert (statuses(found)[-1] == 0) is (trouble != "answers 500")


@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, -15)])
@pytest.mark.parametrize("where", ["answer", "connect"])
def test_an_interrupted_command_leaves_a_whole_document(
    where: str, number: signal.Signals, status: int, har: Path
) -> None:
    with serving(NEVER) as server, black_hole() as hole:
        at = f"http://{server.address}/app" if where == "answer" else f"https://{hole.address}/app"
        with begin("ls", "-v", "--trace", str(har), at) as process:
            assert process.stderr
            sign = b"WroteRequest" if where == "answer" else b"ConnectStart"
            while sign not in process.stderr.readline():
                pass
            process.send_signal(number)
            assert process.wait(20) == status
            assert b"Traceback" not in process.stderr.read()
    (entry,) = entries(har)
    assert entry.text("_error")
    assert statuses([entry]) == [0]


def test_a_command_with_several_requests_that_is_terminated_leaves_a_whole_document(har: Path) -> None:
    with serving(NEVER) as server:
        names = [f"http://{server.address}/app:{number}" for number in range(3)]
        with begin("digest", "-v", "--trace", str(har), *names) as process:
            assert process.stderr
            asked = 0
            while asked < len(names):
                asked += b"WroteRequest" in process.stderr.readline()
            process.terminate()
            assert process.wait(20) == -signal.SIGTERM
    assert statuses(entries(har)) == [0] * len(names)


def test_a_reader_that_has_enough_leaves_a_whole_document(har: Path) -> None:
    many = ScriptedRegistry(tags=[f"tag-{number:06}" for number in range(60_000)], page_size=1000)
    with serving(many) as server, begin("ls", "--trace", str(har), f"http://{server.address}/app") as process:
        assert process.stdout
        process.stdout.readline()
        process.stdout.close()
        assert process.wait(20) == 141
    assert statuses(entries(har))[0] == 200


def test_requests_at_once_are_kept_apart(har: Path) -> None:
    with serving(GOOD) as server:
        names = [f"http://{server.address}/app:{tag}" for tag in GOOD.tags * 10]
        assert boxship("digest", "--trace", str(har), *names).status == 0
    found = entries(har)
    assert statuses(found) == [200] * len(names)
    asked = [entry.object("request").text("url").rpartition("/")[2] for entry in found]
    assert sorted(asked) == sorted(GOOD.tags * 10)
    fresh = {entry.text("_connectionId") for entry in found if phases(entry)["connect"] >= 0}
    assert fresh == {entry.text("_connectionId") for entry in found}


def test_a_redirect_to_another_host_is_an_entry_of_its_own(har: Path) -> None:
    with serving(Answer(200, LAYER)) as store:
        moved = by_path({"/v2/app/blobs/": redirect_to(f"{store.url}/b?X-Sig=s1gned"), "/": GOOD})
        with serving(moved) as server:
            outcome = boxship("blob", "--trace", str(har), f"http://{server.address}/app@{DIGEST}")
    assert outcome.status == 0
    away, there = entries(har)
    assert away.object("response").text("redirectURL") == f"{store.url}/b(removed)"
    assert there.object("request").text("url") == f"{store.url}/b?X-Sig=(removed)"
    assert "s1gned" not in har.read_text()


def test_every_event_stands_beside_the_entries(har: Path) -> None:
    lines = har.with_suffix(".jsonl")
    with serving(GOOD) as server:
        for file in (har, lines):
            boxship("ls", "--trace", str(file), f"http://{server.address}/app")
    told = [event["name"] for event in json.loads(har.read_text())["log"]["_events"]]
    assert told == [json.loads(line)["name"] for line in lines.read_text().splitlines()]


# Of stories as they may be, not as they were.


def story(*events: tuple[str, dict[str, Fact]]) -> dict[str, object]:
    return document(Event(name, name, float(at), facts=facts) for at, (name, facts) in enumerate(events))


ONE: dict[str, Fact] = {"connection": 1, "host": "::1", "address": "[::1]:443", "scheme": "https"}


def test_an_empty_story_is_a_document() -> None:
    assert complaints(story()) == []


def test_an_unfinished_connection_is_an_entry_that_says_so() -> None:
    whole = story(("DNSStart", {"host": "::1"}), ("ConnectStart", ONE))
    assert complaints(whole) == []
    (entry,) = Fields(whole).object("log").objects("entries")
    assert entry.text("_error")
    assert entry.object("request").text("url") == "https://[::1]:443/"
    assert entry.text("serverIPAddress") == "::1"


def test_a_connection_that_nobody_used_is_no_entry() -> None:
    whole = story(("ConnectStart", ONE), ("ConnectDone", {**ONE, "ms": 1.0}))
    assert list(Fields(whole).object("log").objects("entries")) == []


def test_the_time_before_a_request_is_that_of_its_name_connection_and_what_it_waited_for() -> None:
    asked: dict[str, Fact] = {**ONE, "method": "GET", "url": "https://[::1]/v2/"}
    whole = story(
        ("DNSStart", {"host": "::1"}),
        ("DNSDone", {"host": "::1", "ms": 1000.0}),
        ("ConnectStart", ONE),
        ("ConnectDone", {**ONE, "ms": 1000.0}),
        ("TLSHandshakeStart", ONE),
        ("TLSHandshakeDone", {**ONE, "ms": 1000.0}),
        ("WroteRequest", {**asked, "send": 0.0, "bytes": 100, "body": 20}),
        ("Request", {**asked, "status": 200, "send": 0.0, "wait": 1000.0}),
        ("AnswerDone", {**asked, "bytes": 7, "receive": 1000.0}),
    )
    assert complaints(whole) == []
    (entry,) = Fields(whole).object("log").objects("entries")
    expected = {"blocked": 3000, "dns": 1000, "connect": 2000, "ssl": 1000, "send": 0, "wait": 1000, "receive": 1000}
    assert phases(entry) == expected
    request = entry.object("request")
    assert (request.number("headersSize"), request.number("bodySize"), entry.values["time"]) == (80, 20, 8000)
    assert entry.text("startedDateTime") == "1970-01-01T00:00:00.000+00:00"


def test_a_name_that_was_looked_up_for_one_request_was_not_for_the_next() -> None:
    other: dict[str, Fact] = {**ONE, "connection": 2}
    asked: dict[str, Fact] = {"method": "GET", "url": "https://[::1]/v2/", "bytes": 1, "body": 0}
    whole = story(
        ("DNSStart", {"host": "::1"}),
        ("DNSDone", {"host": "::1", "ms": 1000.0}),
        ("ConnectStart", ONE),
        ("ConnectDone", {**ONE, "ms": 1000.0}),
        ("WroteRequest", {**ONE, **asked}),
        ("ConnectStart", other),
        ("ConnectDone", {**other, "ms": 1000.0}),
        ("WroteRequest", {**other, **asked}),
    )
    assert [phases(entry)["dns"] for entry in Fields(whole).object("log").objects("entries")] == [1000, -1]


def test_of_two_that_waited_for_one_name_the_one_that_was_dialled_first_is_first() -> None:
    plain: dict[str, Fact] = {**ONE, "connection": 2, "address": "[::1]:80", "scheme": "http"}
    whole = story(
        ("DNSStart", {"host": "::1"}),
        ("DNSDone", {"host": "::1", "ms": 1000.0}),
        ("ConnectStart", ONE),
        ("ConnectStart", plain),
        ("ConnectDone", {**plain, "ms": 1000.0}),
        ("PlainQuestion", plain),
        ("PlainAnswer", {**plain, "status": 200, "ms": 1000.0}),
        ("ConnectDone", {**ONE, "error": "no answer at all"}),
    )
    assert complaints(whole) == []
    assert [entry.text("connection") for entry in Fields(whole).object("log").objects("entries")] == ["443", "80"]


@pytest.mark.parametrize(
    "spoil",
    ["version", "creator", "entries"],
)
def test_the_schema_misses_what_is_missing(spoil: str) -> None:
    whole = story()
    del Fields(whole).object("log").values[spoil]
    assert complaints(whole) == [f".log.{spoil} is missing"]
