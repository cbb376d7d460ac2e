"""`boxship edit manifest`: a manifest or an index."""

from __future__ import annotations

__all__ = ["EXAMPLE", "SUMMARY", "arguments", "run"]

import argparse

from boxship.cli import moving
from boxship.cli.changing import result_of, tell
from boxship.cli.editor import edited

SUMMARY = "Edit a manifest or an index, or replace it with what standard input has."
EXAMPLE = "boxship edit manifest reg.corp/app:1 -t reg.corp/app:2"


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add what the action takes."""
    parser.add_argument("image")
    parser.add_argument("-t", "--tag", metavar="IMAGE", help="what the result is called (default: the image itself)")
    parser.add_argument("-m", "--media-type", default="", metavar="TYPE", help="its media type (default: as it says)")
    moving.add_moving(parser, platforms=False)


def run(chosen: argparse.Namespace) -> int:
    """Edit."""
    target = result_of(chosen.image, chosen.tag)
    with moving.client(chosen) as client:
        content = edited(lambda: client.document(chosen.image).raw)
        copied = client.replace_manifest(
            chosen.image, target, content=content, media_type=chosen.media_type, jobs=chosen.jobs
        )
    tell(target, copied)
    return 0
