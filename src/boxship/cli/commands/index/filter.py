"""`boxship index filter`: an index of fewer platforms."""

from __future__ import annotations

__all__ = ["EXAMPLE", "SUMMARY", "arguments", "run"]

import argparse

from boxship.cli import moving
from boxship.cli.changing import result_of, tell

SUMMARY = "Leave of an index what is for some platforms, and what is attested of that."
EXAMPLE = "boxship index filter ubuntu --platform linux/amd64,linux/arm64 -t reg.corp/ubuntu"


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add what the action takes."""
    parser.add_argument("image")
    parser.add_argument(
        "--platform",
        action="append",
        required=True,
        metavar="OS[/ARCH[/VARIANT]],…",
        help="what is to stay; may be given several times",
    )
    parser.add_argument("-t", "--tag", metavar="IMAGE", help="what the result is called (default: the index itself)")
    moving.add_moving(parser, platforms=False)


def run(chosen: argparse.Namespace) -> int:
    """Filter."""
    target = result_of(chosen.image, chosen.tag)
    platforms = [word for text in chosen.platform for word in text.split(",")]
    with moving.client(chosen) as client:
        copied = client.filter_index(chosen.image, target, platforms=platforms, jobs=chosen.jobs)
    tell(target, copied)
    return 0
