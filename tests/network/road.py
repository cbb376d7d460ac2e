"""What happens to packets on their way to and from one port: which are late, lost, or answered by a middlebox.

Pure: packets in, fates out. `wire` carries them; the table of a test says what its roads are, as JSON between programs.
"""

from __future__ import annotations

__all__ = ["EVER", "Fate", "Forged", "Kind", "Loss", "Road", "Traffic", "read_roads", "write_roads"]

import enum
import json
import random
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from tests.network.packet import ACK, SYN, Packet, prohibited, reset

EVER = 1_000_000  # packets; a port that is dropped loses no more in a test
ROUTER = "10.99.0.254"


class Kind(enum.StrEnum):
    """A packet's part in a conversation."""

    ANY = "any"
    SYN = "SYN"
    SYN_ACK = "SYN-ACK"
    SENT = "data that the client sends"
    ANSWERED = "data that the server sends"
    OPEN = "what comes after the SYN-ACK"


class Forged(enum.StrEnum):
    """What a third place answers, as if it were the server or a router on the way."""

    RESET = "RST"
    PROHIBITED = "ICMP"


@dataclass(frozen=True, slots=True, kw_only=True)
class Loss:
    """Packets that do not arrive: the next `first` of a kind `after` so many that do; of these, those that are chosen.

    `longer` chooses packets with more bytes than that, `share` chooses by lot, the same ones in each run.
    """

    kind: Kind = Kind.ANY
    first: int = EVER
    after: int = 0
    longer: int = 0
    share: float = 1.0
    forged: Forged | None = None
    """What the client gets instead of silence."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Road:
    """The way to a port and back, in seconds, and what is lost on it; without an address, to that port of all."""

    port: int
    address: str = ""
    there: float = 0.0
    back: float = 0.0
    losses: tuple[Loss, ...] = ()


@dataclass(frozen=True, slots=True)
class Fate:
    """When a packet arrives, so many seconds late, or None; and what is sent back to the client at once."""

    late: float | None
    forged: bytes = b""


def write_roads(file: Path, roads: Iterable[Road]) -> None:
    """Write them for the wire."""
    file.write_text(json.dumps([asdict(road) for road in roads]), "utf-8")


def read_roads(file: Path) -> tuple[Road, ...]:
    """What `write_roads` wrote."""
    return tuple(
        Road(**{**fields, "losses": tuple(_loss(loss) for loss in fields["losses"])})
        for fields in json.loads(file.read_text("utf-8"))
    )


def _loss(fields: dict[str, str | int | float | None]) -> Loss:
    forged = fields.pop("forged")
    kind = Kind(str(fields.pop("kind")))
    numbers = {name: value for name, value in fields.items() if isinstance(value, int | float)}
    return Loss(kind=kind, forged=Forged(forged) if forged else None, **numbers)  # type: ignore[arg-type]  # of JSON


class Traffic:
    """All roads, and how many packets of each kind have come along them so far."""

    def __init__(self, roads: Iterable[Road], delay: float = 0.0) -> None:
        """`delay`: what every packet takes, in seconds."""
        self._roads = {(road.address, road.port): road for road in roads}
        self._delay = delay
        self._seen = Counter[tuple[str, int, Loss]]()

    def fate(self, raw: bytes, packet: Packet | None) -> Fate:
        """What becomes of the packet."""
        if packet and (road := self._road(packet.target, packet.target_port)):
            return self._lost(road, raw, packet, there=True) or Fate(self._delay + road.there)
        if packet and (road := self._road(packet.source, packet.source_port)):
            return self._lost(road, raw, packet, there=False) or Fate(self._delay + road.back)
        return Fate(self._delay)

    def _road(self, address: str, port: int) -> Road | None:
        return self._roads.get((address, port)) or self._roads.get(("", port))

    def _lost(self, road: Road, raw: bytes, packet: Packet, *, there: bool) -> Fate | None:
        address = packet.target if there else packet.source
        kinds = frozenset(_kinds(packet, there=there))
        for loss in road.losses:
            if loss.kind not in kinds or len(raw) <= loss.longer:
                continue
            key = (address, road.port, loss)
            number = self._seen[key]
            self._seen[key] += 1
            if loss.after <= number < loss.after + loss.first and _chosen(loss, f"{address}:{road.port}:{number}"):
                return Fate(None, _answer(loss.forged, raw, packet))
        return None


def _kinds(packet: Packet, *, there: bool) -> Iterator[Kind]:
    yield Kind.ANY
    if packet.flags & SYN:
        yield Kind.SYN_ACK if packet.flags & ACK else Kind.SYN
        return
    yield Kind.OPEN
    if packet.payload:
        yield Kind.SENT if there else Kind.ANSWERED


def _chosen(loss: Loss, seed: str) -> bool:
    # The lot depends on the packet's place and number alone, not on the order in which conversations go on.
    return loss.share >= 1.0 or random.Random(seed).random() < loss.share


def _answer(forged: Forged | None, raw: bytes, packet: Packet) -> bytes:
    if forged is Forged.RESET:
        return reset(packet)
    return prohibited(raw, ROUTER) if forged is Forged.PROHIBITED else b""
