from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import pytest

from boxship import Client
from boxship.errors import BoxshipError, Cancelled, InvalidInput, InvalidReference, InvalidSettings, TimedOut
from boxship.event import Event
from boxship.reference import Reference, Registry
from boxship.settings.hosts import site_of
from boxship.testing import (
    NEVER,
    Answer,
    RunningRegistry,
    ScriptedRegistry,
    Server,
    black_hole,
    mute,
    put_image,
    registry,
    serving,
)
from tests.transport.reaching import SHORT, bounds, failing, repository, settled, tags, traces

GOOD = ScriptedRegistry()
NAMES = ("reg.corp:5000", "corp:5000", "other.reg.corp")


@pytest.fixture(scope="module")
def running() -> Iterator[RunningRegistry]:
    with registry() as r:
        put_image(r.address, "team/app", "v1")
        yield r


def test_a_reference_may_be_a_text_or_a_value(running: RunningRegistry) -> None:
    name = f"{running.address}/team/app:v1"
    with Client() as client:
        assert client.digest(name) == client.digest(Reference.parse(name))
        assert list(client.catalog(running.address)) == list(client.catalog(Registry.parse(running.address)))


def test_what_a_tag_names_is_what_its_digest_names(running: RunningRegistry) -> None:
    with Client() as client:
        name = f"{running.address}/team/app"
        digest = client.digest(f"{name}:v1")
        assert client.document(f"{name}@{digest}") == client.document(f"{name}:v1")
        assert client.config(f"{name}@{digest}") == client.config(f"{name}:v1")


@pytest.mark.parametrize("plain_http", [None, "auto", "always"])
def test_a_registry_on_loopback_needs_no_flag(plain_http: str | None, running: RunningRegistry) -> None:
    with Client(plain_http=plain_http) as client:  # type: ignore[arg-type] # one of the literals
        assert list(client.tags(f"{running.address}/team/app")) == ["v1"]


def test_plain_http_never_is_never_plain() -> None:
    with serving(GOOD) as server, Client(plain_http="never") as client:
        assert failing(lambda: list(client.tags(f"{server.address}/app"))).exit_status == 5
        assert server.requests == ()


@pytest.mark.parametrize(
    "call",
    [
        lambda client, at: client.ping(at),
        lambda client, at: list(client.tags(f"{at}/app")),
        lambda client, at: client.digest(f"{at}/app"),
        lambda client, at: client.config(f"{at}/app"),
    ],
    ids=["ping", "tags", "digest", "config"],
)
def test_an_operation_ends_with_its_timeout(call: object) -> None:
    assert callable(call)
    with serving(NEVER) as server, black_hole() as hole, mute() as silent, Client(timeout=SHORT) as client:
        for at in (server.url, f"https://{hole.address}", f"https://{silent.address}"):
            began = time.monotonic()
            error = failing(lambda at=at: call(client, at))  # type: ignore[misc] # a default
            assert isinstance(error, TimedOut)
            assert time.monotonic() - began < SHORT + 0.3
            assert error.phase == "--timeout"


def test_a_timeout_is_of_each_operation() -> None:
    with serving(GOOD) as server, Client(timeout=0.5) as client:
        for _ in range(4):
            time.sleep(0.15)
            assert tags(client, server)


def test_events_tell_the_story_and_an_error_has_it() -> None:
    heard = list[Event]()
    with serving(Answer(404)) as server, Client(on_event=heard.append) as client:
        error = failing(lambda: tags(client, server))
    assert list(error.timeline) == [event for event in heard if event in error.timeline]
    assert {"ConnectStart", "ConnectDone", "Request"} <= {event.name for event in heard}
    assert all(event.source.partition(":")[0].endswith(".py") for event in heard)


def test_an_error_has_the_story_of_its_own_operation() -> None:
    with serving(GOOD) as server, Client() as client:
        tags(client, server)
        error = failing(lambda: client.digest(f"{repository(server)}:v9"))
    assert [event.text for event in error.timeline if "tags" in event.text] == []


@pytest.mark.parametrize("reference", ["reg.corp/app", "reg.corp/app:v1"])
def test_a_blob_is_named_by_digest(reference: str) -> None:
    with Client() as client:
        error = failing(lambda: client.open_blob(reference).__enter__())
    assert isinstance(error, InvalidReference)
    assert error.caret.endswith("^")


