"""`boxship flatten`: one layer of many."""

from __future__ import annotations

__all__ = ["EXAMPLE", "SUMMARY", "arguments", "run"]

import argparse

from boxship.cli import moving
from boxship.cli.changing import add_result, result_of, tell

SUMMARY = "Make one layer of all that can be seen of an image's layers."
EXAMPLE = "boxship flatten reg.corp/app:1 -t reg.corp/app:flat"


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add what the verb takes."""
    parser.add_argument("image")
    add_result(parser)


def run(chosen: argparse.Namespace) -> int:
    """Flatten."""
    target = result_of(chosen.image, chosen.tag, chosen.output)
    with moving.client(chosen) as client:
        copied = client.flatten(chosen.image, target, platforms=moving.platforms(chosen), jobs=chosen.jobs)
    tell(target, copied)
    return 0
