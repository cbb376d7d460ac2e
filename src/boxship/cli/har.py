"""A trace as HAR 1.2, which browsers' developer tools and others show (docs/trace.md).

The events come in the order they happened; what belongs to one connection has its number in common.
"""

from __future__ import annotations

__all__ = ["HAR", "document"]

import json
from collections.abc import Callable, Iterable, Mapping
from typing import TextIO

from boxship import __version__
from boxship.cli.har_entry import Dial, Entry, Name
from boxship.cli.json_lines import fields
from boxship.event import Event


class HAR:
    """Keeps the events, and writes them as one document at the end."""

    def __init__(self, file: TextIO) -> None:
        self._file = file
        self._events: list[Event] = []

    def hear(self, event: Event) -> None:
        """Keep an event."""
        self._events.append(event)

    def close(self) -> None:
        """Write the document, and close the file."""
        with self._file:
            json.dump(document(self._events), self._file, indent=1)


def document(events: Iterable[Event]) -> dict[str, object]:
    """The HAR document of a story."""
    reader = _Reader()
    told = []
    for event in events:
        told.append(fields(event))
        if read := _READ.get(event.name):
            read(reader, event)
    return {
        "log": {
            "version": "1.2",
            "creator": {"name": "boxship", "version": __version__},
            "pages": [],
            "entries": [entry.written() for entry in sorted(reader.entries(), key=lambda entry: entry.place_in_line)],
            "_events": told,
        }
    }


class _Reader:
    """Makes entries of events."""

    def __init__(self) -> None:
        self._entries: list[Entry] = []
        self._names: dict[str, Name] = {}  # of hosts that have been looked up and not been used yet
        self._dials: dict[int, Dial] = {}  # connections that no request has used yet
        self._asked: dict[int, Entry] = {}  # the last request of each connection

    def entries(self) -> Iterable[Entry]:
        """The requests, and the connections that came to nothing."""
        yield from self._entries
        yield from (dial.entry() for dial in self._dials.values() if not dial.usable)

    # Names and connections.

    def name_start(self, event: Event) -> None:
        self._names[_text(event, "host")] = Name(began=event.at)

    def name_done(self, event: Event) -> None:
        if name := self._names.get(_text(event, "host")):
            name.ms = _number(event, "ms")

    def connect_start(self, event: Event) -> None:
        name = self._names.get(_text(event, "host"))
        self._dials[_connection(event)] = Dial(event=event, name=name)

    def connect_done(self, event: Event) -> None:
        if dial := self._dials.get(_connection(event)):
            dial.connect += dial.done(event)

    def next_step(self, event: Event) -> None:
        if dial := self._dials.get(_connection(event)):
            dial.step(event)

    def tls_done(self, event: Event) -> None:
        if dial := self._dials.get(_connection(event)):
            dial.tls = dial.done(event)

    # Requests and answers.

    def question(self, event: Event) -> None:
        self._begin(event, event.at, method="GET", url=f"http://{_place(event)}/v2/")

    def question_answered(self, event: Event) -> None:
        if entry := self._asked.get(_connection(event)):
            entry.wait = _number(event, "ms")
            entry.answered(event)

    def wrote(self, event: Event) -> None:
        began = event.at - _number(event, "send") / 1000
        entry = self._begin(event, began, method=_text(event, "method"), url=_text(event, "url"))
        entry.send = _number(event, "send")
        entry.body = int(_number(event, "body"))
        entry.head = int(_number(event, "bytes")) - entry.body

    def answered(self, event: Event) -> None:
        if entry := self._asked.get(_connection(event)):
            entry.wait = _number(event, "wait")
            entry.answered(event)

    def failed(self, event: Event) -> None:
        """It may not even have been written."""
        number, taken = _connection(event), _number(event, "ms")
        entry = self._asked.get(number)
        if not entry or entry.over:
            began = event.at - taken / 1000
            entry = self._begin(event, began, method=_text(event, "method"), url=_text(event, "url"))
        entry.wait = max(0.0, taken - entry.send)
        entry.answered(event)

    def request_headers(self, event: Event) -> None:
        if entry := self._asked.get(_connection(event)):
            entry.request_headers = _headers(event)

    def answer_headers(self, event: Event) -> None:
        if entry := self._asked.get(_connection(event)):
            entry.answer_headers = _headers(event)

    def read(self, event: Event) -> None:
        if entry := self._asked.get(_connection(event)):
            entry.receive, entry.size = _number(event, "receive"), int(_number(event, "bytes"))

    def _begin(self, event: Event, began: float, *, method: str, url: str) -> Entry:
        number = _connection(event)
        dial = self._dials.pop(number, None)
        if dial:
            self._names.pop(_text(event, "host"), None)
        entry = Entry(
            began=began, method=method, url=url, address=_text(event, "address"), connection=number, dial=dial
        )
        self._entries.append(entry)
        self._asked[number] = entry
        return entry


_READ: Mapping[str, Callable[[_Reader, Event], None]] = {
    "DNSStart": _Reader.name_start,
    "DNSDone": _Reader.name_done,
    "ConnectStart": _Reader.connect_start,
    "ConnectDone": _Reader.connect_done,
    "ProxyConnectStart": _Reader.next_step,
    "ProxyConnectDone": _Reader.connect_done,
    "TLSHandshakeStart": _Reader.next_step,
    "TLSHandshakeDone": _Reader.tls_done,
    "PlainQuestion": _Reader.question,
    "PlainAnswer": _Reader.question_answered,
    "WroteRequest": _Reader.wrote,
    "Request": _Reader.answered,
    "RequestFailed": _Reader.failed,
    "RequestHeaders": _Reader.request_headers,
    "AnswerHeaders": _Reader.answer_headers,
    "AnswerDone": _Reader.read,
}


def _text(event: Event, fact: str) -> str:
    return str(event.facts.get(fact, ""))


def _number(event: Event, fact: str) -> float:
    value = event.facts.get(fact, 0.0)
    return float(value) if isinstance(value, int | float) else 0.0


def _connection(event: Event) -> int:
    return int(_number(event, "connection"))


def _headers(event: Event) -> tuple[tuple[str, str], ...]:
    headers = event.facts.get("headers", ())
    return headers if isinstance(headers, tuple) else ()


def _place(event: Event) -> str:
    host = _text(event, "host")
    port = _text(event, "address").rpartition(":")[2]
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
