"""The timeline: hops, read from the events of a story (docs/trace.md). Pure.

Events come in the order they happened; what belongs to one connection has its number in common.
"""

from __future__ import annotations

__all__ = ["Told", "hops_told", "timeline"]

from collections.abc import Callable, Iterable, Iterator, Mapping
from urllib.parse import urlsplit

from boxship.event import Event
from boxship.hop import Hop, Layer, Phase, Role
from boxship.value import dataclass, field

_Place = tuple[str, int | None]
_PORTS = {"http": 80, "https": 443}
_UNFINISHED = "still going on at the end"
_LEFT = "not waited for any more"


def timeline(events: Iterable[Event]) -> tuple[Hop, ...]:
    """The hops of a story, in the order they began."""
    return tuple(told.hop for told in hops_told(events))


@dataclass(frozen=True, slots=True)
class Told:
    """A hop, the events that tell of it, and when it began, in seconds since the epoch."""

    hop: Hop
    events: tuple[Event, ...]
    began: float


def hops_told(events: Iterable[Event]) -> tuple[Told, ...]:
    """The hops of a story with what it tells of each; of two that waited for one name, the first dialled is first."""
    story = tuple(events)
    reader = _Reader()
    for event in story:
        if read := _READ.get(event.name):
            read(reader, event)
        reader.keep(event)
    drafts = tuple(reader.drafts())
    # A request began to be sent before anything was told of it: a story may open with one.
    beginning = min((wait.start for draft in drafts for wait in draft.waits), default=0.0)
    told = (draft.told(beginning, story[-1].at) for draft in drafts)
    return tuple(sorted(told, key=lambda one: [phase.start for phase in one.hop.phases]))


@dataclass(slots=True)
class _Wait:
    """A phase in seconds since the epoch; `end` is None while it goes on."""

    layer: Layer
    start: float
    end: float | None = None
    failure: str = ""

    def over(self, event: Event) -> None:
        self.end, self.failure = event.at, _failure(event)

    def phase(self, beginning: float, last: float) -> Phase:
        # The clock may have been set meanwhile: nothing ends before it began.
        end = max(self.start, last if self.end is None else self.end)
        failure = _UNFINISHED if self.end is None else self.failure
        return Phase(self.layer, (self.start - beginning) * 1000, (end - beginning) * 1000, failure)


@dataclass(slots=True)
class _Draft:
    """A hop as far as it is known."""

    role: Role
    url: str
    address: str = ""
    connection: int = 0
    method: str = ""
    reused: bool = False
    status: int = 0
    error: str = ""
    waits: list[_Wait] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)

    def told(self, beginning: float, last: float) -> Told:
        hop = self._hop(beginning, last)
        return Told(hop, tuple(self.events), beginning + hop.start / 1000)

    def _hop(self, beginning: float, last: float) -> Hop:
        phases = tuple(sorted((wait.phase(beginning, last) for wait in self.waits), key=lambda phase: phase.start))
        unfinished = next((phase.failure for phase in phases if phase.failure), "")
        return Hop(
            role=self.role,
            url=self.url,
            method=self.method,
            address=self.address,
            connection=self.connection,
            reused=self.reused,
            status=self.status,
            error=self.error or ("" if self.status else unfinished),
            phases=phases,
        )


