"""What boxship's own way to the content told of itself (`docs/trace.md`), for checks to read."""

from __future__ import annotations

__all__ = ["Story"]

from collections.abc import Mapping, Sequence

from boxship.event import Event, Fact


class Story:
    """Events, looked up by name."""

    def __init__(self, events: Sequence[Event]) -> None:
        self._events = events

    def all(self, name: str) -> list[Mapping[str, Fact]]:
        """The facts of every event of that name, in order."""
        return [event.facts for event in self._events if event.name == name]

    def last(self, name: str) -> Mapping[str, Fact]:
        """The facts of the last event of that name; empty where there is none."""
        return next((event.facts for event in reversed(self._events) if event.name == name), {})

    def headers(self, *names: str) -> Mapping[str, str]:
        """What the answers' headers of these names (in lower case) said last."""
        found: dict[str, str] = {}
        for facts in self.all("AnswerHeaders"):
            pairs = facts["headers"]
            assert isinstance(pairs, tuple)
            found |= {name.lower(): value for name, value in pairs if name.lower() in names}
        return found

    @property
    def statuses(self) -> list[int]:
        """The status of every answer, in order."""
        return [status for facts in self.all("Request") if isinstance(status := facts.get("status"), int)]
