"""What is told of attempts: for each thing that begins at one, how it ended, whatever became of it."""

from __future__ import annotations

__all__ = ["Telling"]

import time
from collections.abc import Callable, Iterable, Mapping

from boxship.connect.attempt import Attempt
from boxship.connect.trace import Trace
from boxship.event import Fact


class Telling:
    """Tells a trace of the attempts at one host."""

    def __init__(self, host: str) -> None:
        self._host = host
        # The event that will tell how it went with what was begun last at an attempt.
        self._open: dict[Attempt, str] = {}
        self.trace = Trace()
        """Of the operation that is at work."""

    def begin(self, attempt: Attempt, name: str, words: str, *, end: str) -> None:
        """Something begins; `end` is the event that tells how it went."""
        self.trace.say(name, words, facts=self._facts(attempt), depth=2)
        self._open[attempt] = end

    def done(self, attempt: Attempt, words: str, facts: Mapping[str, Fact]) -> None:
        """What was begun last has succeeded."""
        self.trace.say(self._open.pop(attempt), words, facts={**self._facts(attempt), **facts}, depth=2)

    def headers(self, attempt: Attempt, name: str, headers: Callable[[], Iterable[tuple[str, str]]]) -> None:
        """The headers of a question or its answer, for who listens to details."""
        if not self.trace.heard:
            return
        from boxship.wire.shown import shown_headers  # noqa: PLC0415 -- seldom needed

        shown = shown_headers(headers())
        facts: dict[str, Fact] = {"connection": attempt.connection, "headers": shown}
        words = "; ".join(f"{header}: {value}" for header, value in shown)
        self.trace.say(name, words, level="D", facts=facts, depth=2)

    def over(self, attempt: Attempt) -> None:
        """The attempt has come to nothing, or nobody needs it any more."""
        name = self._open.pop(attempt, "")
        if name:
            level, facts = "I" if attempt.live else "W", self._facts(attempt)
            facts |= {"error": attempt.shows.value, "detail": attempt.detail}
            # What nobody gave up might have answered: who reads "dropped" of 20 ms should know.
            rest = "; nobody waits for it any more" if attempt.live else ""
            self.trace.say(name, f"{attempt.words(time.monotonic())}{rest}", level=level, facts=facts, depth=2)

    def close(self) -> None:
        """Everything that goes on is over."""
        for attempt in tuple(self._open):
            self.over(attempt)

    def _facts(self, attempt: Attempt) -> dict[str, Fact]:
        return {
            "connection": attempt.connection,
            "host": self._host,
            "address": str(attempt.address),
            "scheme": "https" if attempt.tls else "http",
        }