def test_threads_share_a_client() -> None:
    results = list[int | BoxshipError]()

    def work(client: Client, server: Server) -> None:
        for _ in range(20):
            results.append(len(tags(client, server)))
            client.document(f"{repository(server)}:v1")

    with serving(GOOD) as server, Client() as client:
        threads = [threading.Thread(target=work, args=(client, server)) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(server.connections) <= 8
    assert results == [3] * 160


def test_a_client_leaves_nothing(running: RunningRegistry) -> None:
    before = traces()
    for _ in range(3):
        with Client() as client:
            list(client.digests([f"{running.address}/team/app:v1"] * 10))
            list(client.catalog(running.address))
    assert settled(before)


def test_a_closed_client_may_be_closed_again_and_not_used() -> None:
    with serving(GOOD) as server:
        client = Client()
        assert tags(client, server)
        client.close()
        client.close()
        assert isinstance(failing(lambda: tags(client, server)), Cancelled)
        assert isinstance(failing(lambda: list(client.digests([f"{repository(server)}:v1"] * 3))), Cancelled)


def test_what_was_not_begun_when_the_client_was_closed_is_not_begun_after() -> None:
    with serving(GOOD) as server:
        before = traces()
        with Client() as client:
            found = client.digests(f"{repository(server)}:v1" for _ in range(1000))
            assert next(found) == GOOD.image.digest
        asked = len(server.requests)
        assert settled(before)
        assert len(server.requests) <= asked + 8  # those that were on their way


@pytest.mark.parametrize("prefix", ["http://", "https://", ""])
def test_closing_ends_what_other_threads_wait_for(prefix: str) -> None:
    errors = list[BoxshipError]()
    with mute() as silent:
        before = traces()
        client = Client()
        name = f"{prefix}{silent.address}/app:v1"
        threads = [threading.Thread(target=lambda: errors.append(failing(lambda: client.digest(name)))) for _ in "abc"]
        for thread in threads:
            thread.start()
        time.sleep(0.2)
        began = time.monotonic()
        client.close()
        for thread in threads:
            thread.join()
        assert time.monotonic() - began < SHORT
        assert settled(before)
    assert [type(error) for error in errors] == [Cancelled] * 3


def test_digests_that_nobody_reads_on_leave_nothing() -> None:
    with serving(GOOD) as server:
        before = traces()
        with Client() as client:
            found = client.digests(f"{repository(server)}:v1" for _ in range(1000))
            assert next(found) == GOOD.image.digest
            assert len(server.requests) <= 40
        assert settled(before)


@pytest.mark.parametrize("timeout", [0, -1.0, float("nan")])
def test_a_timeout_that_is_no_time_is_a_wrong_setting(timeout: float) -> None:
    with pytest.raises(InvalidSettings, match="is no number of seconds above 0"):
        Client(timeout=timeout)


def test_bounds_are_those_of_the_caller() -> None:
    with serving(NEVER) as server, Client(bounds=bounds(first_byte=SHORT)) as client:
        error = failing(lambda: client.ping(server.url))
    assert isinstance(error, TimedOut)
    assert (error.phase, error.seconds) == ("first byte", SHORT)


def test_where_to_dial_is_said_of_a_host_however_it_is_written() -> None:
    with serving(GOOD) as server:
        places = {("Reg.Corp.", 80): (server.host, server.port)}
        with Client(plain_http="always", resolve=places) as client:
            assert list(client.tags("reg.corp/app")) == list(client.tags("REG.corp/app")) == ["latest", "v1", "v2"]


def test_a_place_to_dial_that_is_no_address_is_refused() -> None:
    with pytest.raises(InvalidSettings, match="'localhost' is no IP address"):
        Client(resolve={("reg.corp", 443): ("localhost", 8443)})


@pytest.mark.parametrize("hosts", ["Reg.corp", ["reg.corp"], ["other", "reg.corp:5000"]], ids=str)
def test_certificates_are_not_checked_of_hosts_that_are_listed(hosts: str | list[str]) -> None:
    with Client(skip_tls_verify=hosts) as client:
        skipped = {text: site_of(Registry.parse(text), client._operations._flags).trust.skip_verify for text in NAMES}
    assert skipped == dict.fromkeys(NAMES, False) | {"reg.corp:5000": True}


@pytest.mark.parametrize("words", [("\ud800", "x"), ("ana", "s3cret\ud800")])
def test_a_password_that_cannot_be_sent_is_refused_and_not_shown(words: tuple[str, str]) -> None:
    with pytest.raises(InvalidInput) as caught:
        Client(username=words[0], password=words[1])
    assert "s3cret" not in f"{caught.value!r} {caught.value}"
