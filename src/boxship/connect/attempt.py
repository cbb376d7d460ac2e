"""The words of the race: places, attempts, goals, what is to be done, and how it can end."""

from __future__ import annotations

__all__ = ["Action", "Attempt", "Do", "End", "Goal", "Outcome", "Place"]

import enum
import math
from collections.abc import Collection
from itertools import count

from boxship.connect.address import Address
from boxship.connect.evidence import Evidence
from boxship.value import dataclass, field


class Goal(enum.Enum):
    """What the race is run for."""

    ANSWER = enum.auto()
    """The first connection that may be used."""
    ABSENCE = enum.auto()
    """Certainty that there is no TLS at any address, before a secret goes over plain; a handshake still wins."""
    TLS = enum.auto()
    """A handshake, or the end of every hope for one."""


@dataclass(frozen=True, slots=True)
class Place:
    """One address of the host: where TLS is tried, and where plain HTTP, as far as each is to be tried there."""

    tls: Address | None
    plain: Address | None
    probe: Address | None = None
    """Where plain HTTP may only be asked whether a registry is there, once, for an error to say so."""

    def without(self, known: Collection[Address | None]) -> Place:
        """The place without the addresses that are known already."""
        return Place(*(None if address in known else address for address in (self.tls, self.plain, self.probe)))

    def __bool__(self) -> bool:
        """Whether there is anything to try."""
        return any((self.tls, self.plain))


@dataclass(eq=False, slots=True)
class Attempt:
    """One connection being tried."""

    place: int
    tls: bool
    address: Address
    started: float
    entered: float = math.nan
    """When a proxy was reached that leads to it; nan where there is none."""
    opened: float = math.nan
    spoke: bool = False
    asked: float = math.nan
    ended: float = math.nan
    evidence: Evidence | None = None
    detail: str = ""
    remedy: str = ""
    connection: int = field(default_factory=count(1).__next__)
    """Its number in this process: the events of one connection have it in common."""
    probe: bool = False
    """Whether it only asks, without permission to go on, if a registry is there."""

    @property
    def live(self) -> bool:
        """Whether it is still being tried."""
        return self.evidence is None

    @property
    def is_open(self) -> bool:
        """Whether the peer's SYN-ACK has come and the attempt goes on."""
        return self.live and self.answered

    @property
    def answered(self) -> bool:
        """Whether the peer's SYN-ACK has come, whatever came of it."""
        return not math.isnan(self.opened)

    @property
    def told_by_proxy(self) -> bool:
        """Whether it is a proxy that says how it ended, in words of its own: at its own address nothing failed."""
        return bool(self.detail) and not math.isnan(self.entered) and not self.answered

    @property
    def round_trip(self) -> float:
        """From the SYN to the SYN-ACK; nan before that."""
        return self.opened - self.started

    def words(self, now: float) -> str:
        """What it showed, for a person."""
        kind = "TLS" if self.tls else "plain, only asked" if self.probe else "plain"
        seconds = (now if self.live else self.ended) - self.started
        detail = f": {self.detail}" if self.detail else ""
        told = f"; {self.address.source}" if self.address.source else ""
        shows = "" if self.told_by_proxy else f"{self.shows.value} "
        return f"{self.address} ({kind}{told}) {shows}after {seconds:.2f} s{detail}"

    @property
    def shows(self) -> Evidence:
        """What it has shown so far: nobody has given up an attempt that is still live."""
        if self.evidence:
            return self.evidence
        if not self.is_open:
            # A proxy that was entered has accepted the connection.
            return Evidence.SILENT if math.isnan(self.entered) else Evidence.MUTE
        return Evidence.MUTE if self.tls and not self.spoke else Evidence.LEFT


class Do(enum.Enum):
    """What is to be done with an attempt."""

    DIAL = enum.auto()
    """Connect; to a TLS candidate, send the hello as soon as it is open."""
    ASK = enum.auto()
    """Send `GET /v2/` in plain, and say what answered."""
    DROP = enum.auto()
    """Close: it is of no more use."""


Action = tuple[Do, Attempt]


class End(enum.Enum):
    """How a race can end."""

    WON = enum.auto()
    """The attempt's connection is the one to use."""
    ABSENT = enum.auto()
    """There is no TLS at any address."""
    LOST = enum.auto()
    """No candidate is left."""
    MOVED = enum.auto()
    """The plain side sends everybody to TLS on another port of the same host (rule 8)."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a race ended, with the winner or the port that it is about."""

    end: End
    attempt: Attempt | None = None
    port: int | None = None
