"""`boxship layout gc`: blobs of a layout that nothing needs any more."""

from __future__ import annotations

__all__ = ["EXAMPLE", "SUMMARY", "arguments", "run"]

import argparse
from pathlib import Path

from boxship.cli import console
from boxship.formats.layout_gc import collect, unneeded

SUMMARY = "Remove the blobs that nothing needs of what a layout lists; nothing may write it meanwhile."
EXAMPLE = "boxship layout gc --dry-run ./backup"


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add what the action takes."""
    parser.add_argument("folder", type=Path, metavar="layout", help="its folder")
    parser.add_argument("--dry-run", action="store_true", help="say what would be removed")


def run(chosen: argparse.Namespace) -> int:
    """Remove them, and say which."""
    found = unneeded(chosen.folder) if chosen.dry_run else collect(chosen.folder)
    words = "would remove" if chosen.dry_run else "removed"
    console.complain(*(f"boxship: {words} {digest}" for digest in found))
    return 0
