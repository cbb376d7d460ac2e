"""`--every`: one examination after the other, and of each a line: when, how it came out, and what has changed."""

from __future__ import annotations

__all__ = ["keep_looking"]

import json
import shutil
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from typing import NoReturn

from boxship.cli import console
from boxship.doctor import Check, Report, Status

_WORDS = {Status.OK: "ok", Status.WARNING: "warn", Status.ERROR: "FAIL", Status.SKIPPED: "skipped"}

_Place = tuple[str, str]  # what is looked at, and where


def keep_looking(examine: Callable[[], Report], every: float, *, as_json: bool) -> NoReturn:
    """Examine every so many seconds, and say what comes of it, until somebody ends it.

    A round that takes longer, which is 10 s at most, is followed by the next one at once.
    """
    before: Mapping[_Place, Check] = {}
    while True:
        began, at = time.monotonic(), time.time()
        report = examine()
        checks = {(check.id, check.at): check for check in report.checks}
        changed = tuple(_changed(before, checks))
        console.say(_json(report, at, changed) if as_json else _line(report, at, changed))
        before = checks
        time.sleep(max(0.0, began + every - time.monotonic()))


_Change = tuple[Status | None, Check]


def _changed(before: Mapping[_Place, Check], now: Mapping[_Place, Check]) -> Iterator[_Change]:
    """Each check that came out otherwise than the last time, with what it was; at first, each that is not well."""
    for place, check in now.items():
        was = before[place].status if place in before else None
        worth_saying = check.status in (Status.ERROR, Status.WARNING) if was is None else check.status is not was
        if worth_saying:
            yield was, check


def _line(report: Report, at: float, changed: tuple[_Change, ...]) -> str:
    """The line, as wide as the terminal at most."""
    status = "ok  " if report.healthy else "FAIL"
    told = "; ".join(_told(was, check) for was, check in changed)
    clock = time.strftime("%H:%M:%S", time.localtime(at))
    line = console.one_line(f"{clock} {status} {report.seconds:4.1f} s  {told}".rstrip())
    return line[: shutil.get_terminal_size().columns] if sys.stdout.isatty() else line


def _told(was: Status | None, check: Check) -> str:
    at = f" {check.at}" if check.at else ""
    before = f"{_WORDS[was]} -> " if was else ""
    return f"{check.id}{at} {before}{_WORDS[check.status]}: {check.words}"


def _json(report: Report, at: float, changed: tuple[_Change, ...]) -> str:
    moment = datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds")
    told = [
        {"id": check.id, "at": check.at, "was": was.value if was else None, "status": check.status.value}
        for was, check in changed
    ]
    return json.dumps({"time": moment, "changed": told, **report.document()}, ensure_ascii=False)
