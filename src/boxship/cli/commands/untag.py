"""`boxship untag`: names are taken away."""

from __future__ import annotations

__all__ = ["EXAMPLE", "SUMMARY", "arguments", "run"]

import argparse

from boxship.cli import options

SUMMARY = "Take tags away, and leave what they stand for, and its other names."
EXAMPLE = "boxship untag reg.corp/app:1"


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add what the verb takes."""
    parser.add_argument("references", nargs="+", metavar="repository:tag")
    options.add_common(parser)


def run(chosen: argparse.Namespace) -> int:
    """Take them away."""
    with options.client(chosen) as client:
        for reference in chosen.references:
            client.untag(reference)
    return 0
