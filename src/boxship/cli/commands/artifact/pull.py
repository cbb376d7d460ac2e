"""`boxship artifact pull`: an artifact's files, into a folder."""

from __future__ import annotations

__all__ = ["EXAMPLE", "SUMMARY", "arguments", "run"]

import argparse
from pathlib import Path

from boxship.cli import console, moving, options

SUMMARY = "Pull an artifact's files into a folder: all of them, verified, or none; their names are printed."
EXAMPLE = "boxship artifact pull reg.corp/notes:1 -d notes"


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add what the action takes."""
    parser.add_argument("artifact", help="a reference or a local place (oci:DIR:TAG, …)")
    parser.add_argument(
        "-d", "--directory", "-o", "--output", default=".", metavar="DIR", help="where to (default: this folder)"
    )
    parser.add_argument("--overwrite", action="store_true", help="replace files that are there")
    parser.add_argument("--config-file", default="", metavar="NAME", help="its configuration, too, under this name")
    options.add_platform(parser)
    moving.add_moving(parser, platforms=False)


def run(chosen: argparse.Namespace) -> int:
    """Pull."""
    with moving.client(chosen) as client:
        pulled = client.pull_artifact(
            chosen.artifact,
            chosen.directory,
            overwrite=chosen.overwrite,
            config_title=chosen.config_file,
            platform=chosen.platform,
            jobs=chosen.jobs,
        )
    if pulled.left_out:
        names = ", ".join(pulled.left_out[:5])
        console.complain(f"boxship: {len(pulled.left_out)} are left out, which are no files or folders: {names}")
    console.say(*(str(Path(chosen.directory, title)) for title in pulled.files))
    return 0
