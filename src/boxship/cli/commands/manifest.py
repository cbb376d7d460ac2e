"""`boxship manifest`: a manifest's bytes."""

from __future__ import annotations

__all__ = ["EXAMPLE", "SUMMARY", "arguments", "run"]

import argparse

from boxship.cli import console, options
from boxship.formats.place import Place

SUMMARY = "Print a manifest or an index, byte for byte, verified."
EXAMPLE = "boxship manifest reg.corp/app:1"


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add what the verb takes."""
    parser.add_argument("reference", help="a reference or a local place (oci:DIR, …)")
    options.add_platform(parser)
    options.add_common(parser)


def run(chosen: argparse.Namespace) -> int:
    """Print the manifest."""
    with options.client(chosen) as client:
        if place := Place.parse(chosen.reference):
            raw = client.raw(place, platforms=[chosen.platform] if chosen.platform else None)
        else:
            raw = client.document(chosen.reference, platform=chosen.platform).raw
        console.write(raw)
    return 0
