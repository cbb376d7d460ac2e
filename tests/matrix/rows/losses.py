"""Packets that are lost, too long, or answered by somebody in between."""

from __future__ import annotations

__all__ = ["ROWS"]

from tests.matrix.row import End, Learns, Row, Said, Wish, lossy, only
from tests.network.road import Forged, Kind, Loss

TLS, PLAIN, LOST, LATE = End.TLS, End.PLAIN, End.LOST, End.LATE
NOTHING, QUESTION, READ, SECRET = Learns.NOTHING, Learns.QUESTION, Learns.READ, Learns.SECRET
FIRST_SYN, FIRST_SYN_ACK = Loss(kind=Kind.SYN, first=1), Loss(kind=Kind.SYN_ACK, first=1)
FIRST_SENT, FIRST_ANSWERED = Loss(kind=Kind.SENT, first=1), Loss(kind=Kind.ANSWERED, first=1)
LONG_ANSWERS = Loss(kind=Kind.ANSWERED, longer=600)  # bytes: a path with a small MTU, whose ICMP is dropped
LONG_HELLO = Loss(kind=Kind.SENT, longer=300)
AFTER_THE_SYN_ACK = Loss(kind=Kind.OPEN)
AFTER_THE_HANDSHAKE = Loss(kind=Kind.SENT, after=2)  # the hello and what finishes it arrive
RESETS_SYN = Loss(kind=Kind.SYN, forged=Forged.RESET)
RESETS_FIRST_SYN = Loss(kind=Kind.SYN, first=1, forged=Forged.RESET)
RESETS_THE_REQUEST = Loss(kind=Kind.SENT, after=2, forged=Forged.RESET)
RESETS_HELLO = Loss(kind=Kind.SENT, forged=Forged.RESET)
PROHIBITS = Loss(kind=Kind.SYN, forged=Forged.PROHIBITED)

