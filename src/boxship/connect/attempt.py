"""The words of the race: places, attempts, goals, what is to be done, and how it can end."""

from __future__ import annotations

__all__ = [
    "Absent",
    "Action",
    "Ask",
    "Attempt",
    "Dial",
    "Drop",
    "Goal",
    "Lost",
    "Moved",
    "Outcome",
    "Place",
    "Won",
]

import enum
import math
from dataclasses import dataclass

from boxship.connect.address import Address
from boxship.connect.evidence import Evidence, Finding


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


@dataclass(eq=False, slots=True)
class Attempt:
    """One connection being tried."""

    place: int
    tls: bool
    address: Address
    started: float
    opened: float = math.nan
    spoke: bool = False
    asked: float = math.nan
    ended: float = math.nan
    evidence: Evidence | None = None
    detail: str = ""
    remedy: str = ""

    @property
    def live(self) -> bool:
        """Whether it is still being tried."""
        return self.evidence is None

    @property
    def is_open(self) -> bool:
        """Whether the peer's SYN-ACK has come and the attempt goes on."""
        return self.live and not math.isnan(self.opened)

    @property
    def round_trip(self) -> float:
        """From the SYN to the SYN-ACK; nan before that."""
        return self.opened - self.started

    def finding(self, now: float) -> Finding:
        """What it showed, for a person."""
        ended = now if self.live else self.ended
        kind = "TLS" if self.tls else "plain"
        return Finding(f"{self.address} ({kind})", self.evidence or Evidence.LEFT, self.detail, ended - self.started)


@dataclass(frozen=True, slots=True)
class Dial:
    """Connect; to a TLS candidate, send the hello as soon as it is open."""

    attempt: Attempt


@dataclass(frozen=True, slots=True)
class Ask:
    """Send `GET /v2/` in plain, and say what answered."""

    attempt: Attempt


@dataclass(frozen=True, slots=True)
class Drop:
    """Close: the attempt is of no more use."""

    attempt: Attempt


Action = Dial | Ask | Drop


@dataclass(frozen=True, slots=True)
class Won:
    """This attempt's connection is the one to use."""

    attempt: Attempt


@dataclass(frozen=True, slots=True)
class Absent:
    """There is no TLS at any address."""


@dataclass(frozen=True, slots=True)
class Lost:
    """No candidate is left."""


@dataclass(frozen=True, slots=True)
class Moved:
    """The plain side sends everybody to TLS on this port of the same host (rule 8)."""

    port: int


Outcome = Won | Absent | Lost | Moved
