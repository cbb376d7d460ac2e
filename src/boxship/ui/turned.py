"""Requests that are not answered: a status, and an error that says why."""

from __future__ import annotations

__all__ = ["Turned", "turned"]

from boxship.errors import BoxshipError, InvalidInput, RateLimited, Refused, UnexpectedAnswer
from boxship.server.answer import Refusal
from boxship.wire.failure import parse_failures


class Turned(Exception):
    """The status and the error; `wait` is so many seconds until it is worth asking again."""

    def __init__(self, status: int, error: BoxshipError, *, wait: int = 0) -> None:
        super().__init__(str(error))
        self.status, self.error, self.wait = status, error, wait


def turned(refusal: Refusal) -> Turned:
    """A refusal of the registry that the page stands beside, as the page is told it."""
    status, wait = refusal.answer.status, refusal.answer.headers.get("retry-after", "")
    why = "; ".join(failure.message for failure in parse_failures(refusal.answer.body))
    if status == 429:
        seconds = int(wait) if wait.isdigit() else 1
        return Turned(429, RateLimited("too many requests", retry_after=float(seconds), why=why), wait=seconds)
    if status == 400:
        return Turned(400, InvalidInput("the request is not answered", why=why))
    if status == 401:
        return Turned(401, Refused("the registry asks for a log-in", status=401, why=why))
    if status == 403:
        return Turned(403, Refused("the registry refuses", status=403, why=why))
    return Turned(status, UnexpectedAnswer("the request is not answered", status=status, why=why))
