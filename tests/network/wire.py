"""A wire with a delay: `wire.py CLIENT SERVER SECONDS` joins two namespaces until it is ended.

It carries packets between two TUN interfaces itself, because many kernels are built without `tc netem`.
"""

from __future__ import annotations

__all__ = ["main"]

import ctypes
import fcntl
import os
import selectors
import struct
import sys
import time
from collections import deque
from contextlib import suppress

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


def _carry(one: int, other: int, delay: float) -> None:
    """Write each packet of one end to the other, `delay` seconds after it came."""
    under_way: deque[tuple[float, int, bytes]] = deque()  # the same delay for all: what came first is due first
    opposite = {one: other, other: one}
    with selectors.DefaultSelector() as selector:
        for end in opposite:
            selector.register(end, selectors.EVENT_READ)
        while True:
            wait = max(under_way[0][0] - time.monotonic(), 0.0) if under_way else None
            for key, _ in selector.select(wait):
                under_way.append((time.monotonic() + delay, opposite[key.fd], os.read(key.fd, MTU)))
            while under_way and under_way[0][0] <= time.monotonic():
                _, end, packet = under_way.popleft()
                with suppress(OSError):  # an interface that is down takes nothing
                    os.write(end, packet)


def main() -> None:
    client, server, delay = sys.argv[1:]
    ends = _interface(client), _interface(server)
    print("ready", flush=True)  # noqa: T201 (the starter waits for it)
    _carry(*ends, float(delay))


if __name__ == "__main__":
    main()
