"""`boxship manifest`: a manifest's bytes."""

from __future__ import annotations

__all__ = ["EXAMPLE", "SUMMARY", "arguments", "run"]

import argparse

from boxship.cli import console, options

SUMMARY = "Print a manifest or an index, byte for byte, verified."
EXAMPLE = "boxship manifest reg.corp/app:1"


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add what the verb takes."""
    parser.add_argument("reference")
    options.add_platform(parser)
    options.add_common(parser)


def run(chosen: argparse.Namespace) -> int:
    """Print the manifest."""
    with options.client(chosen) as client:
        console.write(client.document(chosen.reference, platform=chosen.platform).raw)
    return 0
