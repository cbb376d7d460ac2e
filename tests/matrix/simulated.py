"""Rows on the simulated clock: the same race as in `boxship`, and what the connector makes of its outcome."""

from __future__ import annotations

__all__ = ["play"]

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace

from boxship.connect.address import MAX_ADDRESSES, Address
from boxship.connect.advice import advise
from boxship.connect.attempt import End as Finish
from boxship.connect.attempt import Goal, Outcome, Place
from boxship.connect.deadline import Bounds
from boxship.connect.evidence import Evidence
from boxship.connect.memory import Remembered, Seen
from boxship.connect.race import Race
from tests.connect import networks
from tests.connect.simulation import ALL, Reply, Simulation
from tests.connect.simulation import Port as Script
from tests.matrix.result import Result
from tests.matrix.row import PLAIN_PORT, TLS_PORT, End, Learns, Port, Row, Said, Stage, Wish
from tests.network.road import EVER, Forged, Kind, Loss

RETRANSMISSION = 0.2  # Linux repeats data that nobody acknowledges after so long, at least
_REGISTRY = networks.PLAIN_REGISTRY
_HTTP = networks.SPEAKS_HTTP
_RESETS = replace(networks.HTTP_RESETS, hello=networks.TLS_RESETS.hello)
SCRIPTS: Mapping[str, Script] = {
    "dropped": networks.DROPPED,
    "refused": networks.REFUSED,
    "unreachable": networks.UNREACHABLE,
    "resets hello": _RESETS,
    "hangs up": _RESETS,
    "mute": networks.MUTE,
    "garbage": replace(networks.PORTAL, hello=_HTTP.hello),
    "TLS": networks.TLS,
    "TLS, 503": networks.TLS,
    "slow TLS": networks.tls(1.0),
    "very slow TLS": networks.tls(3.0),
    "single-threaded TLS": replace(networks.TLS, single_threaded=True),
    "expired": networks.BAD_CERTIFICATE,
    "wrong name": networks.BAD_CERTIFICATE,
    "TLS alert": networks.TLS_ALERT,
    "open": _REGISTRY,
    "basic": _REGISTRY,
    "bearer": _REGISTRY,
    "takes anything": _REGISTRY,
    "portal": replace(networks.PORTAL, hello=_HTTP.hello),
    "portal elsewhere": replace(networks.PORTAL, hello=_HTTP.hello),
    "moved to TLS": replace(networks.moved(TLS_PORT), hello=_HTTP.hello),
    "resets": replace(networks.HTTP_RESETS, hello=_HTTP.hello),
}
CHALLENGES = frozenset({"basic", "bearer"})
_KEPT = {Seen.TLS_VERIFIED: 90 * 86400, Seen.TLS_SEEN: 30 * 86400, Seen.PLAIN: 86400}  # seconds
_PERMITTED = frozenset({Said.INSECURE, Said.AUTO, Said.LOOPBACK})


def play(row: Row) -> Result:
    """What comes of the row."""
    return _Play(row).result()


