"""Bars on a terminal: one for each blob on its way, and one for all of them."""

from __future__ import annotations

__all__ = ["bars"]

from collections.abc import Iterator

from boxship.cli.amounts import amount
from boxship.cli.ink import Colour, Ink
from boxship.cli.tally import Moving, Tally, bytes_of, seconds_of

_MOST = 8  # blobs that are shown
_NAME = 19  # columns: `sha256:` and twelve digits
_NARROWEST, _WIDEST = 10, 40  # columns of a bar


def bars(tally: Tally, columns: int, ink: Ink, now: float) -> Iterator[str]:
    """The lines, without colours none longer than `columns`."""
    moving = list(tally.moving.values())
    for blob in moving[:_MOST]:
        yield _line(_name(blob), _share(blob.at, blob.size), _words(blob, now), columns, ink)
    more = f", {len(moving) - _MOST} more on their way" if len(moving) > _MOST else ""
    words = f"{tally.done} of {amount(tally.blobs, 'blob')}, {bytes_of(tally.at)} of {bytes_of(tally.size)}"
    words = f"{words}{_pace(tally.rate(now), tally.left(now))}{more}"
    yield _line("in all", _share(tally.at, tally.size), words, columns, ink)


def _name(blob: Moving) -> str:
    return blob.digest[:_NAME]


def _words(blob: Moving, now: float) -> str:
    rate = blob.rate.at(now)
    left = (blob.size - blob.at) / rate if rate > 0 else None
    return f"{bytes_of(blob.at)} of {bytes_of(blob.size)}{_pace(rate, left)}"


def _pace(rate: float, left: float | None) -> str:
    return f", {bytes_of(rate)}/s" + (f", {seconds_of(left)} left" if left is not None else "")


def _share(at: int, size: int) -> float:
    return min(1.0, at / size) if size else 1.0


def _line(name: str, share: float, words: str, columns: int, ink: Ink) -> str:
    wide = min(_WIDEST, columns - _NAME - len(words) - 9)
    if wide < _NARROWEST:
        return f"{name:<{_NAME}} {share:4.0%} {words}"[:columns]
    full = int(share * wide)
    begin, rest = ("█" * full, "░" * (wide - full)) if ink.blocks else ("#" * full, "-" * (wide - full))
    return f"{name:<{_NAME}} {ink.painted(begin, Colour.GREEN)}{rest} {share:4.0%} {words}"
