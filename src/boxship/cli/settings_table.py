"""Settings as a person reads them, a name with its value and its source, and as JSON has them."""

from __future__ import annotations

__all__ = ["add_place", "show"]

import argparse
import json
import shutil
import textwrap
from collections.abc import Iterator

from boxship.cli import console, options
from boxship.explain import Explanation, Setting

_NARROWEST, _WIDEST = 60, 140


def add_place(parser: argparse.ArgumentParser) -> None:
    """Add whose settings are asked for, `-o`, and the options that settings come from."""
    parser.add_argument("place", metavar="REFERENCE|HOST", help="for example reg.corp/team/app, or reg.corp:5000")
    parser.add_argument("-o", "--output", choices=("text", "json"), default="text", help="as text (default) or JSON")
    options.add_common(parser)


def show(explanation: Explanation, form: str) -> None:
    """Print all that was found."""
    if form == "json":
        console.say(json.dumps(explanation.document(), indent=2, ensure_ascii=False))
        return
    width = min(max(shutil.get_terminal_size().columns, _NARROWEST), _WIDEST)
    console.say(*_lines(explanation, width))


def _lines(explanation: Explanation, width: int) -> Iterator[str]:
    yield console.one_line(explanation.place)
    for finding in explanation.findings:
        yield from _wrapped(finding, width, "wrong: ", " " * 7)
    yield ""
    column = 2 + max(len(setting.name) for setting in explanation.settings)
    for setting in explanation.settings:
        yield from _setting(setting, width, column)


def _setting(setting: Setting, width: int, column: int) -> Iterator[str]:
    """The name once, then what holds, and below it what does not."""
    yield from _wrapped(f"{setting.value} ({setting.source})", width, f"{setting.name:<{column}}", " " * column)
    for lost in setting.lost:
        said = f"{lost.value} ({lost.source})" if lost.value else lost.source
        yield from _wrapped(f"{said}: {lost.why}", width, f"{' ' * column}not ", " " * (column + 4))


def _wrapped(text: str, width: int, first: str, rest: str) -> list[str]:
    # What stands in files and environments may be anybody's words.
    shown = console.one_line(text)
    return textwrap.wrap(shown, width, initial_indent=first, subsequent_indent=rest, break_on_hyphens=False)
