"""Packets counted: for each port of each address, what went there and what came back, and what could be read of it.

The counters are the wire's or the sniffer's own, not the client's word and not the server's.
"""

from __future__ import annotations

__all__ = ["SERVICES", "Count", "Tally"]

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Self

from tests.network.packet import ACK, SYN, Packet

SERVICES = frozenset({80, 443, 3128, 5000})
_METHODS = (b"GET ", b"HEAD ", b"POST ", b"PUT ", b"PATCH ", b"DELETE ", b"CONNECT ")


@dataclass(slots=True)
class Count:
    """What one port of one address has seen."""

    syns: int = 0
    sent: int = 0
    """Packets to it, these SYNs among them, whether they arrived or not."""
    received: int = 0
    """Packets from it."""
    heads: list[str] = field(default_factory=list)
    """Requests that anybody on the way could read, each once, with their bodies as far as these came along."""
    marked: int = 0
    """Packets with a marked secret in the open, in either direction."""


@dataclass(slots=True)
class Tally:
    """Counts of the packets to and from the `services`, which are ports; `marks` are secrets, or what tells of one."""

    services: frozenset[int]
    marks: tuple[bytes, ...] = ()
    counts: defaultdict[tuple[str, int], Count] = field(default_factory=lambda: defaultdict(Count))
    _known: set[tuple[str, int, int, int]] = field(default_factory=set)

    @classmethod
    def counting(cls, marks: Iterable[str]) -> Self:
        """A tally of the ports on which registries are."""
        return cls(SERVICES, tuple(mark.encode() for mark in marks))

    def see(self, packet: Packet) -> None:
        """Count the packet."""
        there = packet.target_port in self.services
        if not there and packet.source_port not in self.services:
            return
        place = (packet.target, packet.target_port) if there else (packet.source, packet.source_port)
        count = self.counts[place]
        count.marked += any(mark in packet.payload for mark in self.marks)
        if not there:
            count.received += 1
            return
        count.sent += 1
        count.syns += packet.flags & (SYN | ACK) == SYN
        self._read(count, packet)

    def _read(self, count: Count, packet: Packet) -> None:
        key = (packet.target, packet.target_port, packet.source_port, packet.sequence)
        if packet.payload.startswith(_METHODS) and key not in self._known:  # a repetition is no second request
            self._known.add(key)
            count.heads.append(packet.payload.decode("latin-1"))

    def write(self, file: Path) -> None:
        """Write the counts for another program."""
        lines = [[address, port, asdict(count)] for (address, port), count in self.counts.items()]
        file.write_text(json.dumps(lines), "utf-8")

    @staticmethod
    def read(file: Path) -> Mapping[tuple[str, int], Count]:
        """The counts that `write` wrote."""
        return {(address, port): Count(**fields) for address, port, fields in json.loads(file.read_text("utf-8"))}
