"""`boxship rebase`: an image on another base."""

from __future__ import annotations

__all__ = ["EXAMPLE", "SUMMARY", "arguments", "run"]

import argparse

from boxship.cli import moving
from boxship.cli.changing import add_result, result_of, tell

SUMMARY = "Put an image on another base, without building it."
EXAMPLE = "boxship rebase reg.corp/app:1 --old_base debian:12.1 --new_base debian:12.2 -t reg.corp/app:1.1"


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add what the verb takes."""
    parser.add_argument("image")
    bases = (("old", "it is on now"), ("new", "it is to be on"))
    for side, words in bases:
        parser.add_argument(
            f"--{side}_base",
            f"--{side}-base",
            metavar="IMAGE",
            help=f"the base that {words} (default: as its annotations say)",
        )
    add_result(parser)
    parser.add_argument("--rebased", dest="tag", help=argparse.SUPPRESS)  # crane's older word for --tag


def run(chosen: argparse.Namespace) -> int:
    """Rebase."""
    target = result_of(chosen.image, chosen.tag, chosen.output)
    with moving.client(chosen) as client:
        copied = client.rebase(
            chosen.image,
            target,
            old_base=chosen.old_base,
            new_base=chosen.new_base,
            platforms=moving.platforms(chosen),
            jobs=chosen.jobs,
        )
    tell(target, copied)
    return 0