class _Play:
    def __init__(self, row: Row) -> None:
        self._row = row
        self._does: dict[Address, Port] = {}
        self._simulation = Simulation({}, self._race(row))
        self._simulation.network = {address: _script(row, port) for address, port in self._does.items()}

    def _race(self, row: Row) -> Race:
        places = tuple(self._place(number) for number in range(len(row.hosts)))[:MAX_ADDRESSES]
        advice = advise(places, self._remembered(row, places[0]), 0.0)
        return Race(
            advice.places,
            Bounds(**row.bounds),
            0.0,
            told=row.said is Said.ALWAYS or row.port == TLS_PORT,
            hello_first=row.port not in (None, PLAIN_PORT),
            head_start=advice.head_start,
        )

    @staticmethod
    def _remembered(row: Row, place: Place) -> Remembered | None:
        before = row.before
        if not before or before.age > _KEPT[before.seen]:
            return None
        address = place.plain if before.seen is Seen.PLAIN else place.tls
        return Remembered(before.seen, -before.age, str(address), before.evidence)

    def _place(self, number: int) -> Place:
        row, ports = self._row, self._row.hosts[number].ports
        addresses = {port: Address.of(f"10.0.0.{number + 1}", port) for port in ports}
        self._does |= {addresses[port]: does for port, does in ports.items()}
        secure = addresses.get(row.port or TLS_PORT)
        plain = addresses.get(row.port or PLAIN_PORT)
        if row.said is Said.ALWAYS or row.port == PLAIN_PORT:
            secure = None
        if row.port == TLS_PORT:
            plain = None
        if row.said is Said.NOTHING:
            return Place(secure, None, probe=plain)
        return Place(secure, plain)

    def result(self) -> Result:
        end, learns, words = self._decide(self._simulation.run())
        sim = self._simulation
        syns = Counter[int]()
        for address, number in sim._syns.items():
            syns[address.sockaddr[1]] += number
        return Result(
            stage=Stage.SIMULATED,
            end=end,
            seconds=sim.now,
            learns=learns,
            words=words,
            syns={port: syns[port] for port in self._row.ports},
            requests={port: len(sim.times("question", port)) for port in self._row.ports},
        )

    def _decide(self, outcome: Outcome) -> tuple[End, Learns, str]:
        winner = outcome.attempt
        asked = Learns.QUESTION if any(sent.what == "question" for sent in self._simulation.sent) else Learns.NOTHING
        if outcome.end is not Finish.WON or not winner:
            return self._lost(asked)
        does = self._does[winner.address].does
        if winner.tls:
            return (End.ANSWER if does == "TLS, 503" else End.TLS), asked, ""
        own = self._row.wish in (Wish.HEADER, Wish.PUT)
        asked = asked if own else Learns.READ
        if not own and not (does in CHALLENGES and self._row.wish is Wish.TAGS):
            return End.PLAIN, asked, ""
        return self._tell_secret(asked)

    def _tell_secret(self, asked: Learns) -> tuple[End, Learns, str]:
        """Rule 7: what the connector does before a secret goes over plain HTTP."""
        if self._row.said is Said.ALWAYS:
            return End.PLAIN, Learns.SECRET, ""
        consent = self._row.said in _PERMITTED
        if consent and self._still_absent():
            return End.PLAIN, Learns.SECRET, ""
        outcome = self._simulation.pursue(Goal.ABSENCE if consent else Goal.TLS)
        if outcome.end is Finish.ABSENT:
            return End.PLAIN, Learns.SECRET, ""
        if outcome.attempt and outcome.attempt.tls:
            return End.TLS, asked, ""
        if any(attempt.spoke for attempt in self._simulation.race.attempts):
            return self._lost(asked)
        return End.NO_CONSENT, asked, self._words

    def _still_absent(self) -> bool:
        """Whether a confirmed absence is remembered, and 443 has not answered by when it would have."""
        if not (self._row.before and self._row.before.evidence):
            return False
        race = self._simulation.race
        self._simulation.now = max(self._simulation.now, race.answerable_by())
        return not any(attempt.tls and (attempt.is_open or attempt.spoke) for attempt in race.attempts)

    def _lost(self, asked: Learns) -> tuple[End, Learns, str]:
        attempts = self._simulation.race.attempts
        showed = {attempt.evidence for attempt in attempts}
        if Evidence.SPOKE_TLS in showed:
            return End.BAD_TLS, asked, self._words
        unsaid = Evidence.NOT_TLS in showed and all(attempt.tls for attempt in attempts)
        found = Evidence.PLAIN_REGISTRY in showed
        if self._row.before and self._row.before.seen is not Seen.PLAIN:
            return End.LOST, asked, self._words  # what does not speak TLS is not the host that did
        return (End.NO_CONSENT if unsaid or found else End.LOST), asked, self._words

    @property
    def _words(self) -> str:
        """The evidence: what an error says of each attempt."""
        return "\n".join(attempt.words(self._simulation.now) for attempt in self._simulation.race.attempts)


def _script(row: Row, port: Port) -> Script:
    script = SCRIPTS[port.does]
    if row.said is Said.INSECURE and port.does in ("expired", "wrong name"):
        script = networks.TLS  # its certificate is not looked at
    if port.round_trip:
        script = replace(script, round_trip=port.round_trip)
    for loss in port.losses:
        script = _with_loss(script, loss)
    return script


def _with_loss(script: Script, loss: Loss) -> Script:
    match loss:
        case Loss(kind=Kind.SYN, forged=Forged.RESET):
            return networks.REFUSED
        case Loss(kind=Kind.SYN, forged=Forged.PROHIBITED):
            return networks.UNREACHABLE
        case Loss(kind=Kind.SENT, forged=Forged.RESET):
            return replace(script, hello=networks.TLS_RESETS.hello, question=networks.HTTP_RESETS.question)
        case Loss(kind=Kind.SYN | Kind.SYN_ACK, first=first):
            return replace(script, lost=script.lost + (ALL if first >= EVER else first))
        case Loss(kind=Kind.SENT | Kind.ANSWERED, first=1):
            return replace(script, hello=_late(script.hello), question=_late(script.question))
        case Loss(first=first) if first >= EVER:
            return networks.DROPPED if loss.kind is Kind.ANY and not loss.longer else _mute(script, loss)
    raise NotImplementedError(loss)


def _late(replies: tuple[Reply, ...]) -> tuple[Reply, ...]:
    return tuple(replace(reply, after=reply.after + RETRANSMISSION) for reply in replies)


def _mute(script: Script, loss: Loss) -> Script:
    # Short answers, such as a plain registry's, get through where long packets do not.
    return replace(script, hello=(), question=script.question if loss.longer else ())
