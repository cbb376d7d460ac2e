"""`boxship files cat`: files of an image."""

from __future__ import annotations

__all__ = ["EXAMPLE", "SUMMARY", "arguments", "run"]

import argparse

from boxship.cli import console, layers_read, options

SUMMARY = "Print files of an image, verified before their first byte is printed; links are followed inside the image."
EXAMPLE = "boxship files cat reg.corp/app:2 /etc/os-release"


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add what the action takes."""
    parser.add_argument("image", help="a reference or a local place (oci:DIR, …)")
    parser.add_argument("path", nargs="+", help="a file of the image")
    options.add_platform(parser)
    options.add_common(parser)


class _Output:
    """Standard output as a file, with what a full disk there says in words."""

    @staticmethod
    def write(content: bytes | memoryview) -> None:
        console.write(content)


def run(chosen: argparse.Namespace) -> int:
    """Print."""
    with options.client(chosen) as client:
        found = client.read_files(chosen.image, chosen.path, _Output(), platform=chosen.platform)
    layers_read.say(found)
    return 0
