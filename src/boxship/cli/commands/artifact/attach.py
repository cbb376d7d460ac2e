"""`boxship artifact attach`: files as an artifact that refers to an image."""

from __future__ import annotations

__all__ = ["EXAMPLE", "SUMMARY", "arguments", "run"]

import argparse

from boxship.cli import moving, options
from boxship.cli.changing import tell
from boxship.cli.packing import add_files, said
from boxship.formats.ends import end_of

SUMMARY = "Push files as an artifact that refers to an image, and is found by that (boxship referrers)."
EXAMPLE = "boxship artifact attach reg.corp/app:1 sbom.json --artifact-type application/spdx+json"


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add what the action takes."""
    parser.add_argument("image", help="what it refers to: a reference or a local place (oci:DIR:TAG, …)")
    options.add_platform(parser)
    add_files(parser, typed=True)


def run(chosen: argparse.Namespace) -> int:
    """Attach."""
    what = said(chosen)
    with moving.client(chosen) as client:
        copied = client.attach(chosen.image, **what, platform=chosen.platform)
    tell(end_of(chosen.image), copied)
    return 0
