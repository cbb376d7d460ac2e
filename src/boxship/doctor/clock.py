"""This machine's clock against that of whoever answers: tokens and certificates are judged by it."""

from __future__ import annotations

__all__ = ["SET_CLOCK", "clock_check", "skew_of", "span"]

from email.utils import parsedate_to_datetime

from boxship.doctor.report import Check, Status
from boxship.wire.message import Head

_MOST = 60.0  # seconds that two clocks may differ: a token may live no longer (distribution's token.md, expires_in)
SET_CLOCK = "set this machine's clock: timedatectl set-ntp true, or chronyc makestep"


def skew_of(head: Head, now: float) -> float | None:
    """How many seconds the clock of the answer's Date is before this machine's `now`; None without a Date."""
    try:
        return parsedate_to_datetime(head.get("date")).timestamp() - now
    except (TypeError, ValueError, OverflowError):
        return None


def clock_check(at: str, skew: float, *, to_blame: bool = False) -> Check:
    """How far the clocks are apart; `to_blame`: a certificate is refused for what this machine's says."""
    words = f"{span(skew)} {'behind' if skew > 0 else 'before'} the registry's"
    if to_blame:
        return Check(id="clock", status=Status.ERROR, at=at, words=f"this machine's clock is {words}", remedy=SET_CLOCK)
    if abs(skew) > _MOST:
        words = f"this machine's clock is {words}: one of them is wrong"
        return Check(id="clock", status=Status.WARNING, at=at, words=words, remedy=SET_CLOCK)
    return Check(id="clock", status=Status.OK, at=at, words="this machine's clock and the registry's agree")


def span(seconds: float) -> str:
    """A time in its largest unit: `3 days`, `95 s`."""
    size = abs(seconds)
    for unit, name in ((86400, "days"), (3600, "h"), (60, "min")):
        if size >= 2 * unit:
            return f"{size // unit:.0f} {name}"
    return f"{size:.0f} s"
