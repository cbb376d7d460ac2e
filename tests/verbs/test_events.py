"""What a copy tells on its way."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from boxship import Client, Event
from boxship.connect.trace import Trace
from boxship.digest import Digest
from boxship.registry.watched import Watched
from boxship.spec.descriptor import Descriptor
from boxship.testing import put_image, registry

LAYERS = [os.urandom(3 << 20), b"small"]


def test_a_copy_tells_what_it_is_to_bring_how_far_it_is_and_what_it_came_to(tmp_path: Path) -> None:
    told: list[Event] = []
    with registry() as running, Client(on_event=told.append) as client:
        digest = str(put_image(running.address, "app", "1", layers=LAYERS))
        copied = client.copy(f"{running.address}/app:1", f"oci:{tmp_path}/layout:1")
    (begin,) = (event for event in told if event.name == "Copy")
    (end,) = (event for event in told if event.name == "Copied")
    assert (begin.facts["digest"], begin.facts["blobs"]) == (digest, 3)
    assert begin.facts["size"] == copied.size == end.facts["size"]
    blobs = [event.facts["digest"] for event in told if event.name == "Blob"]
    begun = [event.facts["digest"] for event in told if event.name == "BlobProgress" and event.facts["at"] == 0]
    assert sorted(map(str, begun)) == sorted(map(str, blobs))


class Slow:
    @contextmanager
    def open_blob(self, blob: Descriptor, at: int = 0) -> Iterator[Iterator[memoryview]]:
        yield slowly((blob.size - at) // 10)


def slowly(pieces: int) -> Iterator[memoryview]:
    for _ in range(pieces):
        time.sleep(0.005)
        yield memoryview(bytes(10))


def test_it_tells_no_more_than_a_person_reads_and_keeps_none_of_it() -> None:
    told: list[Event] = []
    trace = Trace(told.append)
    with Watched(Slow(), trace).open_blob(
        Descriptor(media_type="", digest=Digest.of(b""), size=1000), at=100
    ) as pieces:
        assert sum(len(piece) for piece in pieces) == 900
    places = [int(str(event.facts["at"])) for event in told]
    assert places[0] == 100
    assert places == sorted(set(places))
    assert 2 <= len(places) <= 10  # of 90 pieces
    assert trace.events == ()
