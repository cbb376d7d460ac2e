"""What is being waited for, as the events tell it: the words of a notice, and from when on it is one."""

from __future__ import annotations

__all__ = ["Waits"]

import math
from collections.abc import Hashable, Mapping

from boxship.event import Event, Fact
from boxship.value import dataclass

_AFTER = 1.0  # seconds: a shorter wait is not worth a word
_AFTER_ALIVE = 2.0  # a server that has the request may take its time

_Facts = Mapping[str, Fact]


@dataclass(frozen=True, slots=True)
class _Kind:
    """A kind of wait: what one of them is known by, and what is said of it. Later steps of a request rank higher."""

    rank: int
    key: str
    words: str
    after: float = _AFTER

    def known_by(self, facts: _Facts) -> Hashable:
        return self.key, facts.get(self.key)


_CONNECTION = "connection"
_READING = _Kind(0, _CONNECTION, "reading the answer of {host}", _AFTER_ALIVE)
_NAME = _Kind(1, "host", "waiting for the name server: {host}")
_CONNECT = _Kind(2, _CONNECTION, "waiting for {address} to accept the connection")
_TLS = _Kind(3, _CONNECTION, "waiting for {address} to go on with TLS")
_QUESTION = _Kind(3, _CONNECTION, "waiting for {address} to say that it is a registry")
_ABSENCE = _Kind(4, "site", "making sure that {site} does not speak TLS on port {port}")
_PROXY = _Kind(4, _CONNECTION, "waiting for the proxy at {address} to reach {host}")
_HELPER = _Kind(5, "helper", "waiting for {helper}")
_PAUSE = _Kind(5, "host", "{why}: again in {left} s")
_SEND = _Kind(6, _CONNECTION, "sending {body} bytes to {host}")
_ALIVE = _Kind(6, _CONNECTION, "{host}: connection alive, server working", _AFTER_ALIVE)
# The doctor looks at many places at once: all that last are said.
_LOOK = _Kind(0, "look", "{look}")

_BEGIN: Mapping[str, _Kind] = {
    "DNSStart": _NAME,
    "ConnectStart": _CONNECT,
    "ProxyConnectStart": _PROXY,
    "TLSHandshakeStart": _TLS,
    "PlainQuestion": _QUESTION,
    "AbsenceStart": _ABSENCE,
    "HelperStart": _HELPER,
    "Retry": _PAUSE,
    "SendStart": _SEND,
    "WroteRequest": _ALIVE,
    "Request": _READING,
    "LookStart": _LOOK,
}
_END: Mapping[str, _Kind] = {
    "DNSDone": _NAME,
    "ConnectDone": _CONNECT,
    "ProxyConnectDone": _PROXY,
    "TLSHandshakeDone": _TLS,
    "PlainAnswer": _QUESTION,
    "HelperDone": _HELPER,
    "RequestFailed": _ALIVE,
    "AnswerDone": _READING,
    "LookDone": _LOOK,
}
# After these, what is still tried for the host is not what somebody waits for any more.
_DECIDED = frozenset({"Verdict", "SendStart", "WroteRequest", "PlainConfirmed", "Upgraded"})
_STEPS = (_NAME, _CONNECT, _PROXY, _TLS, _QUESTION, _ABSENCE, _PAUSE)


class _Shown(dict[str, Fact]):
    """Facts, and a mark where one is missing: an event may come from somebody who knows less."""

    def __missing__(self, name: str) -> str:
        return "…"


@dataclass(frozen=True, slots=True)
class _Wait:
    kind: _Kind
    since: float
    facts: _Facts

    def lasts(self, now: float) -> bool:
        return now - self.since >= self.kind.after and self._left(now) > 0

    def words(self, now: float) -> str:
        left = self._left(now)
        text = self.kind.words.format_map(_Shown({**self.facts, "left": math.ceil(left)}))
        return text if self.kind is _PAUSE else f"{text}, {int(now - self.since)} s"

    def _left(self, now: float) -> float:
        """Until a pause ends; the end of everything else is not known."""
        seconds = self.facts.get("seconds")
        return self.since + seconds - now if self.kind is _PAUSE and isinstance(seconds, int | float) else 1.0


class Waits:
    """The waits that go on, by the events so far. Times are the caller's."""

    def __init__(self) -> None:
        self._waits: dict[Hashable, _Wait] = {}

    def hear(self, event: Event, now: float) -> None:
        """Take an event into account."""
        if event.name in _DECIDED:
            self._forget_steps_towards(event.facts.get("host"))
        if kind := _END.get(event.name):
            self._waits.pop(kind.known_by(event.facts), None)
        if kind := _BEGIN.get(event.name):
            self._waits[kind.known_by(event.facts)] = _Wait(kind, now, event.facts)

    def words(self, now: float) -> str:
        """What is said of all that is looked at, and of the wait that matters most, or '' where nothing lasts."""
        lasting = [wait for wait in self._waits.values() if wait.lasts(now)]
        looks = "; ".join(wait.words(now) for wait in lasting if wait.kind is _LOOK)
        others = [wait for wait in lasting if wait.kind is not _LOOK]
        first = min(others, key=lambda wait: (-wait.kind.rank, wait.since)).words(now) if others else ""
        return "; ".join(filter(None, (looks and f"looking at {looks}", first)))

    def _forget_steps_towards(self, host: Fact | None) -> None:
        for key, wait in tuple(self._waits.items()):
            if wait.kind in _STEPS and _same(wait.facts.get("host"), host):
                del self._waits[key]


def _same(one: Fact | None, other: Fact | None) -> bool:
    return isinstance(one, str) and isinstance(other, str) and one.lower() == other.lower()
