"""`boxship files get`: a file or a folder of an image, on this machine."""

from __future__ import annotations

__all__ = ["EXAMPLE", "SUMMARY", "arguments", "run"]

import argparse
from pathlib import Path

from boxship.cli import console, layers_read, options

SUMMARY = "Write a file or a folder of an image to this machine; no name or link in it leads out of where it is put."
EXAMPLE = "boxship files get reg.corp/app:2 /usr/share/app ./app"


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add what the action takes."""
    parser.add_argument("image", help="a reference or a local place (oci:DIR, …)")
    parser.add_argument("path", help="a file or a folder of the image")
    parser.add_argument("target", nargs="?", help="where to (default: its last name, here); a folder is new or empty")
    options.add_platform(parser)
    options.add_common(parser)


def run(chosen: argparse.Namespace) -> int:
    """Write."""
    name = chosen.path.rstrip("/").rpartition("/")[2]
    target = Path(chosen.target or name or "root")
    with options.client(chosen) as client:
        found = client.get_files(chosen.image, chosen.path, target, platform=chosen.platform)
    if found.left_out:
        console.complain(f"boxship: {len(found.left_out)} devices are left out: {', '.join(found.left_out[:5])}")
    layers_read.say(found)
    return 0