_SYNS = (
    Row("TLS, its first SYN lost, 80 serves", only(lossy("TLS", FIRST_SYN), "open"), 0.022, PLAIN, READ),
    Row("TLS, its first SYN lost, 80 challenges", only(lossy("TLS", FIRST_SYN), "basic"), 0.402, TLS, READ),
    Row("TLS, its first SYN lost, 80 wants a token", only(lossy("TLS", FIRST_SYN), "bearer"), 0.402, TLS, READ),
    Row("TLS, its first SYN lost, 80 dropped", only(lossy("TLS", FIRST_SYN), "dropped"), 1.002, TLS),
    Row(
        "TLS, its first SYN lost, a PUT",
        only(lossy("TLS", FIRST_SYN), "takes anything"),
        0.402,
        TLS,
        QUESTION,
        wish=Wish.PUT,
    ),
    Row(
        "TLS, its first two SYNs lost",
        only(lossy("TLS", Loss(kind=Kind.SYN, first=2)), "basic"),
        1.002,
        TLS,
        READ,
    ),
    Row(
        "TLS, its first three SYNs lost",
        only(lossy("TLS", Loss(kind=Kind.SYN, first=3)), "basic"),
        1.402,
        TLS,
        READ,
        certain=1.5,
    ),
    # What 5 % of loss does once in 160,000 times; only who never says `--insecure` is safe from it.
    Row(
        "TLS, its first four SYNs lost",
        only(lossy("TLS", Loss(kind=Kind.SYN, first=4)), "basic"),
        1.5,
        PLAIN,
        SECRET,
    ),
    Row("TLS, its first SYN-ACK lost", only(lossy("TLS", FIRST_SYN_ACK), "basic"), 0.402, TLS, READ),
    Row("both first SYNs lost", only(lossy("TLS", FIRST_SYN), lossy("basic", FIRST_SYN)), 1.002, TLS),
    Row("443 dropped, 80's first SYN lost", only("dropped", lossy("open", FIRST_SYN)), 1.302, PLAIN, READ),
)
_DATA = (
    Row("TLS, the hello lost once, 80 challenges", only(lossy("TLS", FIRST_SENT), "basic"), 0.202, TLS, READ),
    Row("TLS, the hello lost once, 80 serves", only(lossy("TLS", FIRST_SENT), "open"), 0.062, PLAIN, READ),
    Row("TLS, its first answer lost", only(lossy("TLS", FIRST_ANSWERED), "basic"), 0.202, TLS, READ),
    Row("443 dropped, 80's question lost once", only("dropped", lossy("open", FIRST_SENT)), 0.222, PLAIN, READ),
    # Where the answer is two segments, the second one tells the server at once that the first is missing.
    Row(
        "443 dropped, 80's answer lost once",
        only("dropped", lossy("open", FIRST_ANSWERED)),
        0.222,
        PLAIN,
        READ,
        early=0.2,
    ),
    Row("TLS records too long for the path, 80 serves", only(lossy("TLS", LONG_ANSWERS), "open"), 0.062, PLAIN, READ),
    Row("TLS records too long for the path", only(lossy("TLS", LONG_ANSWERS), "basic"), 5.001, PLAIN, SECRET),
    Row("TLS records too long, 80 dropped", only(lossy("TLS", LONG_ANSWERS), "dropped"), 5.001, LOST),
    Row(
        "a hello too long for the path",
        only(lossy("TLS", LONG_HELLO), "refused"),
        5.001,
        LOST,
        words="says nothing",
    ),
    Row("443 dropped after the SYN-ACK, 80 serves", only(lossy("TLS", AFTER_THE_SYN_ACK), "open"), 0.062, PLAIN, READ),
    Row("443 dropped after the SYN-ACK", only(lossy("TLS", AFTER_THE_SYN_ACK), "basic"), 5.001, PLAIN, SECRET),
    Row(
        "443 dropped after the handshake",
        only(lossy("TLS", AFTER_THE_HANDSHAKE), "basic"),
        2.0,
        LATE,
        bounds={"first_byte": 2.0, "first_byte_slow": 2.0},
        simulated=False,
    ),
    Row(
        "80 dropped after its first answer",
        only("refused", lossy("open", Loss(kind=Kind.SENT, after=1))),
        2.0,
        LATE,
        READ,
        bounds={"first_byte": 2.0, "first_byte_slow": 2.0},
        simulated=False,
    ),
    Row(
        "80 dropped after its SYN-ACK",
        only("refused", lossy("open", AFTER_THE_SYN_ACK)),
        3.001,
        LOST,
        QUESTION,
        bounds={"question": 3.0},
    ),
)
_MIDDLEBOXES = (
    Row("a middlebox refuses 443, 80 serves", only(lossy("TLS", RESETS_SYN), "open"), 0.002, PLAIN, READ),
    Row("a middlebox refuses 443, 80 challenges", only(lossy("TLS", RESETS_SYN), "basic"), 0.252, PLAIN, SECRET),
    Row(
        "a middlebox refuses 443, nobody permits plain",
        only(lossy("TLS", RESETS_SYN), "basic"),
        0.003,
        End.NO_CONSENT,
        QUESTION,
        said=Said.NOTHING,
    ),
    Row(
        "a middlebox refuses 443 once",
        only(lossy("TLS", RESETS_FIRST_SYN), "basic"),
        0.253,
        TLS,
        READ,
        simulated=False,
    ),
    Row(
        "a middlebox resets what comes after the handshake",
        only(lossy("TLS", RESETS_THE_REQUEST), "basic"),
        0.002,
        End.BROKEN,
        simulated=False,
    ),
    Row("a middlebox resets the hello, 80 serves", only(lossy("TLS", RESETS_HELLO), "open"), 0.003, PLAIN, READ),
    Row("a middlebox resets the hello", only(lossy("TLS", RESETS_HELLO), "basic"), 0.254, PLAIN, SECRET),
    Row("a router prohibits 443", only(lossy("TLS", PROHIBITS), "basic"), 0.252, PLAIN, SECRET),
    Row("a router prohibits both", only(lossy("TLS", PROHIBITS), lossy("basic", PROHIBITS)), 0.001, LOST),
)
ROWS = _SYNS + _DATA + _MIDDLEBOXES
