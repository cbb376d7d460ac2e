"""`boxship registry check`: whether a registry's folder holds what it should."""

from __future__ import annotations

__all__ = ["EXAMPLE", "SUMMARY", "arguments", "run"]

import argparse
from pathlib import Path

from boxship.cli import console
from boxship.cli.amounts import amount
from boxship.cli.commands.registry.folder import add_folder
from boxship.cli.statuses import FINDINGS
from boxship.server.check import Report, check
from boxship.server.repair import repair

SUMMARY = "Compare a registry's files with what its database says of them, while it may serve."
EXAMPLE = "boxship registry check --disk ./registry --verify"


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add what the action takes."""
    add_folder(parser)
    parser.add_argument(
        "--verify",
        action="store_true",
        help="hash every file, not only those that were changed, and look through the database",
    )
    parser.add_argument(
        "--repair",
        action="store_true",
        help="do what can be done about it: what is damaged goes to quarantine/, and is absent until it is pushed "
        "anew. Nobody may serve the folder meanwhile",
    )
    parser.add_argument(
        "--allow-sparse",
        action="store_true",
        help="content that is not there is no finding: of a cache, or of a registry that takes such manifests",
    )


def run(chosen: argparse.Namespace) -> int:
    """Print each finding; 8 if there are any, and after a repair, if any are left."""
    folder = Path(chosen.disk)
    if chosen.repair:
        _say(repair(folder, verify=chosen.verify), "before the repair")
    report = check(folder, verify=chosen.verify, sparse=chosen.allow_sparse)
    _say(report, "after it" if chosen.repair else "")
    return FINDINGS if report.findings else 0


def _say(report: Report, when: str) -> None:
    for finding in report.findings:
        console.say(console.one_line(str(finding)))
    prefix = f"{when}: " if when else ""
    held = f"{amount(report.blobs, 'blob')} and {amount(report.manifests, 'manifest')}"
    console.complain(f"{prefix}{held}: {_verdict(len(report.findings))}")


def _verdict(findings: int) -> str:
    return amount(findings, "finding") if findings else "all there"
