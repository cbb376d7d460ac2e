"""`boxship config`: the bytes of an image's configuration."""

from __future__ import annotations

__all__ = ["EXAMPLE", "SUMMARY", "arguments", "run"]

import argparse

from boxship.cli import console, options
from boxship.formats.place import Place

SUMMARY = "Print an image's configuration, byte for byte, verified."
EXAMPLE = "boxship config --platform linux/arm64 reg.corp/app:1"


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add what the verb takes."""
    parser.add_argument("reference", help="a reference or a local place (oci:DIR, …)")
    options.add_platform(parser)
    options.add_common(parser)


def run(chosen: argparse.Namespace) -> int:
    """Print the configuration."""
    with options.client(chosen) as client:
        if place := Place.parse(chosen.reference):
            raw = client.raw_config(place, platform=chosen.platform)
        else:
            raw = client.config(chosen.reference, platform=chosen.platform).raw
        console.write(raw)
    return 0
