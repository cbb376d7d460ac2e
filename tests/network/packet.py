"""TCP packets as a wire sees them: read from bytes, and forged as a middlebox forges them."""

from __future__ import annotations

__all__ = ["ACK", "FIN", "PSH", "RST", "SYN", "Packet", "prohibited", "reset"]

import socket
import struct
from dataclasses import dataclass

FIN, SYN, RST, PSH, ACK = 1, 2, 4, 8, 16
_TCP, _ICMP = 6, 1
_IPV4, _IPV6 = struct.Struct("!BBHHHBBH4s4s"), struct.Struct("!IHBB16s16s")
_SEGMENT = struct.Struct("!HHIIBBHHH")
_TTL = 64
_PROHIBITED = (3, 13)  # RFC 1812, 5.2.7.1: communication administratively prohibited


@dataclass(frozen=True, slots=True, kw_only=True)
class Packet:
    """One segment, and between whom."""

    source: str
    target: str
    source_port: int
    target_port: int
    sequence: int
    acknowledged: int
    flags: int
    payload: bytes

    @classmethod
    def parse(cls, raw: bytes) -> Packet | None:
        """The TCP packet in the bytes, or None where it is another kind, or a fragment."""
        if raw[:1] and raw[0] >> 4 == 4 and len(raw) >= _IPV4.size:
            head, length = _IPV4.unpack_from(raw), (raw[0] & 15) * 4
            protocol, family, end = head[6], socket.AF_INET, min(head[2] or len(raw), len(raw))
            if head[4] & 0x1FFF:
                return None
        elif raw[:1] and raw[0] >> 4 == 6 and len(raw) >= _IPV6.size:
            head, length = _IPV6.unpack_from(raw), _IPV6.size
            protocol, family, end = head[2], socket.AF_INET6, len(raw)
        else:
            return None
        if protocol != _TCP or end < length + _SEGMENT.size:
            return None
        ports = _SEGMENT.unpack_from(raw, length)
        return cls(
            source=socket.inet_ntop(family, head[-2]),
            target=socket.inet_ntop(family, head[-1]),
            source_port=ports[0],
            target_port=ports[1],
            sequence=ports[2],
            acknowledged=ports[3],
            flags=ports[5],
            payload=raw[length + (ports[4] >> 4) * 4 : end],
        )

    @property
    def after(self) -> int:
        """The sequence number of what comes after it."""
        return (self.sequence + len(self.payload) + bool(self.flags & SYN) + bool(self.flags & FIN)) % 2**32


def reset(packet: Packet) -> bytes:
    """The IPv4 packet that refuses a connection, or ends it, as if the packet's target had sent it."""
    known = packet.acknowledged if packet.flags & ACK else 0
    source, target = socket.inet_aton(packet.target), socket.inet_aton(packet.source)
    fields = [packet.target_port, packet.source_port, known, packet.after, 5 << 4, RST | ACK, 0, 0, 0]
    pseudo = source + target + struct.pack("!BBH", 0, _TCP, _SEGMENT.size)
    fields[-2] = _checksum(pseudo + _SEGMENT.pack(*fields))
    return _ipv4(source, target, _TCP, _SEGMENT.pack(*fields))


def prohibited(raw: bytes, router: str) -> bytes:
    """The ICMP message with which a router says that its filter does not let the IPv4 packet through."""
    quoted = raw[: (raw[0] & 15) * 4 + 8]
    message = struct.pack("!BBHI", *_PROHIBITED, 0, 0) + quoted
    message = message[:2] + struct.pack("!H", _checksum(message)) + message[4:]
    return _ipv4(socket.inet_aton(router), raw[12:16], _ICMP, message)


def _ipv4(source: bytes, target: bytes, protocol: int, content: bytes) -> bytes:
    fields = [0x45, 0, _IPV4.size + len(content), 0, 0, _TTL, protocol, 0, source, target]
    fields[7] = _checksum(_IPV4.pack(*fields))
    return _IPV4.pack(*fields) + content


def _checksum(data: bytes) -> int:
    """RFC 1071."""
    total: int = sum(struct.unpack(f"!{(len(data) + 1) // 2}H", data + b"\0" * (len(data) % 2)))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF
