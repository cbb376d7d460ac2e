"""`boxship registry scrub`: every blob read and hashed, so that silent damage is found before somebody pulls it."""

from __future__ import annotations

__all__ = ["EXAMPLE", "SUMMARY", "arguments", "run"]

import argparse
import asyncio
import time

from boxship.cli import console
from boxship.cli.commands.registry.folder import add_database, add_folder, add_storage, opened
from boxship.cli.statuses import FINDINGS
from boxship.server.upkeep.scrub import scrub

SUMMARY = "Hash blobs, those first that were not looked at for longest, and set aside what is damaged; a push heals it."
EXAMPLE = "boxship registry scrub --disk ./registry --rate 50"

_MEGABYTE = 1_000_000
_DAY = 24 * 3600.0


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add what the action takes."""
    add_folder(parser)
    add_database(parser)
    add_storage(parser)
    parser.add_argument("--rate", type=float, metavar="MB", help="read at most so many megabytes a second")
    parser.add_argument(
        "--older", type=float, metavar="DAYS", help="leave out what was looked at in these last days (default: nothing)"
    )


def run(chosen: argparse.Namespace) -> int:
    """Print what is damaged or cannot be read; 8 if anything is."""
    rate = chosen.rate * _MEGABYTE if chosen.rate else None
    since = None if chosen.older is None else time.time() - chosen.older * _DAY
    with opened(chosen) as registry:
        found = asyncio.run(scrub(registry, rate=rate, since=since))
    for words, digests in (("damaged", found.condemned), ("unreadable", found.unreadable)):
        for digest in digests:
            console.say(f"{digest}: {words}")
    console.complain(str(found))
    return FINDINGS if found.condemned or found.unreadable else 0
