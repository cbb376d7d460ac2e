"""Pushing through nginx to CNCF distribution: bodies that are limited, and a proxy that waits for nobody."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from boxship import Client
from boxship.connect.deadline import Bounds
from boxship.digest import Digest
from boxship.event import Event
from boxship.reference import Registry
from boxship.registry.uploads import BlobSource, How, push_blob
from boxship.spec.descriptor import Descriptor
from boxship.testing import Answer, Image, ScriptedRegistry, instead, serving
from tests.copying.images import repository
from tests.peers.nginx import nginx
from tests.peers.programs import Address, docker_registry

pytestmark = pytest.mark.peer("docker-registry", "nginx")

MIB = 1 << 20
# nginx's own limit is 1 MiB.
LIMITED = "proxy_http_version 1.1; proxy_set_header Host $http_host; proxy_pass http://{upstream}; {more}"


class Bytes:
    """A blob at hand, given out in pieces, `every` so many seconds."""

    def __init__(self, content: bytes, piece: int = MIB, every: float = 0.0) -> None:
        self.content, self._piece, self._every = content, piece, every
        self.blob = Descriptor(media_type="", digest=Digest.of(content), size=len(content))

    @contextmanager
    def open_blob(self, blob: Descriptor, at: int = 0) -> Iterator[Iterator[memoryview]]:
        assert blob == self.blob
        yield self._pieces(at)

    def _pieces(self, at: int) -> Iterator[memoryview]:
        for start in range(at, len(self.content), self._piece):
            time.sleep(self._every)
            yield memoryview(self.content)[start : start + self._piece]


def pushed(address: Address, source: BlobSource, blob: Descriptor) -> list[Event]:
    events: list[Event] = []
    with Client(on_event=events.append) as client, client._operations.at(Registry.parse(str(address))) as remote:
        assert push_blob(remote, "app", blob, source) is How.PUSHED
    return [event for event in events if event.name == "Request"]


def read(address: Address, blob: Descriptor) -> bytes:
    with Client() as client:
        return client.read_blob(f"{address}/app@{blob.digest}", limit=blob.size)


@pytest.mark.parametrize("buffering", ["on", "off"])
def test_what_nginx_finds_too_long_comes_in_chunks(tmp_path: Path, buffering: str) -> None:
    source = Bytes(os.urandom(5 * MIB + 5))
    with docker_registry(tmp_path / "registry") as upstream:
        more = f"proxy_request_buffering {buffering};"
        with nginx(tmp_path / "nginx", LIMITED.format(upstream=upstream, more=more)) as address:
            requests = pushed(address, source, source.blob)
        statuses = [event.facts["status"] for event in requests if event.facts["method"] == "PATCH"]
        assert statuses == [413] + [202] * 6
        assert read(upstream, source.blob) == source.content


def test_what_was_too_long_once_is_not_sent_again(tmp_path: Path) -> None:
    first, second = Bytes(os.urandom(3 * MIB)), Bytes(os.urandom(4 * MIB))
    events: list[Event] = []
    with docker_registry(tmp_path / "registry") as upstream:
        with (
            nginx(tmp_path / "nginx", LIMITED.format(upstream=upstream, more="")) as address,
            Client(on_event=events.append) as client,
            client._operations.at(Registry.parse(str(address))) as remote,
        ):
            for source in (first, second):
                push_blob(remote, "app", source.blob, source)
        assert [read(upstream, source.blob) == source.content for source in (first, second)] == [True, True]
    statuses = [event.facts.get("status") for event in events if event.name == "Request"]
    assert statuses.count(413) == 1


def trickling(content: bytes, at_once: int) -> Iterator[bytes]:
    yield content[:at_once]
    yield from (content[start : start + 1024] for start in range(at_once, len(content), 1024))


@pytest.mark.parametrize("at_once", [0, 2 * MIB])
def test_a_proxy_that_waits_for_nobody_gets_what_a_slow_source_sends(tmp_path: Path, at_once: int) -> None:
    content = os.urandom(at_once + 64 * 1024)  # 20 KiB a second, for longer than the proxy and the bound of sending
    image = Image.of([content])
    pieces = Answer(body=trickling(content, at_once), headers={"Content-Length": str(len(content))})
    slow = instead(ScriptedRegistry(image=image), Digest.of(content).hex, replace(pieces, body_piece_every=0.05))
    patience = "client_max_body_size 0; client_body_timeout 1s; proxy_request_buffering off;"
    layer = Descriptor(media_type="", digest=Digest.of(content), size=len(content))
    with docker_registry(tmp_path / "registry") as upstream, serving(slow) as there:
        with (
            nginx(tmp_path / "nginx", LIMITED.format(upstream=upstream, more=patience)) as address,
            Client(bounds=Bounds(sending=1.0)) as client,
            repository(client, f"{there.address}/app") as source,
            repository(client, f"{address}/app") as target,
        ):
            assert target.take_blob(layer, source) is How.PUSHED
        assert read(upstream, layer) == content
    assert sum(request.path.endswith(layer.digest.hex) for request in there.requests) == 1
