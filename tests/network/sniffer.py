"""Counts what goes over every interface of a namespace, loopback too: `sniffer TALLY MARK…`, until it is ended."""

from __future__ import annotations

__all__ = ["main"]

import signal
import socket
import sys
from pathlib import Path

from tests.network.packet import Packet
from tests.network.tally import Tally

_EVERYTHING = 0x0003  # ETH_P_ALL
_ROOM = 32 * 1024 * 1024  # bytes of packets that nobody has looked at yet
_FORCE = 33  # SO_RCVBUFFORCE
_LONGEST = 65536


def _look(sock: socket.socket, tally: Tally) -> None:
    raw, (interface, _, kind, *_rest) = sock.recvfrom(_LONGEST)
    if interface == "lo" and kind == socket.PACKET_OUTGOING:
        return  # it comes in as well
    packet = Packet.parse(raw)
    if packet:
        tally.see(packet)


def main() -> None:
    file, *marks = sys.argv[1:]
    tally, ended = Tally.counting(marks), list[bool]()
    signal.signal(signal.SIGTERM, lambda *_: ended.append(True))
    # Without the interface's own head: what the kernel calls a cooked socket.
    with socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(_EVERYTHING)) as sock:
        sock.setsockopt(socket.SOL_SOCKET, _FORCE, _ROOM)
        sock.settimeout(0.05)
        print("ready", flush=True)  # noqa: T201 (the starter waits for it)
        while True:
            try:
                _look(sock, tally)
            except TimeoutError:
                if ended:
                    break
    tally.write(Path(file))


if __name__ == "__main__":
    main()
