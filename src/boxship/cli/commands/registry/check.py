"""`boxship registry check`: whether a registry's folder holds what it should."""

from __future__ import annotations

__all__ = ["EXAMPLE", "SUMMARY", "arguments", "run"]

import argparse
from pathlib import Path

from boxship.cli import console
from boxship.cli.commands.registry.folder import FINDINGS, add_folder
from boxship.server.check import check

SUMMARY = "Compare a registry's files with what its database says of them, while it may serve."
EXAMPLE = "boxship registry check --disk ./registry --verify"


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add what the action takes."""
    add_folder(parser)
    parser.add_argument("--verify", action="store_true", help="hash every file, not only those that were changed")


def run(chosen: argparse.Namespace) -> int:
    """Print each finding; 8 if there are any."""
    report = check(Path(chosen.disk), verify=chosen.verify)
    for finding in report.findings:
        console.say(console.one_line(str(finding)))
    console.complain(f"{report.blobs} blobs and {report.manifests} manifests: {_verdict(len(report.findings))}")
    return FINDINGS if report.findings else 0


def _verdict(findings: int) -> str:
    return f"{findings} of them or beside them not as they should be" if findings else "all there"
