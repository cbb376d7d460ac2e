"""`boxship artifact push`: files as an artifact."""

from __future__ import annotations

__all__ = ["EXAMPLE", "SUMMARY", "arguments", "run"]

import argparse

from boxship.cli import moving
from boxship.cli.changing import tell
from boxship.cli.packing import add_files, said
from boxship.formats.ends import end_of

SUMMARY = "Push files and folders as an artifact, which oras pulls, too."
EXAMPLE = "boxship artifact push reg.corp/notes:1 notes.txt:text/plain site/ --artifact-type application/x-notes"


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add what the action takes."""
    parser.add_argument("target", help="what it is to be called: a reference or a local place (oci:DIR:TAG, …)")
    parser.add_argument("--subject", metavar="IMAGE", help="what it refers to")
    add_files(parser, typed=False)


def run(chosen: argparse.Namespace) -> int:
    """Push."""
    what = said(chosen)
    with moving.client(chosen) as client:
        copied = client.push_artifact(chosen.target, **what, subject=chosen.subject)
    tell(end_of(chosen.target), copied)
    return 0
