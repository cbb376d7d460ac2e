"""A wire with delays: `wire CLIENT SERVER SECONDS [ROADS TALLY]` joins two namespaces until it is ended.

It carries packets between two TUN interfaces itself, because many kernels are built without `tc netem`, and because so
each port can have a road of its own (`road`), on which packets are late, lost and counted.
"""

from __future__ import annotations

__all__ = ["main"]

import ctypes
import fcntl
import heapq
import itertools
import os
import selectors
import signal
import struct
import sys
import time
from contextlib import suppress
from pathlib import Path

from tests.network.packet import Packet
from tests.network.road import Traffic, read_roads
from tests.network.tally import Tally

TUNSETIFF = 0x400454CA
IFF_TUN_NO_PI = 0x0001 | 0x1000
CLONE_NEWNET = 0x40000000
MTU = 65536


def _interface(namespace: str) -> int:
    """Return the file of a new interface `wire` in a namespace."""
    libc = ctypes.CDLL(None, use_errno=True)
    with open(f"/run/netns/{namespace}") as place:  # noqa: PTH123 (a descriptor is wanted)
        if libc.setns(place.fileno(), CLONE_NEWNET):
            raise OSError(ctypes.get_errno(), f"setns {namespace}")
    tun = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
    fcntl.ioctl(tun, TUNSETIFF, struct.pack("16sH22x", b"wire", IFF_TUN_NO_PI))
    return tun


class _Wire:
    """Two ends, and the packets that are under way between them."""

    def __init__(self, client: int, server: int, traffic: Traffic, tally: Tally | None) -> None:
        self._client, self._server = client, server
        self._traffic, self._tally = traffic, tally
        self._under_way: list[tuple[float, int, int, bytes]] = []
        self._order = itertools.count()

    def carry(self) -> None:
        """Write each packet of one end to the other when its time has come, for ever."""
        with selectors.DefaultSelector() as selector:
            for end in (self._client, self._server):
                selector.register(end, selectors.EVENT_READ)
            while True:
                due = self._under_way[0][0] if self._under_way else None
                for key, _ in selector.select(None if due is None else max(due - time.monotonic(), 0.0)):
                    self._take(key.fd)
                self._deliver()

    def _take(self, end: int) -> None:
        raw = os.read(end, MTU)
        packet = Packet.parse(raw)
        if packet and self._tally:
            self._tally.see(packet)
        fate = self._traffic.fate(raw, packet)
        if fate.late is not None:
            self._send(self._server if end == self._client else self._client, raw, fate.late)
        if fate.forged:
            self._send(self._client, fate.forged, 0.0)

    def _send(self, end: int, raw: bytes, late: float) -> None:
        heapq.heappush(self._under_way, (time.monotonic() + late, next(self._order), end, raw))

    def _deliver(self) -> None:
        while self._under_way and self._under_way[0][0] <= time.monotonic():
            _, _, end, raw = heapq.heappop(self._under_way)
            with suppress(OSError):  # an interface that is down takes nothing
                os.write(end, raw)


def main() -> None:
    client, server, delay, *files = sys.argv[1:]
    ends = _interface(client), _interface(server)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit())
    roads = read_roads(Path(files[0])) if files else ()
    tally = Tally.counting(files[2:]) if files else None
    wire = _Wire(*ends, Traffic(roads, float(delay)), tally)
    print("ready", flush=True)  # noqa: T201 (the starter waits for it)
    try:
        wire.carry()
    finally:
        if tally:
            tally.write(Path(files[1]))


if __name__ == "__main__":
    main()
