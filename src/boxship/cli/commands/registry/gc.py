"""`boxship registry gc`: what nobody needs is taken away, while the registry serves."""

from __future__ import annotations

__all__ = ["EXAMPLE", "SUMMARY", "arguments", "run"]

import argparse
import asyncio
from pathlib import Path

from boxship.cli import console, named
from boxship.cli.amounts import amount
from boxship.cli.commands.registry.folder import add_database, add_folder, add_storage, opened
from boxship.errors import BoxshipError
from boxship.server.database.lease import Leased, Lost
from boxship.server.registry import Registry
from boxship.server.tagging import TagPatterns
from boxship.server.upkeep.garbage import Policy
from boxship.server.upkeep.preview import preview
from boxship.server.upkeep.retention import Retention, parse_retention
from boxship.server.upkeep.sweep import sweep
from boxship.server.watched import read_file
from boxship.value import replace

SUMMARY = "Take away what nobody needs, while the registry serves: blobs of no image, uploads that nobody went on with."
EXAMPLE = "boxship registry gc --disk ./registry --dry-run"


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add what the action takes."""
    policy = Policy()
    add_folder(parser)
    add_database(parser)
    add_storage(parser)
    parser.add_argument("--dry-run", action="store_true", help="print what would go, and change nothing")
    parser.add_argument(
        "--grace",
        type=float,
        default=policy.grace,
        metavar="SECONDS",
        help=f"keep what is younger ({policy.grace:g}); less than a push takes loses what is being pushed",
    )
    words = "take tags, too, that this file does not keep (TOML)"
    parser.add_argument("--retention", type=named.file, metavar="FILE", help=words)
    parser.add_argument(
        "--immutable",
        metavar="GLOB",
        action="append",
        default=[],
        help="but none of these tags, whatever the file says: 'v*'",
    )
    parser.add_argument("--untagged", action="store_true", help="take manifests, too, that nothing names")
    parser.add_argument("--verify", action="store_true", help="hash files before they go, and keep damaged ones aside")


def run(chosen: argparse.Namespace) -> int:
    """Take it away, or print what would go."""
    policy = Policy(grace=chosen.grace, untagged=chosen.untagged, verify=chosen.verify, retention=_retention(chosen))
    with opened(chosen) as registry:
        if registry.layout.first and not chosen.storage:
            policy = replace(policy, wait=0)  # nobody serves, so nobody is just about to read it
        return _show(registry, policy) if chosen.dry_run else _sweep(registry, policy)


def _retention(chosen: argparse.Namespace) -> Retention:
    if not chosen.retention:
        return Retention()
    _, rules = read_file(Path(chosen.retention), parse_retention)
    return replace(rules, spared=TagPatterns.parse(chosen.immutable))


def _show(registry: Registry, policy: Policy) -> int:
    number = size = 0
    for find in preview(registry, policy):
        console.say(str(find))
        number, size = number + 1, size + find.bytes
    console.complain(f"{number} to go, {amount(size, 'byte')}; nothing was changed")
    return 0


def _sweep(registry: Registry, policy: Policy) -> int:
    try:
        report = asyncio.run(sweep(registry, policy))
    except Lost as error:
        why = "it was held up for minutes, and another process sweeps this registry now"
        raise BoxshipError("the sweep was left half way", why=why, remedy="that one does the rest") from error
    except Leased as error:
        why = "another process sweeps this registry just now"
        raise BoxshipError("nothing was swept", why=why, remedy="wait for it; or see --dry-run") from error
    console.say(str(report))
    if report.waiting:
        go = f"{amount(report.waiting, 'blob')} {'goes' if report.waiting == 1 else 'go'} with the next sweep"
        console.complain(f"{go}: requests that began before may need {'it' if report.waiting == 1 else 'them'}")
    return 0
