"""`boxship doctor`: where it is stuck on the way to a registry, and what to do."""

from __future__ import annotations

__all__ = ["EXAMPLE", "SUMMARY", "arguments", "run"]

import argparse
import json
import shutil
import textwrap
from collections.abc import Callable, Iterator

from boxship.cli import console, options
from boxship.cli.secret import add_from_secret, connecting, read_secret
from boxship.doctor import Check, Report, Status, examine, examine_with_secret

SUMMARY = "Say where it is stuck on the way to a registry, and what to do."
EXAMPLE = "boxship doctor reg.corp/team/app:1.2"

_MARKS = {Status.OK: "ok", Status.WARNING: "warn", Status.ERROR: "FAIL", Status.SKIPPED: "-"}
_NARROWEST, _WIDEST = 40, 120
_FINDINGS = 8  # the exit status where something is wrong


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add what the verb takes."""
    parser.add_argument("reference", help="for example reg.corp/team/app:1.2")
    parser.add_argument("-o", "--output", choices=("text", "json"), default="text", help="as text (default) or JSON")
    add_from_secret(parser)
    parser.add_argument("--endpoints", action="store_true", help="only list each host and port that was needed")
    options.add_common(parser)


def run(chosen: argparse.Namespace) -> int:
    """Examine, and print what was found."""
    report = _examination(chosen)()
    if chosen.endpoints:
        console.say(*report.endpoints)
    elif chosen.output == "json":
        console.say(json.dumps(report.document(), indent=2, ensure_ascii=False))
    else:
        console.say(*_text(report, min(max(shutil.get_terminal_size().columns, _NARROWEST), _WIDEST)))
    return 0 if report.healthy else _FINDINGS


def _examination(chosen: argparse.Namespace) -> Callable[[], Report]:
    """What examines; a secret is read before."""
    if chosen.from_secret is not None:
        secret, connect = read_secret(chosen.from_secret), connecting(chosen)
        return lambda: examine_with_secret(chosen.reference, secret, connect)
    return lambda: _examined(chosen)


def _examined(chosen: argparse.Namespace) -> Report:
    with options.client(chosen) as client:
        return examine(chosen.reference, client)


def _text(report: Report, width: int) -> Iterator[str]:
    """The verdict first, then every check, then what to write where."""
    yield from _wrapped(report.verdict, width)
    yield ""
    for check in report.checks:
        yield from _lines(check, width)
    if report.remedies:
        yield ""
    for remedy in report.remedies:
        yield f"{remedy.program}: {remedy.where}"
        yield from textwrap.indent(remedy.text, "    ").splitlines()


def _lines(check: Check, width: int) -> Iterator[str]:
    time = "" if check.ms is None else f" ({check.ms:.0f} ms)"
    at = f" {check.at}" if check.at else ""
    yield from _wrapped(f"{check.id}{at}: {check.words}{time}", width, f"{_MARKS[check.status]:>4}  ", " " * 8)
    for line in check.evidence:
        yield from _wrapped(line, width, " " * 8, " " * 10)
    if check.remedy and check.status is not Status.OK:
        yield from _wrapped(check.remedy, width, "        do: ", " " * 12)


def _wrapped(text: str, width: int, first: str = "", rest: str = "") -> list[str]:
    # A server's words may be among them: they send a terminal nothing.
    shown = "".join(character if character.isprintable() else " " for character in text)
    return textwrap.wrap(shown, width, initial_indent=first, subsequent_indent=rest, break_on_hyphens=False)
