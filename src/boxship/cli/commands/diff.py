"""`boxship diff`: how two images differ."""

from __future__ import annotations

__all__ = ["EXAMPLE", "SUMMARY", "arguments", "run"]

import argparse
import json
from collections.abc import Callable, Iterator, Sequence

from boxship.cli import options, shape
from boxship.cli.statuses import FINDINGS
from boxship.cli.tally import bytes_of
from boxship.image.difference import Difference, FileChange, PackageChange
from boxship.image.listing import Entry

SUMMARY = "Print how two images differ: configuration, layers, files, packages. The status is 8 where they do, else 0."
EXAMPLE = "boxship diff reg.corp/app:1 reg.corp/app:2"
_LONGEST = 200


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add what the verb takes."""
    parser.add_argument("before", metavar="image", help="a reference or a local place (oci:DIR, …)")
    parser.add_argument("after", metavar="image", help="another one")
    parser.add_argument("--times", action="store_true", help="tell files, too, of which nothing but their time differs")
    shape.add_shape(parser)
    options.add_platform(parser)
    options.add_common(parser)


def run(chosen: argparse.Namespace) -> int:
    """Print the difference."""
    with options.client(chosen) as client:
        found = client.diff(chosen.before, chosen.after, platform=chosen.platform, times=chosen.times)
    shape.show(chosen, "boxship.diff/1", found.document(), _lines(found))
    return FINDINGS if found else 0


def _lines(found: Difference) -> Iterator[str]:
    if not found:
        return
    yield f"--- {found.digests[0]}"
    yield f"+++ {found.digests[1]}"
    for field in found.fields:
        yield f"~ {field.path}: {_value(field.before)} -> {_value(field.after)}"
    yield from _layers(found)
    yield from _part("packages", [_package(change) for change in found.packages])
    yield from _part("files", [_file(change) for change in found.files])
    if found.read:
        before, after = found.sizes
        yield f"size: {bytes_of(before)} -> {bytes_of(after)} of files to be seen"


def _value(value: object) -> str:
    text = "nothing" if value is None else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"


def _layers(found: Difference) -> Iterator[str]:
    before, after = (layers[found.shared :] for layers in found.layers)
    yield f"layers: the lowest {found.shared} are the same, {len(before)} others before, {len(after)} after"
    yield from (f"- {shape.short(layer.digest)} {bytes_of(layer.size)}" for layer in before)
    yield from (f"+ {shape.short(layer.digest)} {bytes_of(layer.size)}" for layer in after)


def _part(title: str, lines: Sequence[str]) -> Iterator[str]:
    if lines:
        counts = {sign: sum(line.startswith(sign) for line in lines) for sign in "+-~"}
        yield f"{title}: {counts['+']} added, {counts['-']} removed, {counts['~']} changed"
        yield from lines


def _package(change: PackageChange) -> str:
    one = change.after or change.before
    assert one
    name = f"{one.manager} {one.name}{f' ({one.architecture})' if one.architecture else ''}"
    if change.before and change.after:
        return f"~ {name} {change.before.version} -> {change.after.version}"
    return f"{'+' if change.after else '-'} {name} {one.version}"


def _file(change: FileChange) -> str:
    if change.before and change.after:
        return f"~ /{change.name} {', '.join(_what(change.before, change.after, change.what))}"
    entry = change.after or change.before
    assert entry
    size = f" {bytes_of(entry.size)}" if entry.size else ""
    return f"{'+' if change.after else '-'} /{change.name}{size}"


def _what(before: Entry, after: Entry, what: Sequence[str]) -> Iterator[str]:
    told: dict[str, Callable[[Entry], str]] = {
        "kind": lambda entry: entry.kind.value,
        "content": lambda entry: bytes_of(entry.size),
        "target": lambda entry: entry.target or "nothing",
        "mode": lambda entry: f"{entry.mode:04o}",
        "owner": lambda entry: "{}:{}".format(*entry.owner),
        "attributes": lambda entry: ", ".join(key.removeprefix("SCHILY.xattr.") for key in entry.attributes) or "none",
        "device": lambda entry: "{}:{}".format(*entry.device),
        "modified": lambda entry: str(entry.modified // 1_000_000_000),
    }
    yield from (f"{one} {told[one](before)} -> {told[one](after)}" for one in what)
