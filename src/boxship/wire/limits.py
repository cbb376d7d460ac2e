"""What a registry's answer says of how often it may be asked. Pure.

Docker Hub: `RateLimit-Limit: 100;w=21600`, `RateLimit-Remaining: 76;w=21600` and `Docker-RateLimit-Source`. Others
leave the window out, write X- before the names, or say when the count begins anew: in so many seconds
(draft-ietf-httpapi-ratelimit-headers), or as a time since 1970, as GitHub does.
"""

from __future__ import annotations

__all__ = ["NAMES", "Limits", "read_limits"]

import re
from collections.abc import Callable

from boxship.value import dataclass

_COUNT = re.compile(r"\s*(\d{1,12})\s*(?:;\s*w=(\d{1,9}))?")
_LIMIT, _REMAINING, _RESET = "ratelimit-limit", "ratelimit-remaining", "ratelimit-reset"
_SOURCE = "docker-ratelimit-source"
NAMES = (*(f"{mark}{name}" for name in (_LIMIT, _REMAINING, _RESET) for mark in ("", "x-")), _SOURCE)
_LONGEST_RESET = 10**9  # seconds: more is a time since 1970


@dataclass(frozen=True, slots=True)
class Limits:
    """How many requests are allowed and left, in a window of seconds (0 where it is not said).

    Attributes:
        reset: in how many seconds the count begins anew; None where that is not said.
        source: for whom they are counted, in the registry's words.
    """

    allowed: int
    left: int
    window: int = 0
    reset: float | None = None
    source: str = ""

    def __str__(self) -> str:
        words = f"{self.left} of {self.allowed} are left{_window(self.window)}"
        words += f", begun anew in {self.reset:.0f} s" if self.reset is not None else ""
        return words + (f", counted for {self.source}" if self.source else "")


def read_limits(get: Callable[[str], str], now: float) -> Limits | None:
    """What the headers that `get` reads by name in small letters say, or None where that is nothing."""
    limit, left = (_COUNT.match(get(name) or get(f"x-{name}")) for name in (_LIMIT, _REMAINING))
    if not (limit and left):
        return None
    window = int(left[2] or limit[2] or 0)
    return Limits(int(limit[1]), int(left[1]), window, _reset(get(_RESET) or get(f"x-{_RESET}"), now), get(_SOURCE))


def _reset(text: str, now: float) -> float | None:
    found = _COUNT.match(text)
    if not found:
        return None
    seconds = float(found[1])
    return max(0.0, seconds - now) if seconds > _LONGEST_RESET else seconds


def _window(seconds: int) -> str:
    for unit, size in (("h", 3600), ("min", 60)):
        if seconds and not seconds % size:
            return f" of every {seconds // size} {unit}"
    return f" of every {seconds} s" if seconds else ""
