"""Lengths of time as settings write them: a number of seconds, or Go's `1m30s`."""

from __future__ import annotations

__all__ = ["parse_duration"]

import re

_PART = re.compile(r"([0-9]+(?:\.[0-9]*)?|\.[0-9]+)(ns|us|µs|ms|s|m|h)")
_SECONDS = {"ns": 1e-9, "us": 1e-6, "µs": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0}
_LONGEST = 2**63 / 1e9


def parse_duration(text: str) -> float | None:
    """The seconds in Go's notation (time.ParseDuration), or None for what is none; so is what Go has no room for."""
    written = text.removeprefix("+")
    if written == "0":
        return 0.0
    seconds, at = 0.0, 0
    while part := _PART.match(written, at):
        seconds += float(part[1]) * _SECONDS[part[2]]
        at = part.end()
    return seconds if written and at == len(written) and seconds < _LONGEST else None
