"""`boxship pull`: images to a file or a folder."""

from __future__ import annotations

__all__ = ["EXAMPLE", "SUMMARY", "arguments", "run"]

import argparse

from boxship.cli import moving

SUMMARY = "Pull images into a file or a folder; what breaks off goes on when it is run again."
EXAMPLE = "boxship pull busybox busybox.tar"
# crane's words for the first one: `legacy` is what docker wrote before version 1.10, which every docker load reads.
_FORMATS = {"tarball": "docker-archive", "legacy": "docker-archive"}
_KINDS = ("docker-archive", "oci", "oci-archive", "dir", *_FORMATS)


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add what the verb takes."""
    parser.add_argument("references", nargs="+", metavar="image")
    parser.add_argument("path", help="the file or folder to write; - is standard output")
    parser.add_argument("--format", choices=_KINDS, default=_KINDS[0], metavar="FORMAT", help=", ".join(_KINDS))
    parser.add_argument("--annotate-ref", action="store_true", help="name the images in a layout")
    parser.add_argument("-c", "--cache_path", metavar="DIR", help="keep layers there, and take them from there")
    moving.add_moving(parser)


def run(chosen: argparse.Namespace) -> int:
    """Pull."""
    with moving.client(chosen) as client:
        client.pull(
            chosen.references,
            chosen.path,
            format=_FORMATS.get(chosen.format, chosen.format),
            platforms=moving.platforms(chosen),
            annotate=chosen.annotate_ref,
            cache=chosen.cache_path,
            jobs=chosen.jobs,
        )
    return 0
