"""`boxship doctor`: where it is stuck on the way to a registry, and what to do."""

from __future__ import annotations

__all__ = ["EXAMPLE", "SUMMARY", "arguments", "run"]

import argparse
import json
import os
import shutil
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from functools import cache, partial
from typing import NoReturn

from boxship.cli import console, options
from boxship.cli.access import read_once
from boxship.cli.bounds import seconds_of
from boxship.cli.secret import read_secret
from boxship.cli.statuses import FINDINGS
from boxship.cli.tracer import Tracer
from boxship.client import Client
from boxship.credential import Credential
from boxship.doctor import Report, examine, examine_with_secret
from boxship.doctor.ids import IDS, LAYERS
from boxship.doctor.settings import unusable
from boxship.errors import InvalidSettings

# Each way to write a report is imported where it is asked for.
# ruff: noqa: PLC0415

SUMMARY = "Say where it is stuck on the way to a registry, and what to do."
EXAMPLE = "boxship doctor reg.corp/team/app:1.2"

_NARROWEST, _WIDEST = 40, 120


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add what the verb takes."""
    parser.add_argument("reference", help="for example reg.corp/team/app:1.2, or reg.corp")
    words = "as text (default), as JSON, or as a page in one file, to be attached to a ticket"
    parser.add_argument("-o", "--output", choices=tuple(_WRITERS), default="text", help=words)
    parser.add_argument("--endpoints", action="store_true", help="only list each host and port that was needed")
    often = "examine again every so many seconds, until Ctrl-C: a line for each time, with what has changed"
    parser.add_argument("--every", type=seconds_of, metavar="S", help=often)
    parser.add_argument(
        "--only", type=options.some_of(LAYERS), metavar="LAYERS", help=f"only these layers' checks: {', '.join(LAYERS)}"
    )
    parser.add_argument("--list", action=_List, help="list the ids of all checks with what each looks at, and end")
    options.add_common(parser)


class _List(argparse.Action):
    """Ends the program with the list, as `--version` does: there is no reference then."""

    def __init__(self, option_strings: Sequence[str], dest: str, help: str | None = None) -> None:  # noqa: A002 -- argparse's
        super().__init__(option_strings, dest, nargs=0, default=argparse.SUPPRESS, help=help)

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> NoReturn:
        widest = max(map(len, IDS))
        console.say(*(f"{check:{widest}}  {words}" for check, words in IDS.items()))
        parser.exit()


def run(chosen: argparse.Namespace) -> int:
    """Examine, and print what was found."""
    examination = _examination(chosen)
    if chosen.only:
        examination = partial(_only, examination, chosen.only)
    if chosen.every is not None:
        _keep_looking(chosen, examination)
    report = examination()
    if chosen.endpoints:
        console.say(*report.endpoints)
        if not report.endpoints:
            console.complain(f"boxship: {report.verdict}")  # why there are none
    else:
        _WRITERS[chosen.output](report)
    return 0 if report.healthy else FINDINGS


def _keep_looking(chosen: argparse.Namespace, examination: Callable[[], Report]) -> NoReturn:
    from boxship.cli.rounds import keep_looking

    if chosen.output == "html" or chosen.endpoints:
        raise InvalidSettings("--every", why="it writes a line for each time", remedy="leave it out, or use -o json")
    keep_looking(examination, chosen.every, as_json=chosen.output == "json")


def _text(report: Report) -> None:
    from boxship.cli.findings import text
    from boxship.cli.ink import ink_of

    width = min(max(shutil.get_terminal_size().columns, _NARROWEST), _WIDEST)
    console.say(*text(report, width, ink_of(sys.stdout, os.environ)))


def _json(report: Report) -> None:
    console.say(json.dumps(report.document(), indent=2, ensure_ascii=False))


def _html(report: Report) -> None:
    from boxship.web.doctor_page import doctor_page

    console.write(doctor_page(report, time.time()).encode())


_WRITERS: Mapping[str, Callable[[Report], None]] = {"text": _text, "json": _json, "html": _html}


def _examination(chosen: argparse.Namespace) -> Callable[[], Report]:
    """What examines; a secret and a password are read once."""
    if chosen.from_secret is not None:
        _check_alone(chosen)
        secret = cache(partial(read_secret, chosen.from_secret))
        return partial(_heard, chosen, lambda tracer: _with_secret(chosen, secret(), tracer))
    once = read_once(chosen)
    return partial(_heard, chosen, lambda tracer: _examined(once, tracer))


def _heard(chosen: argparse.Namespace, look: Callable[[Tracer], Report]) -> Report:
    """What is found, with one trace of all of it; a file that an option names and that cannot be used is a finding."""
    with Tracer(chosen.verbose, chosen.trace, quiet=chosen.quiet) as tracer:
        try:
            return look(tracer)
        except InvalidSettings as error:
            of_a_file = isinstance(error.__cause__, OSError) or not error.file.startswith("--")
            if not of_a_file:
                raise  # the words themselves are wrong
            return unusable(chosen.reference, error)


def _only(examination: Callable[[], Report], layers: frozenset[str]) -> Report:
    return examination().only(layers)


def _examined(chosen: argparse.Namespace, tracer: Tracer) -> Report:
    with options.made(chosen, tracer) as client:
        return examine(chosen.reference, client)


def _check_alone(chosen: argparse.Namespace) -> None:
    if chosen.username is not None:
        raise InvalidSettings("--username and --from-secret", why="the secret's credentials are sent, and no others")


def _with_secret(chosen: argparse.Namespace, secret: str, tracer: Tracer) -> Report:
    def connect(credential: Credential) -> AbstractContextManager[Client]:
        told = argparse.Namespace(**{**vars(chosen), "credential": credential, "from_secret": None})
        return options.made(told, tracer)

    return examine_with_secret(chosen.reference, secret, connect)
