"""`boxship registry move`: names and content to another folder, database or object store."""

from __future__ import annotations

__all__ = ["EXAMPLE", "SUMMARY", "arguments", "run"]

import argparse
from pathlib import Path

from boxship.cli import console
from boxship.cli.amounts import amount
from boxship.cli.commands.registry.folder import add_database, add_folder, add_storage, place_of
from boxship.errors import InvalidSettings
from boxship.server.upkeep.move import move
from boxship.server.upkeep.place import Place

SUMMARY = (
    "Move a registry that nobody serves to a new folder, PostgreSQL, an object store, or back; every byte is verified."
)
EXAMPLE = "boxship registry move --disk ./registry --to-storage s3://images/registry --to-database postgresql://db.corp/registry"

_NOWHERE = Path()  # of what has nothing in a folder


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add what the action takes."""
    add_folder(parser)
    add_database(parser)
    add_storage(parser)
    words = "where its names are to be, if not in TARGET: postgresql://USER@HOST/NAME, with nothing in it"
    parser.add_argument("--to-database", default="", metavar="URL", help=words)
    words = "where its content is to be, if not in TARGET: s3://BUCKET/PREFIX, with nothing in it"
    parser.add_argument("--to-storage", default="", metavar="URL", help=words)
    parser.add_argument(
        "--to-s3-endpoint", default="", metavar="URL", help="where that is (AWS_ENDPOINT_URL, else AWS)"
    )
    parser.add_argument("--to-s3-region", default="", metavar="NAME", help="in which region (AWS_REGION)")
    words = "the new folder; there is none where both are elsewhere"
    parser.add_argument("target", metavar="TARGET", nargs="?", default="", help=words)


def run(chosen: argparse.Namespace) -> int:
    """Move it; what was there stays."""
    there = (chosen.to_database, chosen.to_storage, chosen.to_s3_endpoint, chosen.to_s3_region)
    target = Place(Path(chosen.target) if chosen.target else _NOWHERE, *there)
    if target.is_elsewhere == bool(chosen.target):
        why = "with its names and its content elsewhere, a registry has no folder" if chosen.target else "none is given"
        raise InvalidSettings("TARGET", why=why, remedy="TARGET, or else both --to-database and --to-storage")
    moved = move(place_of(chosen), target)
    where = chosen.target or chosen.to_storage
    console.say(f"{where}: {amount(moved.blobs, 'blob')}, {amount(moved.manifests, 'manifest')}")
    return 0
