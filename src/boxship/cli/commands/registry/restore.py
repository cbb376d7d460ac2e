"""`boxship registry restore`: a registry made of a backup."""

from __future__ import annotations

__all__ = ["EXAMPLE", "SUMMARY", "arguments", "run"]

import argparse
from pathlib import Path

from boxship.cli import console
from boxship.cli.amounts import amount
from boxship.cli.commands.registry.folder import add_database, add_folder, add_storage, place_of
from boxship.server.upkeep.restore import restore

SUMMARY = (
    "Make a registry of a backup, in a folder, a database and a bucket with nothing in them; every byte is verified."
)
EXAMPLE = "boxship registry restore --disk ./registry /backup/monday"


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add what the action takes."""
    add_folder(parser)
    add_database(parser)
    add_storage(parser)
    parser.add_argument("source", metavar="DIR", help="the backup")


def run(chosen: argparse.Namespace) -> int:
    """Make it."""
    made = restore(Path(chosen.source), place_of(chosen))
    console.say(f"{chosen.storage or chosen.disk}: {amount(made.blobs, 'blob')}, {amount(made.manifests, 'manifest')}")
    return 0
