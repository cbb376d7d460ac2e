"""`boxship registry move`: content to another folder, names to another database."""

from __future__ import annotations

__all__ = ["EXAMPLE", "SUMMARY", "arguments", "run"]

import argparse
from pathlib import Path

from boxship.cli import console
from boxship.cli.amounts import amount
from boxship.cli.commands.registry.folder import add_database, add_folder
from boxship.server.move import move

SUMMARY = "Move a registry that nobody serves to a new folder, its names to or from PostgreSQL; every byte is verified."
EXAMPLE = "boxship registry move --disk ./registry ./moved --to-database postgresql://registry@db.corp/registry"


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add what the action takes."""
    add_folder(parser)
    add_database(parser)
    words = "where its names are to be, if not in TARGET: postgresql://USER@HOST/NAME, with nothing in it"
    parser.add_argument("--to-database", default="", metavar="URL", help=words)
    parser.add_argument("target", metavar="TARGET", help="the new folder")


def run(chosen: argparse.Namespace) -> int:
    """Move it; what was there stays."""
    moved = move(Path(chosen.disk), Path(chosen.target), database=chosen.database, to_database=chosen.to_database)
    console.say(f"{chosen.target}: {amount(moved.blobs, 'blob')}, {amount(moved.manifests, 'manifest')}")
    return 0
