"""`boxship registry check`: whether a registry has what it should, wherever that is."""

from __future__ import annotations

__all__ = ["EXAMPLE", "SUMMARY", "arguments", "run"]

import argparse
from collections.abc import Iterable
from pathlib import Path

from boxship.cli import console
from boxship.cli.amounts import amount
from boxship.cli.commands.registry.folder import add_database, add_folder, add_storage, place_of
from boxship.cli.statuses import FINDINGS
from boxship.errors import InvalidSettings
from boxship.server.upkeep.check import Finding, Report, checking
from boxship.server.upkeep.repair import repair

SUMMARY = "Hold what a registry has against what its database says of it, wherever both are, while it may serve."
EXAMPLE = "boxship registry check --disk ./registry --verify"


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add what the action takes."""
    add_folder(parser)
    add_database(parser)
    add_storage(parser)
    parser.add_argument(
        "--verify",
        action="store_true",
        help="hash all content, not only what was changed, and look through the database, if that is SQLite's",
    )
    parser.add_argument(
        "--repair",
        action="store_true",
        help="do what can be done about it: what is damaged goes to quarantine/, and is absent until it is pushed "
        "anew. Nobody may serve the folder meanwhile, and all is in it",
    )
    parser.add_argument(
        "--allow-sparse",
        action="store_true",
        help="content that is not there is no finding: of a cache, or of a registry that takes such manifests",
    )


def run(chosen: argparse.Namespace) -> int:
    """Print each finding as it is found; 8 if there are any, and after a repair, if any are left."""
    if chosen.repair:
        report = _repaired(chosen)
        found = _say(report.findings)
        _sum_up("before the repair: ", report.blobs, report.manifests, found)
    with checking(place_of(chosen), verify=chosen.verify, sparse=chosen.allow_sparse) as looked:
        found = _say(looked.findings())
        _sum_up("after it: " if chosen.repair else "", looked.count("blob"), looked.count("manifest"), found)
    return FINDINGS if found else 0


def _repaired(chosen: argparse.Namespace) -> Report:
    if chosen.database or chosen.storage:
        remedy = "`boxship registry scrub` lets what is damaged be absent, wherever it is, until it is pushed anew"
        raise InvalidSettings("--repair", why="it is for names and content in one folder", remedy=remedy)
    return repair(Path(chosen.disk), verify=chosen.verify)


def _say(findings: Iterable[Finding]) -> int:
    """Print findings; how many these were."""
    count = 0
    for finding in findings:
        console.say(console.one_line(str(finding)))
        count += 1
    return count


def _sum_up(when: str, blobs: int, manifests: int, findings: int) -> None:
    verdict = amount(findings, "finding") if findings else "all there"
    console.complain(f"{when}{amount(blobs, 'blob')} and {amount(manifests, 'manifest')}: {verdict}")
