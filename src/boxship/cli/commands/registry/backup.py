"""`boxship registry backup`: all of a registry, copied while it serves."""

from __future__ import annotations

__all__ = ["EXAMPLE", "SUMMARY", "arguments", "run"]

import argparse
from pathlib import Path

from boxship.cli import console, named
from boxship.cli.amounts import amount
from boxship.cli.commands.registry.folder import add_database, add_folder, add_storage, place_of
from boxship.cli.statuses import FINDINGS
from boxship.server.upkeep.backup import backup

SUMMARY = "Copy all of a registry, while it serves, to a new folder, which can be served itself. Blobs are hard links."
EXAMPLE = "boxship registry backup --disk ./registry /backup/monday"


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add what the action takes."""
    add_folder(parser)
    add_database(parser)
    add_storage(parser)
    words = "an earlier backup: what it has is linked from there, and not brought again"
    parser.add_argument("--previous", type=named.folder, metavar="DIR", help=words)
    parser.add_argument("target", metavar="DIR", help="the new folder")


def run(chosen: argparse.Namespace) -> int:
    """Copy it; 8 where the registry itself lacks some of it."""
    previous = Path(chosen.previous) if chosen.previous else None
    made = backup(place_of(chosen), Path(chosen.target), previous=previous)
    console.say(f"{chosen.target}: {amount(made.blobs, 'blob')}, {amount(made.manifests, 'manifest')}")
    for digest in made.missing:
        console.complain(f"the registry does not have {digest}")
    return FINDINGS if made.missing else 0
