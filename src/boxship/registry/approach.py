"""Connecting to the first of several hosts that can be connected to, each with a start over the next."""

from __future__ import annotations

__all__ = ["Approach"]

import threading
import time
from collections.abc import Sequence
from contextlib import ExitStack
from typing import Self

from boxship.connect.deadline import Work
from boxship.errors import BoxshipError, TimedOut
from boxship.settings.endpoint import Endpoint
from boxship.transport.session import Session

_TURN = 0.1  # seconds between looks at the operation's end; on Windows, Ctrl-C does not end a longer wait


class Approach:
    """Connects to the places in threads, and lets go of those that are too late at its end."""

    def __init__(self, places: Sequence[tuple[Endpoint, Session]], work: Work) -> None:
        self._places, self._work = places, work
        self._changed = threading.Condition()
        self._outcomes: dict[int, BaseException | None] = {}
        self._parts: list[Work] = []
        self._closing = ExitStack()

    def first(self, seconds: float) -> tuple[Endpoint, list[tuple[Endpoint, BoxshipError]]]:
        """The first one that is connected to, and those before it that are not, with why.

        The next one's connect starts when one has failed, or has not connected for so many seconds. Where none can be
        connected to, all are among those.
        """
        for number in range(len(self._places)):
            self._start(number)
            is_last = number == len(self._places) - 1
            self._wait(number, None if is_last else seconds)
            for place in range(number + 1):
                if self._outcomes.get(place, self) is None:
                    return self._places[place][0], self._missed(place, seconds)
        return self._places[-1][0], self._missed(len(self._places), seconds)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for part in self._parts:
            part.cancel()
        self._closing.close()

    def _start(self, number: int) -> None:
        part = self._closing.enter_context(self._work.part())
        self._parts.append(part)
        threading.Thread(target=self._run, args=(number, part), name="boxship-approach", daemon=True).start()

    def _run(self, number: int, part: Work) -> None:
        endpoint, session = self._places[number]
        error: BaseException | None = None
        try:
            session.approach(endpoint.site, part)
        except BaseException as met:  # noqa: BLE001 -- it is told to the thread that waits for the outcome
            error = met
        with self._changed:
            self._outcomes[number] = error
            self._changed.notify_all()

    def _wait(self, number: int, seconds: float | None) -> None:
        """Until somebody is connected, the last one that was started has failed, or its time is over."""
        until = None if seconds is None else time.monotonic() + seconds
        with self._changed:
            while not self._is_decided(number) and (until is None or time.monotonic() < until):
                self._changed.wait(_TURN)
                self._work.check()

    def _is_decided(self, number: int) -> bool:
        if None in self._outcomes.values():
            return True
        started = range(number + 1)
        is_last = number == len(self._places) - 1
        return all(place in self._outcomes for place in started) if is_last else number in self._outcomes

    def _missed(self, found: int, seconds: float) -> list[tuple[Endpoint, BoxshipError]]:
        missed = []
        for number, (endpoint, _) in enumerate(self._places[:found]):
            error = self._outcomes.get(number)
            if error is None:
                error = TimedOut(f"cannot connect to {endpoint.site} in time", phase="mirror", seconds=seconds)
            if not isinstance(error, BoxshipError):
                raise error
            missed.append((endpoint, error))
        return missed
