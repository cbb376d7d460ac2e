"""`boxship edit fs`: a file of an image."""

from __future__ import annotations

__all__ = ["EXAMPLE", "SUMMARY", "arguments", "run"]

import argparse
from pathlib import PurePosixPath

from boxship.cli import moving
from boxship.cli.changing import add_result, result_of, tell
from boxship.cli.editor import edit_by

SUMMARY = "Edit a file of an image, or replace it with what standard input has; it becomes a layer on top."
EXAMPLE = "boxship edit fs reg.corp/app:1 -f /etc/motd -t reg.corp/app:2"


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add what the action takes."""
    parser.add_argument("image")
    parser.add_argument("-f", "--filename", required=True, metavar="PATH", help="the file, which need not be there yet")
    add_result(parser)


def run(chosen: argparse.Namespace) -> int:
    """Edit."""
    target = result_of(chosen.image, chosen.tag, chosen.output)
    edit = edit_by(PurePosixPath(chosen.filename).suffix)
    with moving.client(chosen) as client:
        copied = client.edit_file(
            chosen.image, target, path=chosen.filename, edit=edit, platforms=moving.platforms(chosen), jobs=chosen.jobs
        )
    tell(target, copied)
    return 0
