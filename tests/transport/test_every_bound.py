"""Every bound is one: where a network would keep a client waiting, the one bound that is small ends it."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path

import pytest

from boxship import Client
from boxship.connect.deadline import Bounds
from boxship.testing import (
    NEVER,
    Answer,
    Listener,
    Place,
    ScriptedRegistry,
    basic,
    black_hole,
    endless,
    instead,
    listening,
    mute,
    refused,
    serving,
)
from tests.transport.reaching import SHORT, bounds, failing
from tests.transport.slowness import begins_a_record, deaf, nowhere, slow_machine

GOOD = ScriptedRegistry()
SLACK = 1.2  # below it, no other bound ends anything
NAME = "reg.test"
BODY = b"x" * 20_000_000

# What ends by other things than its bound alone, and is tested where those are.
ELSEWHERE = {
    "patience": "tests/connect",
    "proxy": "tests/connect: a proxy stands between",
    "silence": "tests/registry: the rest of a blob is asked for, and nothing ends",
    "slow": "tests/registry",
    "abandoned": "tests/registry",
}


def tags(client: Client, at: str) -> object:
    return list(client.tags(f"{at}/app"))


def digest(client: Client, at: str) -> object:
    return client.digest(f"{at}/app:v1")


def document(client: Client, at: str) -> object:
    return client.document(f"{at}/app:v1")


def put(client: Client, at: str) -> object:
    return client.api("PUT", at, "/v2/app/blobs/uploads/1?digest=sha256:0", body=b"x").__enter__()


def upload(client: Client, at: str) -> object:
    return client.api("PUT", at, "/v2/app/blobs/uploads/1", body=BODY).__enter__()


Opens = Callable[[], AbstractContextManager[Place | Listener]]
Verb = Callable[[Client, str], object]
BOUNDS: Mapping[str, tuple[Opens, str, Verb]] = {
    "names": (nowhere, "http://", digest),
    "connect": (black_hole, "https://", digest),
    "connect_all": (black_hole, "https://", digest),
    "tls": (lambda: listening(begins_a_record), "https://", digest),
    "tls_first_byte": (mute, "https://", digest),
    "first_byte": (lambda: serving(NEVER), "http://", digest),
    "first_byte_slow": (lambda: serving(NEVER), "http://", tags),
    "first_byte_moving": (lambda: serving(NEVER), "http://", put),
    "head": (lambda: serving(Answer(200, head_byte_every=0.05)), "http://", digest),
    "document": (lambda: serving(Answer(200, endless(b" "), body_piece_every=0.02)), "http://", document),
    "document_all": (lambda: serving(instead(GOOD, "/manifests/", NEVER)), "http://", digest),
    "sending": (lambda: listening(deaf), "http://", upload),
    "helper": (lambda: serving(ScriptedRegistry(access=basic("me", "hunter2"))), "http://", digest),
}


@pytest.fixture(autouse=True)
def _slow_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with slow_machine(tmp_path, monkeypatch):
        yield


def test_every_bound_is_tested() -> None:
    assert {field.name for field in dataclasses.fields(Bounds)} == {*BOUNDS, *ELSEWHERE, "question"}


@pytest.mark.parametrize(("name", "network"), BOUNDS.items(), ids=BOUNDS)
def test_a_wait_ends_at_its_bound_with_the_story(name: str, network: tuple[Opens, str, Verb]) -> None:
    opens, prefix, verb = network
    with opens() as reached, Client(bounds=bounds(**{name: SHORT})) as client:
        began = time.monotonic()
        error = failing(lambda: verb(client, f"{prefix}{reached.address}"))
        assert SHORT <= time.monotonic() - began < SHORT + SLACK
    assert error.timeline
    assert error.exit_status == (5 if name != "helper" else error.exit_status)


def test_a_plain_port_that_nobody_named_has_the_time_of_its_question() -> None:
    with ExitStack() as stack:
        secure, plain = stack.enter_context(refused()), stack.enter_context(serving(NEVER))
        places = {(NAME, 443): (secure.host, secure.port), (NAME, 80): (plain.host, plain.port)}
        client = stack.enter_context(Client(plain_http="auto", resolve=places, bounds=bounds(question=SHORT)))
        began = time.monotonic()
        assert failing(lambda: digest(client, NAME)).timeline
        assert SHORT <= time.monotonic() - began < SHORT + SLACK
