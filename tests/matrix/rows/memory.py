"""What an earlier run has seen: it orders what is tried, and can forbid plain HTTP; it permits nothing."""

from __future__ import annotations

__all__ = ["ROWS"]

from boxship.connect.memory import Seen
from tests.matrix.row import Before, End, Learns, Row, Said, Wish, far, host, only

TLS, PLAIN, LOST, NO_CONSENT = End.TLS, End.PLAIN, End.LOST, End.NO_CONSENT
NOTHING, QUESTION, READ, SECRET = Learns.NOTHING, Learns.QUESTION, Learns.READ, Learns.SECRET
MINUTE, HOUR, DAY = 60.0, 3600.0, 86400.0
ABSENT = "no answer at all"
FRESH, OLD, TOO_OLD = Before(Seen.PLAIN, MINUTE), Before(Seen.PLAIN, HOUR), Before(Seen.PLAIN, 2 * DAY)
FRESH_ABSENT, OLD_ABSENT = Before(Seen.PLAIN, MINUTE, ABSENT), Before(Seen.PLAIN, HOUR, ABSENT)
SPOKE_TLS, CHECKED = Before(Seen.TLS_SEEN, DAY), Before(Seen.TLS_VERIFIED, 60 * DAY)
NOT_443, NOT_80 = {443: (0, 0)}, {80: (0, 0)}

ROWS = (
    Row("plain a minute ago, and still", only("dropped", "open"), 0.002, PLAIN, READ, before=FRESH, syns=NOT_443),
    Row("plain an hour ago, and still", only("dropped", "open"), 0.002, PLAIN, READ, before=OLD),
    Row("plain two days ago, and still", only("dropped", "open"), 0.022, PLAIN, READ, before=TOO_OLD),
    Row("plain a minute ago, a challenge now", only("dropped", "basic"), 1.502, PLAIN, SECRET, before=FRESH),
    Row("TLS absent a minute ago, and still", only("dropped", "basic"), 0.002, PLAIN, SECRET, before=FRESH_ABSENT),
    Row("TLS absent an hour ago, and still", only("dropped", "basic"), 0.1, PLAIN, SECRET, before=OLD_ABSENT),
    Row(
        "TLS absent an hour ago, and there now",
        only("TLS", far("basic", 0.02)),
        0.002,
        TLS,
        before=OLD_ABSENT,
        syns={80: (1, 1)},
    ),
    Row(
        "TLS absent an hour ago, at 5 ms now, 80 near",
        only(far("TLS", 0.0025), "basic"),
        0.01,
        TLS,
        READ,
        before=OLD_ABSENT,
        simulated=False,
    ),
    Row(
        "TLS absent an hour ago, at 12 ms now, 80 near",
        only(far("TLS", 0.006), "basic"),
        0.024,
        TLS,
        READ,
        before=OLD_ABSENT,
        simulated=False,
    ),
    Row("plain a minute ago, TLS now", only("TLS", "basic"), 0.004, TLS, READ, before=FRESH),
    Row("plain a minute ago, 80 dropped and 443 serving", only("TLS", "dropped"), 0.252, TLS, before=FRESH),
    Row("plain an hour ago, 80 dropped and 443 serving", only("TLS", "dropped"), 0.002, TLS, before=OLD),
    Row("plain a minute ago, 80 refused and 443 serving", only("TLS", "refused"), 0.003, TLS, before=FRESH),
    Row("plain a minute ago, a portal now", only("TLS", "portal"), 0.004, TLS, QUESTION, before=FRESH),
    Row("plain a minute ago, nothing now", only("refused", "refused"), 0.002, LOST, before=FRESH, words="refused"),
    Row(
        "plain a minute ago at the first of two addresses",
        (host("dropped", "open"), host("TLS", "open")),
        0.002,
        PLAIN,
        READ,
        before=FRESH,
        syns=NOT_443,
    ),
    Row(
        "plain a minute ago, nobody permits it now",
        only("dropped", "basic"),
        3.0,
        NO_CONSENT,
        QUESTION,
        said=Said.NOTHING,
        before=FRESH_ABSENT,
    ),
    Row(
        "plain a minute ago, private, a challenge now",
        only("refused", "basic"),
        0.003,
        NO_CONSENT,
        READ,
        said=Said.PRIVATE,
        before=FRESH_ABSENT,
    ),
    Row(
        "plain a minute ago, a PUT",
        only("dropped", "takes anything"),
        0.002,
        PLAIN,
        SECRET,
        wish=Wish.PUT,
        before=FRESH_ABSENT,
    ),
    Row("TLS yesterday, and still", only("TLS", "open"), 0.002, TLS, before=SPOKE_TLS, syns=NOT_80),
    Row("TLS yesterday, after 3 s now", only("very slow TLS", "basic"), 3.002, TLS, before=SPOKE_TLS, syns=NOT_80),
    Row("TLS yesterday, 443 dropped now", only("dropped", "open"), 5.0, LOST, before=SPOKE_TLS, syns=NOT_80),
    Row("TLS yesterday, 443 refused now", only("refused", "basic"), 0.001, LOST, before=SPOKE_TLS, syns=NOT_80),
    Row("TLS yesterday, 443 speaks HTTP now", only("open", "open"), 0.002, LOST, before=SPOKE_TLS, syns=NOT_80),
    Row("TLS two months ago, 443 dropped now", only("dropped", "open"), 5.0, LOST, before=CHECKED, syns=NOT_80),
)
