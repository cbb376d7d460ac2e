"""Who said what about plain HTTP: nobody, a private or a loopback address, or somebody who wants nothing else."""

from __future__ import annotations

__all__ = ["ROWS"]

from tests.matrix.row import End, Learns, Row, Said, Wish, explicit, only

TLS, PLAIN, LOST, BAD_TLS, NO_CONSENT = End.TLS, End.PLAIN, End.LOST, End.BAD_TLS, End.NO_CONSENT
NOTHING, QUESTION, READ, SECRET = Learns.NOTHING, Learns.QUESTION, Learns.READ, Learns.SECRET
UNSAID, PRIVATE, LOOPBACK, ALWAYS = Said.NOTHING, Said.PRIVATE, Said.LOOPBACK, Said.ALWAYS
NOT_80, ONCE_80, NOT_443 = {80: (0, 0)}, {80: (1, 1)}, {443: (0, 0)}

# Port 80 may be asked whether it is a registry, once, after 443 has failed or been silent for 1 s: for the error.
_UNSAID = (
    Row("a name, 443 dropped, 80 serves", only("dropped", "open"), 3.0, NO_CONSENT, QUESTION, said=UNSAID),
    Row("a name, 443 dropped, 80 challenges", only("dropped", "basic"), 3.0, NO_CONSENT, QUESTION, said=UNSAID),
    Row("a name, 443 dropped, a PUT", only("dropped", "basic"), 3.0, NO_CONSENT, QUESTION, said=UNSAID, wish=Wish.PUT),
    Row("a name, 443 dropped, 80 is a portal", only("dropped", "portal"), 5.0, LOST, QUESTION, said=UNSAID),
    Row("a name, 443 dropped, 80 too", only("dropped", "dropped"), 5.0, LOST, said=UNSAID),
    Row("a name, 443 refused, 80 serves", only("refused", "open"), 0.003, NO_CONSENT, QUESTION, said=UNSAID),
    Row("a name, 443 refused, 80 too", only("refused", "refused"), 0.002, LOST, said=UNSAID, words="refused"),
    Row("a name, 443 mute, 80 serves", only("mute", "open"), 5.001, NO_CONSENT, QUESTION, said=UNSAID),
    Row("a name, 443 speaks HTTP", only("open", "open"), 0.004, NO_CONSENT, QUESTION, said=UNSAID),
    Row("a name, TLS", only("TLS", "open"), 0.002, TLS, said=UNSAID, syns=NOT_80),
    Row("a name, TLS after 3 s", only("very slow TLS", "basic"), 3.002, TLS, QUESTION, said=UNSAID, syns=ONCE_80),
    Row("a name, an expired certificate", only("expired", "open"), 0.002, BAD_TLS, said=UNSAID, syns=NOT_80),
    Row("a name, 443 sends an alert", only("TLS alert", "open"), 0.002, BAD_TLS, said=UNSAID, syns=NOT_80),
)
_PRIVATE = (
    Row("private, 443 dropped, 80 serves", only("dropped", "open"), 0.022, PLAIN, READ, said=PRIVATE),
    Row("private, 443 refused, 80 serves", only("refused", "open"), 0.002, PLAIN, READ, said=PRIVATE),
    Row("private, 443 mute, 80 serves", only("mute", "open"), 0.062, PLAIN, READ, said=PRIVATE),
    Row(
        "private, 80 serves, no credential",
        only("dropped", "open"),
        0.022,
        PLAIN,
        READ,
        said=PRIVATE,
        wish=Wish.ANONYMOUS,
    ),
    Row("private, 443 dropped, 80 challenges", only("dropped", "basic"), 5.0, NO_CONSENT, READ, said=PRIVATE),
    Row("private, 443 refused, 80 challenges", only("refused", "basic"), 0.002, NO_CONSENT, READ, said=PRIVATE),
    Row("private, 443 refused, 80 wants a token", only("refused", "bearer"), 0.002, NO_CONSENT, READ, said=PRIVATE),
    Row("private, 443 mute, 80 challenges", only("mute", "basic"), 5.001, NO_CONSENT, READ, said=PRIVATE),
    Row("private, 443 speaks HTTP", only("open", "basic"), 0.003, NO_CONSENT, READ, said=PRIVATE),
    Row(
        "private, 443 dropped, a PUT",
        only("dropped", "takes anything"),
        5.0,
        NO_CONSENT,
        QUESTION,
        said=PRIVATE,
        wish=Wish.PUT,
    ),
    Row(
        "private, 443 refused, a header of the user's",
        only("refused", "open"),
        0.002,
        NO_CONSENT,
        QUESTION,
        said=PRIVATE,
        wish=Wish.HEADER,
    ),
    Row("private, an expired certificate", only("expired", "open"), 0.002, BAD_TLS, said=PRIVATE),
    Row("private, a certificate for a name", only("wrong name", "open"), 0.002, BAD_TLS, said=PRIVATE),
    Row("private, 443 sends an alert", only("TLS alert", "basic"), 0.002, BAD_TLS, said=PRIVATE),
)
_LOOPBACK = (
    Row("loopback, 443 refused, 80 serves", only("refused", "open"), 0.002, PLAIN, READ, said=LOOPBACK),
    Row("loopback, 443 refused, 80 challenges", only("refused", "basic"), 0.252, PLAIN, SECRET, said=LOOPBACK),
    Row("loopback, 443 speaks HTTP", only("open", "basic"), 0.003, PLAIN, SECRET, said=LOOPBACK),
    Row("loopback, an expired certificate", only("expired", "open"), 0.002, BAD_TLS, said=LOOPBACK),
    Row("loopback, :5000 challenges", explicit("basic"), 0.004, PLAIN, SECRET, said=LOOPBACK, port=5000),
)
_ALWAYS = (
    Row("plain is told, 80 serves", only("dropped", "open"), 0.001, PLAIN, READ, said=ALWAYS, syns=NOT_443),
    Row("plain is told, 80 challenges", only("dropped", "basic"), 0.001, PLAIN, SECRET, said=ALWAYS, syns=NOT_443),
    Row("plain is told, 443 has TLS", only("TLS", "basic"), 0.001, PLAIN, SECRET, said=ALWAYS, syns=NOT_443),
    Row("plain is told, 80 refused", only("TLS", "refused"), 0.001, LOST, said=ALWAYS, syns=NOT_443),
    Row("plain is told, 80 dropped", only("TLS", "dropped"), 5.0, LOST, said=ALWAYS, syns=NOT_443),
)
_AUTO = (
    Row("either is permitted, TLS", only("TLS", "basic"), 0.002, TLS, said=Said.AUTO),
    Row("either is permitted, TLS after 1 s", only("slow TLS", "basic"), 1.002, TLS, READ, said=Said.AUTO),
    Row("either is permitted, 443 dropped", only("dropped", "basic"), 1.5, PLAIN, SECRET, said=Said.AUTO),
    Row("either is permitted, 443 refused", only("refused", "open"), 0.002, PLAIN, READ, said=Said.AUTO),
)
ROWS = _AUTO + _UNSAID + _PRIVATE + _LOOPBACK + _ALWAYS
