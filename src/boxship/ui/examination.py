"""The doctor, as it goes: what is looked at, the timeline as far as it is known, and the report at the end."""

from __future__ import annotations

__all__ = ["doctor"]

import threading
import time
from collections.abc import Mapping

from boxship.doctor import examine
from boxship.doctor.report import Report
from boxship.event import Event
from boxship.timeline import timeline
from boxship.ui.asked import Asked, Tell
from boxship.ui.failure import hop_document

_LOOKS = "LookStart"
_OFTEN = 0.1  # seconds between two timelines


def doctor(asked: Asked) -> None:
    """Lines until the report, within 10 s."""
    wanted = _wanted(asked)
    story = _Story(asked.tell)
    with asked.engine.fresh(asked.asker, story.hear) as client:
        report = examine(wanted, client)
    story.close()
    asked.tell({"report": _document(report)})


def _wanted(asked: Asked) -> str:
    registry = str(asked.engine.registry)
    if not asked.text("repository"):
        return registry
    return str(asked.image if asked.text("reference") else asked.repository)


class _Story:
    """Tells of an examination while it goes on. Events come from several threads."""

    def __init__(self, tell: Tell) -> None:
        self._tell = tell
        self._lock = threading.Lock()
        self._events: list[Event] = []
        self._told_at = 0.0
        self._over = False

    def hear(self, event: Event) -> None:
        """Take an event into account."""
        with self._lock:
            if self._over:
                return
            if event.name == _LOOKS:
                self._tell({"words": f"looking at {event.text}"})
                return
            self._events.append(event)
            now = time.monotonic()
            if now - self._told_at >= _OFTEN:
                self._told_at = now
                self._tell({"timeline": list(map(hop_document, timeline(self._events)))})

    def close(self) -> None:
        """Tell nothing more: the report has all of it."""
        with self._lock:
            self._over = True


def _document(report: Report) -> Mapping[str, object]:
    return {**report.document(), "timeline": list(map(hop_document, report.timeline))}
