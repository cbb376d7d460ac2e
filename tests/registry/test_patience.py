"""A registry that is gone in the middle of a blob: it is dialled with patience, once, not once for each attempt."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace

import pytest

from boxship import Client
from boxship.connect.deadline import Bounds
from boxship.errors import ConnectFailed
from boxship.event import Event
from boxship.reference import Registry
from boxship.registry.uploads import push_blob
from boxship.testing import RESET, Server, black_hole, serving
from boxship.testing.exchange import Answering
from tests.registry.faults import MIB, collected, faulty
from tests.registry.test_uploads import BLOB, Held, Uploads

# Two dials in all, the second of which begins when the patience ends.
BOUNDS = Bounds(connect=0.3, connect_all=0.3, patience=0.5)
MOST = 4  # the one that succeeds, those two, and one more


@dataclass
class Firewalled:
    """A registry that is black-holed as soon as the client tells that something broke off."""

    server: Server
    running: ExitStack
    lasting: ExitStack
    dials: int = 0
    gone: bool = False

    def __call__(self, event: Event) -> None:
        self.dials += event.name == "ConnectStart"
        if event.name == "Resume" and not self.gone:
            self.gone = True
            self.running.close()
            self.lasting.enter_context(black_hole(port=self.server.port))


@contextmanager
def firewalled(registry: Answering) -> Iterator[tuple[Firewalled, Client]]:
    with ExitStack() as lasting, ExitStack() as running:
        there = Firewalled(running.enter_context(serving(registry)), running, lasting)
        with Client(bounds=BOUNDS, on_event=there) as client:
            yield there, client


def test_the_rest_of_a_blob_is_not_waited_for_with_each_attempt() -> None:
    with firewalled(faulty(lambda good: replace(good, reset_after=MIB))) as (there, client):
        _, error = collected(client, there.server)
    assert isinstance(error, ConnectFailed)
    assert there.dials <= MOST


def test_an_upload_does_not_ask_for_patience_with_each_attempt() -> None:
    with firewalled(Uploads(troubles=[RESET])) as (there, client):
        remote = client._operations.at(Registry.parse(there.server.url))
        with remote as registry, pytest.raises(ConnectFailed):
            push_blob(registry, "app", BLOB, Held())
    assert there.dials <= MOST
