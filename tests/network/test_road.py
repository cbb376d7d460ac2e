"""Roads, tallies and forged packets, without a network: what a middlebox would do, packet by packet."""

from __future__ import annotations

import socket
import struct
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.network.packet import ACK, PSH, RST, SYN, Packet, prohibited, reset
from tests.network.road import Forged, Kind, Loss, Road, Traffic, read_roads, write_roads
from tests.network.tally import Tally

CLIENT, SERVER = "10.99.0.100", "10.99.0.1"


def segment(flags: int, payload: bytes = b"", *, back: bool = False, port: int = 443, sequence: int = 7) -> bytes:
    source, target = (SERVER, CLIENT) if back else (CLIENT, SERVER)
    ports = (port, 40000) if back else (40000, port)
    tcp = struct.pack("!HHIIBBHHH", *ports, sequence, 0, 5 << 4, flags, 0, 0, 0) + payload
    head = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(tcp), 0, 0, 64, 6, 0)
    return head + socket.inet_aton(source) + socket.inet_aton(target) + tcp


def parsed(raw: bytes) -> Packet:
    packet = Packet.parse(raw)
    assert packet
    return packet


def arrives(traffic: Traffic, *raws: bytes) -> Iterator[bool]:
    return (traffic.fate(raw, parsed(raw)).late is not None for raw in raws)


HELLO, SYN_ACK = segment(ACK | PSH, b"\x16hello"), segment(SYN | ACK, back=True)
FINISHED = segment(ACK, b"\x16finished", back=True)


def test_a_segment_is_read_between_its_two_ends() -> None:
    packet = parsed(segment(SYN))
    assert (packet.source, packet.target, packet.target_port, packet.flags) == (CLIENT, SERVER, 443, SYN)
    assert parsed(HELLO).payload == b"\x16hello"
    assert packet.after == 8


def test_a_segment_of_ipv6_is_read() -> None:
    tcp = segment(SYN)[20:]
    ends = [socket.inet_pton(socket.AF_INET6, address) for address in ("fd00::100", "fd00::1")]
    packet = parsed(struct.pack("!IHBB", 6 << 28, len(tcp), 6, 64) + b"".join(ends) + tcp)
    assert (packet.source, packet.target, packet.target_port) == ("fd00::100", "fd00::1", 443)


@pytest.mark.parametrize("cut", range(40))
def test_what_is_cut_short_is_no_segment(cut: int) -> None:
    assert Packet.parse(segment(SYN)[:cut]) is None


def test_a_fragment_is_no_segment() -> None:
    raw = segment(SYN)
    assert Packet.parse(raw[:6] + b"\x00\x10" + raw[8:]) is None


@pytest.mark.parametrize(
    ("loss", "arrived"),
    [
        (Loss(kind=Kind.SYN, first=1), [False, True, True, True, True]),
        (Loss(kind=Kind.SYN, first=1, after=1), [True, False, True, True, True]),
        (Loss(kind=Kind.SYN_ACK), [True, True, False, True, True]),
        (Loss(kind=Kind.SENT), [True, True, True, False, True]),
        (Loss(kind=Kind.ANSWERED), [True, True, True, True, False]),
        (Loss(kind=Kind.OPEN), [True, True, True, False, False]),
        (Loss(), [False] * 5),
        (Loss(longer=len(HELLO)), [True, True, True, True, False]),
    ],
)
def test_what_is_lost_is_chosen_by_kind_number_and_length(loss: Loss, arrived: list[bool]) -> None:
    traffic = Traffic([Road(port=443, losses=(loss,))])
    assert list(arrives(traffic, segment(SYN), segment(SYN), SYN_ACK, HELLO, FINISHED)) == arrived


def test_a_road_is_one_port_s_of_one_address() -> None:
    traffic = Traffic([Road(port=443, address=SERVER, losses=(Loss(),)), Road(port=80, address="10.99.0.2")])
    assert list(arrives(traffic, segment(SYN), segment(SYN, port=80))) == [False, True]


def test_a_way_there_may_be_longer_than_the_way_back() -> None:
    traffic = Traffic([Road(port=443, there=0.6, back=0.1)], delay=0.01)
    raws = (segment(SYN), SYN_ACK, segment(SYN, port=80))
    assert [traffic.fate(raw, parsed(raw)).late for raw in raws] == [0.61, pytest.approx(0.11), 0.01]


def test_a_lot_is_cast_for_each_packet_and_falls_the_same_each_time() -> None:
    losses = (Loss(kind=Kind.SYN, share=0.05),)
    one, other = (list(arrives(Traffic([Road(port=443, losses=losses)]), *[segment(SYN)] * 1000)) for _ in range(2))
    assert one == other
    assert 20 <= one.count(False) <= 80


def test_a_middlebox_refuses_in_the_server_s_name() -> None:
    traffic = Traffic([Road(port=443, losses=(Loss(kind=Kind.SYN, forged=Forged.RESET),))])
    forged = parsed(traffic.fate(segment(SYN), parsed(segment(SYN))).forged)
    assert (forged.source, forged.source_port, forged.target, forged.flags) == (SERVER, 443, CLIENT, RST | ACK)
    assert forged.acknowledged == 8


def test_a_forged_reset_of_a_conversation_has_the_number_that_is_awaited() -> None:
    raw = segment(ACK | PSH, b"hello", sequence=100)
    assert parsed(reset(parsed(raw))).acknowledged == 105


def test_a_router_quotes_what_it_does_not_let_through() -> None:
    message = prohibited(segment(SYN), "10.99.0.254")
    assert message[9] == 1
    assert message[20:22] == bytes([3, 13])
    assert message[28:] == segment(SYN)[:28]


def test_roads_are_what_was_written(tmp_path: Path) -> None:
    roads = (
        Road(port=443, there=0.3, losses=(Loss(kind=Kind.SYN, first=2, forged=Forged.PROHIBITED), Loss(share=0.5))),
        Road(port=80, address=SERVER),
    )
    write_roads(tmp_path / "roads", roads)
    assert read_roads(tmp_path / "roads") == roads


def test_packets_are_counted_where_a_registry_may_be(tmp_path: Path) -> None:
    tally = Tally.counting(["Basic "])
    request = segment(ACK | PSH, b"GET /v2/ HTTP/1.1\r\nAuthorization: Basic x\r\n\r\n", port=80)
    for raw in (segment(SYN), segment(SYN), SYN_ACK, HELLO, request, request, segment(SYN, port=81)):
        tally.see(parsed(raw))
    tally.write(tmp_path / "tally")
    counts = Tally.read(tmp_path / "tally")
    assert set(counts) == {(SERVER, 443), (SERVER, 80)}
    secure, plain = counts[SERVER, 443], counts[SERVER, 80]
    assert (secure.syns, secure.sent, secure.received, secure.marked, secure.heads) == (2, 3, 1, 0, [])
    assert (plain.syns, plain.sent, plain.marked) == (0, 2, 2)
    assert [head.partition(" HTTP")[0] for head in plain.heads] == ["GET /v2/"]
