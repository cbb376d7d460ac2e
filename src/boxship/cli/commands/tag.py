"""`boxship tag`: more names for an image."""

from __future__ import annotations

__all__ = ["EXAMPLE", "SUMMARY", "arguments", "run"]

import argparse

from boxship.cli import options

SUMMARY = "Give tags to an image that is in a registry; nothing is downloaded."
EXAMPLE = "boxship tag reg.corp/app:1 stable latest"


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add what the verb takes."""
    parser.add_argument("reference", metavar="image")
    parser.add_argument("tags", nargs="+", metavar="tag", help="in the same repository")
    options.add_common(parser)


def run(chosen: argparse.Namespace) -> int:
    """Tag."""
    with options.client(chosen) as client:
        client.tag(chosen.reference, *chosen.tags)
    return 0
