"""`boxship registry export`: images as an OCI layout."""

from __future__ import annotations

__all__ = ["EXAMPLE", "SUMMARY", "arguments", "run"]

import argparse
from pathlib import Path

from boxship.cli import console
from boxship.cli.amounts import amount
from boxship.cli.commands.registry.folder import add_database, add_folder, add_storage, place_of
from boxship.server.upkeep.export import export

SUMMARY = "Write images to a new folder as an OCI layout; skopeo reads it as oci:DIR:TAG, or oci:DIR:REPOSITORY:TAG."
EXAMPLE = "boxship registry export --disk ./registry ./app-layout team/app"


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add what the action takes."""
    add_folder(parser)
    add_database(parser)
    add_storage(parser)
    parser.add_argument("target", metavar="DIR", help="the new folder")
    parser.add_argument(
        "repositories",
        metavar="REPOSITORY",
        nargs="*",
        help="what to write (default: all). Images of a single one are named by their tags, else by repository:tag",
    )


def run(chosen: argparse.Namespace) -> int:
    """Write it."""
    made = export(place_of(chosen), Path(chosen.target), chosen.repositories)
    console.say(f"{chosen.target}: {amount(made.listed, 'image')}, {amount(made.blobs, 'blob')}")
    return 0
