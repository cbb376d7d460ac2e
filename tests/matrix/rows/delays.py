"""Long ways, to one port or both, there or back: a path of 600 ms is no reason to speak plain HTTP."""

from __future__ import annotations

__all__ = ["ROWS"]

from tests.matrix.row import End, Learns, Row, far, host, only

TLS, PLAIN, LOST = End.TLS, End.PLAIN, End.LOST
NOTHING, QUESTION, READ, SECRET = Learns.NOTHING, Learns.QUESTION, Learns.READ, Learns.SECRET
NEAR = 0.0025  # seconds, one way


def _near_80(milliseconds: int, asked: str) -> tuple[Row, Row]:
    """TLS is so many milliseconds away, there and back, and port 80 five."""
    one_way = milliseconds / 2000
    name = f"443 at {milliseconds} ms, 80 at 5 ms"
    return (
        Row(f"{name} serves", only(far("TLS", one_way), far("open", NEAR)), 0.03, PLAIN, READ),
        Row(f"{name} {asked}", only(far("TLS", one_way), far("basic", NEAR)), 4 * one_way, TLS, READ),
    )


ROWS = (
    *_near_80(150, "challenges"),
    *_near_80(300, "challenges"),
    *_near_80(600, "challenges"),
    Row("443 at 5 ms, 80 at 300 ms serves", only(far("TLS", NEAR), far("open", 0.15)), 0.01, TLS),
    Row("443 at 5 ms, 80 at 600 ms challenges", only(far("TLS", NEAR), far("basic", 0.3)), 0.01, TLS),
    Row("both at 150 ms", only(far("TLS", 0.075), far("basic", 0.075)), 0.3, TLS),
    Row("both at 300 ms", only(far("TLS", 0.15), far("basic", 0.15)), 0.6, TLS),
    Row("both at 600 ms", only(far("TLS", 0.3), far("basic", 0.3)), 1.2, TLS),
    Row("both 600 ms there, 0 back", only(far("TLS", 0.6, 0), far("basic", 0.6, 0)), 1.2, TLS),
    Row("both 0 there, 600 ms back", only(far("TLS", 0, 0.6), far("basic", 0, 0.6)), 1.2, TLS),
    Row("443 600 ms there, 80 600 ms back", only(far("TLS", 0.6, 0), far("basic", 0, 0.6)), 1.2, TLS),
    Row("443 600 ms back, 80 near serves", only(far("TLS", 0, 0.6), far("open", NEAR)), 0.03, PLAIN, READ),
    Row("443 500 there, 100 back, 80 near", only(far("TLS", 0.5, 0.1), far("basic", NEAR)), 1.2, TLS, READ),
    Row("443 650 ms each way, 80 near", only(far("TLS", 0.65), far("basic", NEAR)), 2.6, TLS, READ),
    Row("443 560 ms each way, 80 near", only(far("TLS", 0.56), far("basic", NEAR)), 2.24, TLS, READ),
    # How far rule 7 reaches: what has not answered by 1.5 s is held to be dropped, where all that answers is near.
    Row("443 800 ms each way, 80 near", only(far("TLS", 0.8), far("basic", NEAR)), 1.5, PLAIN, SECRET),
    Row("443 dropped, 80 at 300 ms serves", only("dropped", far("open", 0.15)), 0.9, PLAIN, READ),
    Row("443 dropped, 80 600 ms there serves", only("dropped", far("open", 0.6, 0)), 1.5, PLAIN, READ),
    # Rule 7: four of the longest round trips.
    Row("443 dropped, 80 at 600 ms challenges", only("dropped", far("basic", 0.3)), 2.7, PLAIN, SECRET),
    Row("443 refused at 300 ms, 80 too", only(far("refused", 0.15), far("basic", 0.15)), 0.9, PLAIN, SECRET),
    Row("443 mute at 300 ms, 80 too", only(far("mute", 0.15), far("open", 0.15)), 1.6, PLAIN, READ),
    Row("443 speaks HTTP at 300 ms, 80 too", only(far("open", 0.15), far("basic", 0.15)), 0.9, PLAIN, SECRET),
    Row("TLS after 1 s at 200 ms, 80 too", only(far("slow TLS", 0.1), far("basic", 0.1)), 1.4, TLS, READ),
    Row("TLS after 1 s at 200 ms, 80 too serves", only(far("slow TLS", 0.1), far("open", 0.1)), 1.2, PLAIN, READ),
    Row("TLS after 1 s at 300 ms, 80 near", only(far("slow TLS", 0.15), far("basic", NEAR)), 1.6, TLS, READ),
    Row(
        "443 dropped at one address, plain HTTP at 600 ms at the other",
        (host("dropped", "basic"), host(far("open", 0.3), "refused")),
        2.4,
        PLAIN,
        SECRET,
    ),
    Row("both dropped behind 300 ms", only("dropped", far("dropped", 0.15)), 5.0, LOST),
)
