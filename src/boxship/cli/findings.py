"""A report as text: the verdict first, then every check, the timeline, and what to write where."""

from __future__ import annotations

__all__ = ["text"]

import textwrap
from collections.abc import Iterator

from boxship.cli.ink import Colour, Ink
from boxship.cli.waterfall import waterfall
from boxship.doctor import Check, Remedy, Report, Status

_MARKS = {Status.OK: "ok", Status.WARNING: "warn", Status.ERROR: "FAIL", Status.SKIPPED: "-"}
_COLOURS = {Status.OK: Colour.GREEN, Status.WARNING: Colour.YELLOW, Status.ERROR: Colour.RED}


def text(report: Report, width: int, ink: Ink) -> Iterator[str]:
    """The lines; none is wider than `width`, but those to be pasted."""
    yield from _wrapped(report.verdict, width)
    yield ""
    for check in report.checks:
        yield from _check(check, width, ink)
    if report.timeline:
        yield ""
    yield from waterfall(report.timeline, width, ink)
    if report.remedies:
        yield ""
    for remedy in report.remedies:
        yield from _remedy(remedy)


def _check(check: Check, width: int, ink: Ink) -> Iterator[str]:
    time = "" if check.ms is None else f" ({check.ms:.0f} ms)"
    at = f" {check.at}" if check.at else ""
    mark = f"{_MARKS[check.status]:>4}"
    first, *more = _wrapped(f"{check.id}{at}: {check.words}{time}", width, f"{mark}  ", " " * 8)
    colour = _COLOURS.get(check.status)
    yield f"{ink.painted(mark, colour)}{first[len(mark) :]}" if colour else first
    yield from more
    for line in check.evidence:
        yield from _wrapped(line, width, " " * 8, " " * 10)
    if check.remedy and check.status is not Status.OK:
        yield from _wrapped(check.remedy, width, "        do: ", " " * 12)
    if check.status in (Status.WARNING, Status.ERROR):
        yield f"        see: {check.link}"


def _remedy(remedy: Remedy) -> Iterator[str]:
    yield f"{remedy.program}: {remedy.where}"
    yield from textwrap.indent(remedy.text, "    ").splitlines()


def _wrapped(words: str, width: int, first: str = "", rest: str = "") -> list[str]:
    # A server's words may be among them: they send a terminal nothing.
    shown = "".join(character if character.isprintable() else " " for character in words)
    return textwrap.wrap(shown, width, initial_indent=first, subsequent_indent=rest, break_on_hyphens=False)
