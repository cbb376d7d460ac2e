"""A source of blobs that tells, on their way, how far each has come; when one of them fails, the others stop."""

from __future__ import annotations

__all__ = ["Passing", "Watched"]

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol, Self, runtime_checkable

from boxship.connect.deadline import check_current
from boxship.connect.trace import Trace
from boxship.errors import Cancelled
from boxship.event import Fact
from boxship.registry.uploads import BlobSource
from boxship.spec.descriptor import Descriptor

_PAUSE = 0.2  # seconds from one telling to the next of the same blob


@runtime_checkable
class Passing(Protocol):
    """A source that passes on what others have."""

    def behind(self, blob: Descriptor) -> BlobSource:
        """Whose blob it is."""


class Watched:
    """The blobs of `source`, until the context is left: those that are on their way then end at their next piece."""

    def __init__(self, source: BlobSource, trace: Trace) -> None:
        self.source, self._trace, self._over = source, trace, False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.end()

    def end(self) -> None:
        """End those that are on their way."""
        self._over = True

    def behind(self, _: Descriptor) -> BlobSource:
        """The source."""
        return self.source

    @contextmanager
    def open_blob(self, blob: Descriptor, at: int = 0) -> Iterator[Iterator[memoryview]]:
        """The blob's bytes from byte `at` on, as the source gives them."""
        with self.source.open_blob(blob, at) as pieces:
            yield self._told(blob, at, pieces)

    def _told(self, blob: Descriptor, at: int, pieces: Iterator[memoryview]) -> Iterator[memoryview]:
        self._tell(blob, at)
        due = time.monotonic() + _PAUSE
        for piece in pieces:
            check_current()
            if self._over:
                raise Cancelled("another blob of the image has failed")
            size = len(piece)
            yield piece
            at += size  # it is used when the next one is asked for
            if time.monotonic() >= due:
                self._tell(blob, at)
                due = time.monotonic() + _PAUSE

    def _tell(self, blob: Descriptor, at: int) -> None:
        facts: dict[str, Fact] = {"digest": str(blob.digest), "size": blob.size, "at": at}
        self._trace.tell("BlobProgress", f"{blob.digest} {at} of {blob.size} bytes", facts=facts)
