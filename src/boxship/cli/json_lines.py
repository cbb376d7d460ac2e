"""A trace as lines of JSON, an event each (docs/trace.md)."""

from __future__ import annotations

__all__ = ["JSONLines", "fields"]

import json
from typing import TextIO

from boxship.event import Event


class JSONLines:
    """Writes each event at once: what has happened is there, however the command ends."""

    def __init__(self, file: TextIO) -> None:
        self._file = file

    def hear(self, event: Event) -> None:
        """Write a line."""
        self._file.write(json.dumps(fields(event)) + "\n")
        self._file.flush()

    def close(self) -> None:
        """Close the file."""
        self._file.close()


def fields(event: Event) -> dict[str, object]:
    """An event as JSON has it."""
    return {
        "at": event.at,
        "name": event.name,
        "text": event.text,
        "source": event.source,
        "level": event.level,
        "facts": dict(event.facts),
    }
