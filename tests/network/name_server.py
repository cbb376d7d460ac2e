"""A name server: `name_server.py HOST NAME A AAAA`, run inside a namespace; each question is printed.

It knows one name. A and AAAA say what becomes of a question for its IPv4 and its IPv6 address: an address, `empty` (the
name has none), `nxdomain`, `servfail`, or `drop`.
"""

from __future__ import annotations

__all__ = ["main"]

import socket
import struct
import sys
from ipaddress import ip_address

_HEADER = struct.Struct("!HHHHHH")  # RFC 1035, 4.1.1
_ANSWERS = 0x8180  # an answer, recursion desired and available
_CODES = {"servfail": 2, "nxdomain": 3}
_FOUR, _SIX = 1, 28  # A and AAAA
_TO_THE_NAME = b"\xc0\x0c"  # a pointer to the question's name
_LIVES = 60


def _question(message: bytes) -> tuple[str, int, bytes]:
    """The name that is asked for, which kind of record, and the question as it was written."""
    labels, at = [], _HEADER.size
    while length := message[at]:
        labels.append(message[at + 1 : at + 1 + length].decode())
        at += 1 + length
    (kind,) = struct.unpack_from("!H", message, at + 1)
    return ".".join(labels).lower(), kind, message[_HEADER.size : at + 5]


def _answer(message: bytes, question: bytes, kind: int, said: str) -> bytes:
    record = b""
    if said not in {*_CODES, "empty"}:
        address = ip_address(said).packed
        record = _TO_THE_NAME + struct.pack("!HHIH", kind, 1, _LIVES, len(address)) + address
    (number,) = struct.unpack_from("!H", message)
    return _HEADER.pack(number, _ANSWERS | _CODES.get(said, 0), 1, int(bool(record)), 0, 0) + question + record


def main() -> None:
    host, known, four, six = sys.argv[1:]
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server, socket.create_server((host, 53)):
        # Nobody asks over TCP: whoever started this sees by it that it is there.
        server.bind((host, 53))
        while True:
            message, peer = server.recvfrom(4096)
            name, kind, question = _question(message)
            print(name, kind, flush=True)  # noqa: T201 (tests read it)
            said = {_FOUR: four, _SIX: six}.get(kind, "empty") if name == known else "nxdomain"
            if said != "drop":
                server.sendto(_answer(message, question, kind, said), peer)


if __name__ == "__main__":
    main()
