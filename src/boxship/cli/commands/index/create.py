"""`boxship index create`: an index of images."""

from __future__ import annotations

__all__ = ["EXAMPLE", "SUMMARY", "arguments", "run"]

import argparse

from boxship.cli.commands.index import append

SUMMARY = "Make an index of images; each is copied to where that is."
EXAMPLE = "boxship index create reg.corp/app:amd64 reg.corp/app:arm64 -t reg.corp/app:1"


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add what the action takes."""
    parser.add_argument("more", nargs="*", metavar="manifest", help="what is to stand in it")
    append.add_making(parser)


def run(chosen: argparse.Namespace) -> int:
    """Create."""
    return append.run(argparse.Namespace(**vars(chosen), base=None))
