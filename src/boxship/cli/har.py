"""A trace as HAR 1.2, which browsers' developer tools and others show (docs/trace.md)."""

from __future__ import annotations

__all__ = ["HAR", "document"]

import json
from collections.abc import Iterable
from typing import TextIO

from boxship import __version__
from boxship.cli.har_entry import entry
from boxship.cli.json_lines import fields
from boxship.event import Event
from boxship.timeline import hops_told


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
    """The HAR document of a story: its requests, and the connections that came to nothing."""
    story = tuple(events)
    return {
        "log": {
            "version": "1.2",
            "creator": {"name": "boxship", "version": __version__},
            "pages": [],
            "entries": [entry(told) for told in hops_told(story) if told.hop.method or told.hop.connection],
            "_events": list(map(fields, story)),
        }
    }
