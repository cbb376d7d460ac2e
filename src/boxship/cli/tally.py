"""How far copies are, as their events tell it: what has come, how fast, and how long the rest will take."""

from __future__ import annotations

__all__ = ["Moving", "Tally", "bytes_of", "seconds_of"]

from collections import deque
from collections.abc import Mapping

from boxship.event import Event, Fact
from boxship.value import dataclass, field

_WINDOW = 5.0  # seconds: a rate is that of the last ones
_LEFT = ("mounted", "present")  # what needed not come
_UNITS = ("B", "kB", "MB", "GB", "TB")


class _Rate:
    """Bytes a second, over the last seconds."""

    def __init__(self) -> None:
        self.moved = 0
        self._samples: deque[tuple[float, int]] = deque()

    def add(self, count: int, now: float) -> None:
        """So many have come."""
        if not self._samples:
            self._samples.append((now, 0))
        self.moved += max(0, count)
        self._samples.append((now, self.moved))

    def at(self, now: float) -> float:
        """The rate now: what does not flow any more has less and less of it."""
        while len(self._samples) > 1 and self._samples[1][0] <= now - _WINDOW:
            self._samples.popleft()
        if not self._samples:
            return 0.0
        since, moved = self._samples[0]
        return (self.moved - moved) / max(now - since, 0.1)


@dataclass(slots=True)
class Moving:
    """A blob on its way."""

    digest: str
    size: int
    at: int
    rate: _Rate = field(default_factory=_Rate)


class Tally:
    """All that is copied by one command. Times are the caller's."""

    def __init__(self) -> None:
        self.blobs = self.size = 0
        """How many are to be brought, and their bytes, as far as is known."""
        self.done = 0
        self.moving: dict[str, Moving] = {}
        """The blobs on their way, the first one first."""
        self._finished = 0
        self._rate = _Rate()

    @property
    def at(self) -> int:
        """How many of the bytes are there."""
        return self._finished + sum(blob.at for blob in self.moving.values())

    def hear(self, event: Event, now: float) -> None:
        """Take an event into account."""
        if event.name in ("Copy", "Validation"):
            self.blobs += _number(event.facts, "blobs")
            self.size += _number(event.facts, "size")
        elif event.name == "BlobProgress":
            self._come(event.facts, now)
        elif event.name == "Blob":
            self._end(event.facts, now)

    def rate(self, now: float) -> float:
        """Bytes a second, of all blobs."""
        return self._rate.at(now)

    def left(self, now: float) -> float | None:
        """Seconds until all is there, or None where nothing says so."""
        rate = self.rate(now)
        return (self.size - self.at) / rate if rate > 0 else None

    def _come(self, facts: Mapping[str, Fact], now: float) -> None:
        digest, at = str(facts["digest"]), _number(facts, "at")
        blob = self.moving.get(digest)
        if blob is None:
            blob = self.moving[digest] = Moving(digest, _number(facts, "size"), at)
        self._move(blob, at, now)

    def _end(self, facts: Mapping[str, Fact], now: float) -> None:
        self.done += 1
        self._finished += _number(facts, "size")
        blob = self.moving.pop(str(facts["digest"]), None)
        if blob and facts["how"] not in _LEFT:
            self._move(blob, blob.size, now)

    def _move(self, blob: Moving, at: int, now: float) -> None:
        count, blob.at = at - blob.at, at  # fewer than before where it begins anew
        blob.rate.add(count, now)
        self._rate.add(count, now)


def _number(facts: Mapping[str, Fact], name: str) -> int:
    value = facts.get(name)
    return value if isinstance(value, int) else 0


def bytes_of(count: float) -> str:
    """An amount as people read it: `12.3 MB`."""
    for unit in _UNITS:
        if count < 999.5 or unit == _UNITS[-1]:
            break
        count /= 1000
    return f"{count:.0f} {unit}" if unit == "B" or count >= 99.95 else f"{count:.1f} {unit}"


def seconds_of(seconds: float) -> str:
    """A time as people read it: `9 s`, `3 min 20 s`, `2 h 5 min`."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"
