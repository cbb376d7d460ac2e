"""When a request is sent again, and after how long: a pure decision.

`connect` has its own patience before a connection exists; `registry/blobs` resumes bodies.
"""

from __future__ import annotations

__all__ = [
    "LONGEST_RETRY_AFTER",
    "MAX_ATTEMPTS",
    "Stale",
    "clock",
    "delay",
    "is_rate_limit",
    "retry_after",
    "worth_retrying",
]

import time

from boxship.errors import BrokenAnswer

# Answers that ask for patience are few; dates are what takes longest to import here.
# ruff: noqa: PLC0415

MAX_ATTEMPTS = 3
LONGEST_RETRY_AFTER = 60.0  # seconds; a longer wait is the caller's to decide
_FIRST_WAIT = 0.3
_STATUSES = frozenset({408, 429, 500, 502, 503, 504})


class Stale(BrokenAnswer):
    """A connection from the pool was closed by its peer before it answered: the request may be sent on a new one."""


def worth_retrying(status: int) -> bool:
    """Whether the same request may get another answer a little later."""
    return status in _STATUSES


def is_rate_limit(status: int, wait: float | None) -> bool:
    """Whether an answer says: not now. A wait that is too long is one, whatever the status it comes with."""
    return status == 429 or (worth_retrying(status) and (wait or 0.0) > LONGEST_RETRY_AFTER)


def delay(attempt: int, wait: float | None, *, jitter: float) -> float | None:
    """Seconds to wait after attempt number `attempt` (from 1), or None to give up.

    `wait` is what Retry-After asks for; `jitter` lies between 0 and 1.
    """
    if attempt >= MAX_ATTEMPTS or (wait is not None and wait > LONGEST_RETRY_AFTER):
        return None
    backoff = _FIRST_WAIT * 2.0 ** (attempt - 1) * (1 + jitter / 2)
    return max(backoff, wait or 0.0)


def retry_after(value: str, now: float) -> float | None:
    """Seconds that a `Retry-After` header asks to wait (a number or a date; RFC 9110, 10.2.3), or None."""
    text = value.strip()
    if text.isascii() and text.isdigit():
        return min(float(text), 1e9)  # of more digits than an `int` is made of, too
    if not text:
        return None
    from datetime import UTC, datetime
    from email.utils import parsedate_to_datetime

    try:
        moment: datetime = parsedate_to_datetime(text)
    except (ValueError, OverflowError):
        return None
    # A date without a zone is meant as GMT, which HTTP dates are in.
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    seconds = float(aware.timestamp()) - now
    return max(0.0, seconds)


def clock(seconds: float, now: float) -> str:
    """The local time in so many seconds, for an error."""
    return time.strftime("%H:%M:%S", time.localtime(now + seconds))