class _Reader:
    """Makes hops of events."""

    def __init__(self) -> None:
        self._role = Role.REGISTRY  # of who is asked now
        self._last_url = ""
        self._left: _Place = ("", None)  # where a redirect came from
        self._names: dict[str, _Wait] = {}  # by host; of hosts that nothing has been asked of since
        self._dials: dict[int, _Draft] = {}  # connections that no request has used yet
        self._asked: dict[int, _Draft] = {}  # the last request of each connection
        self._requests: list[_Draft] = []

    def drafts(self) -> Iterator[_Draft]:
        """The requests, and what came to nothing: connections, and names that no connection was begun for."""
        yield from self._requests
        yield from (dial for dial in self._dials.values() if dial.error or dial.waits[-1].end is None)
        used = {id(wait) for draft in (*self._requests, *self._dials.values()) for wait in draft.waits}
        for host, wait in self._names.items():
            if wait.end is None or (wait.failure and id(wait) not in used):
                yield _Draft(self._role, f"//{_bracketed(host)}", error=wait.failure, waits=[wait])

    def keep(self, event: Event) -> None:
        """Let what is told of a connection stand with its last request, or with itself until there is one."""
        number = _connection(event)
        if draft := self._dials.get(number) or self._asked.get(number):
            draft.events.append(event)

    def name_start(self, event: Event) -> None:
        """A name is asked for."""
        self._names[_text(event, "host")] = _Wait(Layer.NAMES, event.at)

    def name_done(self, event: Event) -> None:
        """It has addresses, or none."""
        if wait := self._names.get(_text(event, "host")):
            wait.over(event)

    def connect_start(self, event: Event) -> None:
        """A connection is begun."""
        host = _text(event, "host")
        url = f"{_text(event, 'scheme')}://{_bracketed(host)}"
        name = self._names.get(host)
        waits = [*([name] if name and name.end else []), _Wait(Layer.TCP, event.at)]
        number = _connection(event)
        self._dials[number] = _Draft(self._role, url, _text(event, "address"), number, waits=waits)

    def step_start(self, event: Event) -> None:
        """The next step of a connection: its proxy is asked, or TLS is spoken."""
        if dial := self._dials.get(_connection(event)):
            layer = Layer.TLS if event.name == "TLSHandshakeStart" else Layer.PROXY
            dial.waits.append(_Wait(layer, event.at))

    def step_done(self, event: Event) -> None:
        """A step of a connection is over, well or with an error."""
        if dial := self._dials.get(_connection(event)):
            dial.waits[-1].over(event)
            dial.error = _failure(event)

    def question(self, event: Event) -> None:
        """A plain port that nobody named is asked whether a registry is there."""
        port = _text(event, "address").rpartition(":")[2]
        place = _bracketed(_text(event, "host")) + (f":{port}" if port not in ("", "80") else "")
        self._begin(event, "GET", f"http://{place}/v2/", event.at)

    def wrote(self, event: Event) -> None:
        """A request has been written."""
        self._begin(event, _text(event, "method"), _text(event, "url"), event.at - _number(event, "send") / 1000)

    def answered(self, event: Event) -> None:
        """The answer's head has come, or none has; where nobody listened, this is all that is told of a request."""
        number = _connection(event)
        draft = self._asked.get(number)
        if not draft or draft.waits[-1].end is not None:
            began = event.at - _number(event, "ms") / 1000
            draft = self._begin(event, _text(event, "method"), _text(event, "url"), began)
        draft.waits[-1].over(event)
        draft.status, draft.error = int(_number(event, "status")), _failure(event)
        if event.name == "Request" and "wait" in event.facts:
            draft.waits.append(_Wait(Layer.TRANSFER, event.at))

    def read(self, event: Event) -> None:
        """Nobody reads the answer any more."""
        if draft := self._asked.get(_connection(event)):
            draft.waits[-1].over(event)

    def token_asked(self, _event: Event) -> None:
        """A token server is going to be asked."""
        self._role = Role.TOKENS

    def token_answered(self, _event: Event) -> None:
        """It has answered, or failed."""
        self._role = Role.REGISTRY

    def redirected(self, event: Event) -> None:
        """A registry sends to its blobs' bytes elsewhere; where it sends to itself, it remains the registry."""
        self._left = _place(self._last_url)
        if "/blobs/" in self._last_url and _place(_text(event, "to")) != self._left:
            self._role = Role.STORE

    def _begin(self, event: Event, method: str, url: str, at: float) -> _Draft:
        if self._role is Role.STORE and _place(url) == self._left:
            self._role = Role.REGISTRY
        number = _connection(event)
        dial, before = self._dials.pop(number, None), self._asked.get(number)
        if dial:
            self._names.pop(_text(event, "host"), None)  # the next connection did not wait for it
        draft = _Draft(
            role=self._role,
            url=url,
            address=_text(event, "address") or next((known.address for known in (dial, before) if known), ""),
            connection=number,
            method=method,
            reused=dial is None,
            waits=[*(dial.waits if dial else ()), _Wait(Layer.FIRST_BYTE, at)],
        )
        self._last_url = url
        self._requests.append(draft)
        self._asked[number] = draft
        return draft


_READ: Mapping[str, Callable[[_Reader, Event], object]] = {
    "DNSStart": _Reader.name_start,
    "DNSDone": _Reader.name_done,
    "ConnectStart": _Reader.connect_start,
    "ConnectDone": _Reader.step_done,
    "ProxyConnectStart": _Reader.step_start,
    "ProxyConnectDone": _Reader.step_done,
    "TLSHandshakeStart": _Reader.step_start,
    "TLSHandshakeDone": _Reader.step_done,
    "PlainQuestion": _Reader.question,
    "PlainAnswer": _Reader.answered,
    "WroteRequest": _Reader.wrote,
    "Request": _Reader.answered,
    "RequestFailed": _Reader.answered,
    "AnswerDone": _Reader.read,
    "Redirect": _Reader.redirected,
    "Token": _Reader.token_asked,
    "TokenAnswer": _Reader.token_answered,
}


def _text(event: Event, fact: str) -> str:
    return str(event.facts.get(fact, ""))


def _failure(event: Event) -> str:
    """Why it came to nothing; of what might still have come to something, a story tells without a warning."""
    error = _text(event, "error")
    return _LEFT if error and event.level == "I" else error


def _number(event: Event, fact: str) -> float:
    value = event.facts.get(fact, 0.0)
    return float(value) if isinstance(value, int | float) else 0.0


def _connection(event: Event) -> int:
    return int(_number(event, "connection"))


def _place(url: str) -> _Place:
    parts = urlsplit(url)
    return parts.hostname or "", parts.port or _PORTS.get(parts.scheme)


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host
