"""Ports that are written: no other is tried, and one connection is enough where the first one says what it speaks."""

from __future__ import annotations

__all__ = ["ROWS"]

from tests.matrix.row import End, Learns, Row, Said, explicit, far

TLS, PLAIN, LOST, BAD_TLS, NO_CONSENT = End.TLS, End.PLAIN, End.LOST, End.BAD_TLS, End.NO_CONSENT
NOTHING, QUESTION, READ, SECRET = Learns.NOTHING, Learns.QUESTION, Learns.READ, Learns.SECRET
ONE, TWO = {5000: (1, 1), 443: (0, 0), 80: (0, 0)}, {5000: (2, 2), 443: (0, 0), 80: (0, 0)}
MORE = {5000: (2, 4), 443: (0, 0), 80: (0, 0)}
NONE_443, NONE_80 = {443: (0, 0), 80: (1, 2)}, {443: (1, 1), 80: (0, 0)}

ROWS = (
    Row(":5000 speaks TLS", explicit("TLS"), 0.002, TLS, port=5000, syns=ONE),
    Row(":5000 speaks TLS, one at a time", explicit("single-threaded TLS"), 0.002, TLS, port=5000, syns=ONE),
    Row(":5000 speaks TLS after 1 s", explicit("slow TLS"), 1.002, TLS, QUESTION, port=5000, syns=TWO),
    Row(":5000 at 300 ms speaks TLS", explicit(far("TLS", 0.15)), 0.6, TLS, port=5000, syns=ONE),
    Row(":5000 serves in plain", explicit("open"), 0.004, PLAIN, READ, port=5000, syns=MORE),
    Row(":5000 challenges in plain", explicit("basic"), 0.004, PLAIN, SECRET, port=5000, syns=MORE),
    Row(":5000 in plain wants a token", explicit("bearer"), 0.004, PLAIN, SECRET, port=5000, syns=MORE),
    Row(":5000 at 300 ms challenges in plain", explicit(far("basic", 0.15)), 1.2, PLAIN, SECRET, port=5000, syns=MORE),
    Row(":5000 refused", explicit("refused"), 0.001, LOST, port=5000, syns=ONE, words="refused"),
    Row(":5000 prohibited by a router", explicit("unreachable"), 0.001, LOST, port=5000, syns=ONE),
    Row(":5000 dropped", explicit("dropped"), 5.0, LOST, port=5000, words="dropped, not refused"),
    Row(":5000 resets whatever it is told", explicit("resets hello"), 0.004, LOST, QUESTION, port=5000, syns=TWO),
    Row(":5000 hangs up", explicit("hangs up"), 0.004, LOST, QUESTION, port=5000, syns=TWO),
    Row(":5000 is an SSH server", explicit("garbage"), 0.004, LOST, QUESTION, port=5000, syns=TWO),
    Row(":5000 is a portal", explicit("portal"), 0.004, LOST, QUESTION, port=5000, syns=TWO),
    Row(
        ":5000 mute",
        explicit("mute"),
        5.062,
        LOST,
        QUESTION,
        port=5000,
        syns=TWO,
        bounds={"first_byte": 5.0},
        words="says nothing",
    ),
    Row(":5000 has an expired certificate", explicit("expired"), 0.002, BAD_TLS, port=5000, said=Said.AUTO, syns=ONE),
    Row(":5000 has one that is not checked", explicit("expired"), 0.002, TLS, port=5000, syns=ONE),
    Row(":5000 sends an alert", explicit("TLS alert"), 0.002, BAD_TLS, port=5000, syns=ONE),
    Row(":443 is https", explicit("open", port=443), 0.002, NO_CONSENT, port=443, syns=NONE_80),
    Row(":80 is plain", explicit("open", port=80), 0.002, PLAIN, READ, port=80, syns=NONE_443),
    Row(":80 is plain, and challenges", explicit("basic", port=80), 0.002, PLAIN, SECRET, port=80, syns=NONE_443),
)
