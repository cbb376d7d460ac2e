"""How ports behave, as scripts for `simulation`: healthy, slow, behind a firewall, or something else altogether."""

from __future__ import annotations

__all__ = [
    "BAD_CERTIFICATE",
    "DROPPED",
    "HTTP_RESETS",
    "HTTP_SILENT",
    "MUTE",
    "PLAIN_REGISTRY",
    "PORTAL",
    "REFUSED",
    "REGISTRY",
    "SPEAKS_HTTP",
    "TLS",
    "TLS_ALERT",
    "TLS_RESETS",
    "UNREACHABLE",
    "answers",
    "moved",
    "tls",
]

from dataclasses import replace

from boxship.connect.attempt import Attempt
from boxship.connect.evidence import Evidence
from boxship.connect.race import Race
from tests.connect.simulation import ALL, Port, Reply


def _spoke(race: Race, attempt: Attempt, now: float) -> None:
    race.spoke(attempt, now)


def _shaken(race: Race, attempt: Attempt, now: float) -> None:
    race.shaken(attempt, now)


def _untrusted(race: Race, attempt: Attempt, now: float) -> None:
    race.failed(attempt, now, Evidence.SPOKE_TLS, "its certificate was not accepted")


def _not_tls(race: Race, attempt: Attempt, now: float) -> None:
    race.failed(attempt, now, Evidence.NOT_TLS, "it answers b'HTTP/1.1 400'")


def _reset(race: Race, attempt: Attempt, now: float) -> None:
    race.failed(attempt, now, Evidence.RESET)


def _registry(race: Race, attempt: Attempt, now: float) -> None:
    race.answered(attempt, now)


def _portal(race: Race, attempt: Attempt, now: float) -> None:
    race.answered(attempt, now, refusal="it answers 200 with HTML")


def tls(done: float = 0.0, *, spoke: float | None = None, round_trip: float = 0.001) -> Port:
    """A TLS server that finishes the handshake `done` seconds late, and begins its answer `spoke` seconds late."""
    begun = done if spoke is None else spoke
    return Port(round_trip=round_trip, hello=(Reply(begun, _spoke), Reply(done, _shaken)))


def answers(after: float = 0.0, *, round_trip: float = 0.001) -> Port:
    """A plain registry that answers `GET /v2/` so many seconds late; with or without a challenge, it is one."""
    return Port(round_trip=round_trip, question=(Reply(after, _registry),))


def moved(port: int) -> Port:
    """A plain server that sends everybody to TLS on that port of the same host."""
    reply = Reply(0.0, lambda race, attempt, now: race.answered(attempt, now, moved=port))
    return Port(question=(reply,))


DROPPED = Port(lost=ALL)
REFUSED = Port(fails=Evidence.REFUSED)
UNREACHABLE = Port(fails=Evidence.UNREACHABLE)
MUTE = Port()
SPEAKS_HTTP = Port(hello=(Reply(0.0, _not_tls),))
TLS_RESETS = Port(hello=(Reply(0.0, _reset),))
TLS_ALERT = BAD_CERTIFICATE = Port(hello=(Reply(0.0, _spoke), Reply(0.0, _untrusted)))
TLS = tls()

REGISTRY = answers()
PORTAL = Port(question=(Reply(0.0, _portal),))
HTTP_RESETS = Port(question=(Reply(0.0, _reset),))
HTTP_SILENT = Port()

# One port that plain HTTP is spoken on: what it makes of a hello, and of the question.
PLAIN_REGISTRY = replace(REGISTRY, hello=SPEAKS_HTTP.hello)
