"""`boxship blob`: a blob's bytes."""

from __future__ import annotations

__all__ = ["EXAMPLE", "SUMMARY", "arguments", "run"]

import argparse

from boxship.cli import console, options

SUMMARY = "Print a blob. Its last megabyte comes only when the digest is right; else the command ends with 6."
EXAMPLE = "boxship blob reg.corp/app@sha256:… > layer.tar.gz"


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add what the verb takes."""
    parser.add_argument("reference", help="repository@digest")
    options.add_common(parser)


def run(chosen: argparse.Namespace) -> int:
    """Print the blob."""
    with options.client(chosen) as client, client.open_blob(chosen.reference) as blob:
        for piece in blob:
            console.write(piece)
    return 0
