"""The time that whoever builds reproducibly gives everything (reproducible-builds.org)."""

from __future__ import annotations

__all__ = ["moment", "written_moment"]

import os
from datetime import UTC, datetime

from boxship.errors import InvalidSettings

_EPOCH = "SOURCE_DATE_EPOCH"
_MOST_DIGITS = 11  # until the year 5138


def moment() -> int | None:
    """What the environment says, in seconds since 1970; None for nothing."""
    text = os.environ.get(_EPOCH, "")
    if text and not (text.isascii() and text.isdigit() and len(text) <= _MOST_DIGITS):
        raise InvalidSettings(_EPOCH, why=f"{text!r} is no number of seconds since 1970")
    return int(text) if text else None


def written_moment(seconds: int) -> str:
    """The time as documents have it (RFC 3339)."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
