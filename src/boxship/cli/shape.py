"""The shapes that verbs print what they found in: a table, JSON, lines of JSON, or what a template makes of it."""

from __future__ import annotations

__all__ = ["add_shape", "columns", "short", "show"]

import argparse
import json
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from boxship.cli import console

if TYPE_CHECKING:
    from boxship.cli.template import Template
    from boxship.digest import Digest

_GO = "go-template="
_SHORT = len("sha256:") + 12


def add_shape(parser: argparse.ArgumentParser, *, items: str = "", names: bool = False, short: str = "-o") -> None:
    """Add `-o`; with lines of JSON where there are `items`, and with names alone where there are `names`."""
    shapes = ("table", "json", *(("jsonl",) if items else ()), *(("name",) if names else ()))
    parser.add_argument(
        short,
        "--output",
        type=lambda text: _shape(text, shapes),
        default="table",
        metavar=f"{'|'.join(shapes)}|{_GO}…",
        help="what is printed (default: a table, for people)",
    )
    parser.add_argument(
        "--format",
        dest="output",
        type=lambda text: _shape(text if text in shapes else f"{_GO}{text}", shapes),
        metavar="TEMPLATE",
        help="the same, as docker and skopeo have it: for example '{{.Digest}}', or json",
    )


def _shape(text: str, shapes: Sequence[str]) -> str | Template:
    if text in shapes:
        return text
    if not text.startswith(_GO):
        raise argparse.ArgumentTypeError(f"{text!r} is none of {', '.join(shapes)}, {_GO}…")
    from boxship.cli.template import Template  # noqa: PLC0415 -- few have any
    from boxship.errors import InvalidInput  # noqa: PLC0415

    try:
        return Template(text.removeprefix(_GO))
    except InvalidInput as error:
        raise argparse.ArgumentTypeError(str(error)) from error


def show(
    chosen: argparse.Namespace,
    schema: str,
    document: Mapping[str, object],
    table: Iterable[str],
    *,
    items: str = "",
    names: Iterable[str] = (),
) -> None:
    """Print the document in the shape that was chosen: `table` is what people read, `items` the name of its list."""
    shape: str | Template = chosen.output
    if shape in ("table", "name"):
        lines = [*map(console.one_line, table if shape == "table" else names)]
        if lines:
            console.say(*lines)
    elif shape == "json":
        console.say(_json({"schema": schema, **document}, indent=2))
    elif shape == "jsonl":
        listed = document[items]
        assert isinstance(listed, list)
        console.say(*(_json({"schema": schema, **item}) for item in listed))
    else:
        assert not isinstance(shape, str)
        console.say(shape.render(document).removesuffix("\n"))


def _json(document: Mapping[str, object], indent: int | None = None) -> str:
    """The document; what is no letter is escaped, as bytes of a name that are none: they would be no JSON."""
    text = json.dumps(document, indent=indent, ensure_ascii=False)
    if text.isascii():
        return text
    return "".join(letter if letter.isprintable() or letter == "\n" else json.dumps(letter)[1:-1] for letter in text)


def short(digest: Digest) -> str:
    """A digest's algorithm and twelve of its digits: who reads a table tells them apart by those."""
    return str(digest)[:_SHORT]


def columns(rows: Iterable[Sequence[str]], *, right: Iterable[int] = ()) -> list[str]:
    """Rows with their cells under each other; the columns `right` end together."""
    kept, ends = [tuple(map(console.one_line, row)) for row in rows], frozenset(right)
    widths = [max(map(len, column)) for column in zip(*kept, strict=True)] if kept else []
    return [
        "  ".join(
            cell.rjust(width) if number in ends else cell.ljust(width)
            for number, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in kept
    ]
