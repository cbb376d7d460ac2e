"""`boxship config`: the bytes of an image's configuration."""

from __future__ import annotations

__all__ = ["EXAMPLE", "SUMMARY", "arguments", "run"]

import argparse

from boxship.cli import console, options

SUMMARY = "Print an image's configuration, byte for byte, verified."
EXAMPLE = "boxship config --platform linux/arm64 reg.corp/app:1"


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add what the verb takes."""
    parser.add_argument("reference")
    options.add_platform(parser)
    options.add_common(parser)


def run(chosen: argparse.Namespace) -> int:
    """Print the configuration."""
    with options.client(chosen) as client:
        console.write(client.config(chosen.reference, platform=chosen.platform).raw)
    return 0
