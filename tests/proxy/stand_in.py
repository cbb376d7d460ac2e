"""An upstream in memory: it notes what it is asked, holds blobs in the middle, and fails as it is told."""

from __future__ import annotations

__all__ = ["PIECE", "Held", "StandIn", "cache", "settle"]

import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from boxship import media_type
from boxship.digest import Digest
from boxship.errors import BoxshipError, Cancelled, DigestMismatch, NotFound
from boxship.reference import Registry
from boxship.server.proxy.upstream import Source
from boxship.server.registry import Settings
from boxship.spec.descriptor import Descriptor
from tests.server.content import image
from tests.server.driver import Driver

Key = TypeVar("Key")
Value = TypeVar("Value")

PIECE = 1024
_PATIENCE = 60.0


@dataclass(slots=True)
class Held:
    """A manifest as an upstream has it."""

    raw: bytes
    media_type: str = media_type.OCI_MANIFEST


class _Stream:
    def __init__(self, upstream: StandIn, digest: Digest, content: bytes) -> None:
        self._digest = digest
        self.size: int | None = len(content) if upstream.tells_size else None
        self._upstream, self._content = upstream, content

    def __iter__(self) -> Iterator[memoryview]:
        for start in range(0, len(self._content), PIECE):
            if start >= self._upstream.stops_at:
                self._upstream.stopped.set()
                assert self._upstream.goes_on.wait(_PATIENCE)
            if start >= self._upstream.fails_at:
                raise self._upstream.error or Cancelled("it broke off")
            if start + PIECE >= len(self._content) and Digest.of(self._content) != self._digest:
                raise DigestMismatch("the blob", expected=str(self._digest), actual="another")
            yield memoryview(self._content)[start : start + PIECE]


@dataclass
class StandIn:
    """A registry with any repositories, all of the same content; it is its own source.

    Attributes:
        asked: the questions, in their order.
        away: what every question ends with.
        sends: what the questions for its documents end with.
        busy: the kinds of questions that wait for `goes_on` before they are answered.
        stops_at, fails_at: after so many bytes of a blob it waits for `goes_on`, or ends with `error`.
    """

    name: str = "up"
    registry: Registry = field(default_factory=lambda: Registry("up.example"))
    names: dict[str, Digest] = field(default_factory=dict)
    documents: dict[Digest, Held] = field(default_factory=dict)
    contents: dict[Digest, bytes] = field(default_factory=dict)
    about: dict[Digest, Sequence[Descriptor]] = field(default_factory=dict)
    asked: list[tuple[str, str, str]] = field(default_factory=list)
    away: BoxshipError | None = None
    error: BoxshipError | None = None
    sends: BoxshipError | None = None
    busy: frozenset[str] = frozenset()
    tells_size: bool = True
    stops_at: float = float("inf")
    fails_at: float = float("inf")
    stopped: threading.Event = field(default_factory=threading.Event)
    goes_on: threading.Event = field(default_factory=threading.Event)

    def has_image(self, tag: str, *layers: bytes) -> Digest:
        """Let the tag name an image of these layers; what it has."""
        raw = image(*layers)
        digest = Digest.of(raw)
        self.names[tag], self.documents[digest] = digest, Held(raw)
        self.contents |= {Digest.of(content): content for content in (b"{}", *layers)}
        return digest

    def open(self) -> StandIn:
        return self

    def digest(self, repository: str, tag: str) -> Digest:
        self._note("digest", repository, tag)
        return _found(self.names, tag)

    def document(self, repository: str, digest: Digest) -> Held:
        self._note("document", repository, str(digest))
        if self.sends:
            raise self.sends
        return _found(self.documents, digest)

    @contextmanager
    def blob(self, repository: str, digest: Digest) -> Iterator[_Stream]:
        self._note("blob", repository, str(digest))
        yield _Stream(self, digest, _found(self.contents, digest))

    def blob_size(self, repository: str, digest: Digest) -> int | None:
        self._note("blob_size", repository, str(digest))
        known = self.tells_size and digest in self.contents and not repository.startswith("private/")
        return len(self.contents[digest]) if known else None

    def tags(self, repository: str) -> Iterator[str]:
        self._note("tags", repository, "")
        return iter(self.names)

    def referrers(self, repository: str, digest: Digest) -> Sequence[Descriptor]:
        self._note("referrers", repository, str(digest))
        return self.about.get(digest, ())

    def close(self) -> None:
        self.goes_on.set()

    def _note(self, *question: str) -> None:
        kind, repository, name = question
        self.asked.append((kind, repository, name))
        if kind in self.busy:
            assert self.goes_on.wait(_PATIENCE)
        if self.away:
            raise self.away


def _found(held: Mapping[Key, Value], name: Key) -> Value:
    if name not in held:
        raise NotFound(str(name), status=404)
    return held[name]


@contextmanager
def cache(folder: Path, *upstreams: Source, clock: Any = None, **settings: Any) -> Iterator[Driver]:
    """A cache of these, whose clock stands still unless it is moved."""
    more = {"clock": clock} if clock else {}
    with Driver(folder, settings=Settings(proxy=upstreams, **settings), **more) as driver:
        yield driver


def settle(registry: Driver) -> None:
    """Return when nothing is on its way any more: its last bytes are told before it has its name."""
    cache = registry._app._cache
    assert cache
    registry.run(cache.arrivals.settled())
