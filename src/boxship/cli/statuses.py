"""The exit statuses that are not an error's: those are in `errors`."""

from __future__ import annotations

__all__ = ["BROKEN_PIPE", "FINDINGS", "INTERRUPTED", "USAGE"]

USAGE = 2
FINDINGS = 8  # something is wrong with what was looked at
INTERRUPTED = 130  # by Ctrl-C: 128 and the signal's number, as shells say it
BROKEN_PIPE = 141  # the reader has what it wanted
