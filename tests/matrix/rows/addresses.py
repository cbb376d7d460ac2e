"""A name with several addresses: the dead ones cost little, and TLS at one of them is enough."""

from __future__ import annotations

__all__ = ["ROWS"]

from tests.matrix.row import End, Host, Learns, Port, Row, Said, host

TLS, PLAIN, LOST, BAD_TLS = End.TLS, End.PLAIN, End.LOST, End.BAD_TLS
NOTHING, QUESTION, READ, SECRET = Learns.NOTHING, Learns.QUESTION, Learns.READ, Learns.SECRET
HOLE, HOLE6 = host("dropped", "dropped"), host("dropped", "dropped", version=6)
GONE = host("refused", "refused")
GOOD, GOOD6 = host("TLS", "basic"), host("TLS", "basic", version=6)
FIREWALLED, CHALLENGES = host("dropped", "open"), host("dropped", "basic")
EXPIRED = host("expired", "open")
NO_ROUTE = Host(ports={443: Port(does="unreachable"), 80: Port(does="unreachable")}, version=6, routed=False)

# Rule 2: addresses are 100 ms apart, or begin at once when one fails or a plain one opens.
ROWS = (
    Row("a black hole, then TLS", (HOLE, GOOD), 0.102, TLS),
    Row("two black holes, then TLS", (HOLE, HOLE, GOOD), 0.202, TLS),
    Row("TLS, then two black holes", (GOOD, HOLE, HOLE), 0.002, TLS),
    Row("a black hole between", (GONE, HOLE, GOOD), 0.103, TLS),
    Row("two black holes, then plain", (HOLE, HOLE, FIREWALLED), 0.222, PLAIN, READ),
    Row("two black holes, then a challenge", (HOLE, HOLE, CHALLENGES), 1.7, PLAIN, SECRET),
    Row("two black holes and no more", (HOLE, HOLE), 5.1, LOST, words="dropped, not refused"),
    Row("fifteen black holes, then TLS", (*(HOLE,) * 15, GOOD), 1.502, TLS),
    Row("sixteen black holes, then TLS that is not tried", (*(HOLE,) * 16, GOOD), 6.5, LOST),
    Row("refused, then TLS", (GONE, GOOD), 0.003, TLS),
    Row("refused at both", (GONE, GONE), 0.002, LOST, words="refused"),
    Row("plain behind a dropped 443, then TLS", (CHALLENGES, GOOD), 0.003, TLS),
    Row("plain behind a dropped 443, then slow TLS", (CHALLENGES, host("slow TLS", "basic")), 1.003, TLS, READ),
    Row("a challenge, then a black hole", (host("refused", "basic"), HOLE), 1.501, PLAIN, SECRET),
    Row("mute at both ports, then TLS", (host("mute", "mute"), GOOD), 0.003, TLS),
    Row("a portal, then a registry", (host("dropped", "portal"), FIREWALLED), 0.023, PLAIN, READ),
    Row("a plain port that says nothing, then a registry", (host("dropped", "mute"), FIREWALLED), 1.022, PLAIN, READ),
    Row("an expired certificate, then a good one", (EXPIRED, GOOD), 0.003, TLS, said=Said.AUTO),
    Row("a good certificate, then an expired one", (GOOD, EXPIRED), 0.002, TLS, said=Said.AUTO),
    Row("an expired certificate, then plain", (EXPIRED, CHALLENGES), 5.001, BAD_TLS, said=Said.AUTO),
    Row("IPv6 a black hole, IPv4 good", (HOLE6, GOOD), 0.102, TLS),
    Row("IPv6 good, IPv4 a black hole", (GOOD6, HOLE), 0.002, TLS),
    Row("IPv6 without a route, IPv4 good", (NO_ROUTE, GOOD), 0.003, TLS),
    Row("IPv6 alone, 443 dropped", (host("dropped", "basic", version=6),), 1.5, PLAIN, SECRET),
    Row("IPv6 and IPv4 both black holes", (HOLE6, HOLE), 5.1, LOST),
)
