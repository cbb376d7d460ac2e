"""`boxship files ls`: what is in a folder of an image."""

from __future__ import annotations

__all__ = ["EXAMPLE", "SUMMARY", "arguments", "run"]

import argparse
from collections.abc import Iterator
from datetime import UTC, datetime

from boxship.cli import layers_read, options, shape
from boxship.image.stack import Seen

SUMMARY = "List what is in a folder of an image, as all of its layers show it."
EXAMPLE = "boxship files ls reg.corp/app:2 /etc"
_MOST_SECONDS = 253_402_300_799  # the end of the year 9999


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add what the action takes."""
    parser.add_argument("image", help="a reference or a local place (oci:DIR, …)")
    parser.add_argument("path", nargs="?", default="/", help="a folder or a file of the image (default: /)")
    parser.add_argument("-R", "--recursive", action="store_true", help="with what is in its folders")
    shape.add_shape(parser, items="files", names=True)
    options.add_platform(parser)
    options.add_common(parser)


def run(chosen: argparse.Namespace) -> int:
    """List."""
    with options.client(chosen) as client:
        found = client.list_files(chosen.image, chosen.path, recursive=chosen.recursive, platform=chosen.platform)
    names = (f"/{seen.name}" for seen in found.found)
    shape.show(chosen, "boxship.files/1", found.document(), _lines(found.found), items="files", names=names)
    layers_read.say(found)
    return 0


def _lines(found: tuple[Seen, ...]) -> Iterator[str]:
    yield from shape.columns(map(_row, found), right=(2,))


def _row(seen: Seen) -> tuple[str, ...]:
    entry = seen.entry
    seconds = min(max(entry.modified // 1_000_000_000, 0), _MOST_SECONDS)
    modified = datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M")
    arrow = f" -> {entry.target}" if entry.target else ""
    return entry.rights, "{}:{}".format(*entry.owner), str(entry.size), modified, f"/{seen.name}{arrow}"
