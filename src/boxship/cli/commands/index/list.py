"""`boxship index list`: what stands in an index."""

from __future__ import annotations

__all__ = ["EXAMPLE", "SUMMARY", "arguments", "run"]

import argparse

from boxship.cli import console, options
from boxship.cli.local import layout_at, listed_at
from boxship.errors import UnexpectedAnswer
from boxship.registry.manifests import parse_document
from boxship.spec.index import Index

SUMMARY = "List what stands in an index: digest, media type and platform, a line each."
EXAMPLE = "boxship index list reg.corp/app:1"

_LINE = "{:<70} {:<20} {}"  # as crane's


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add what the action takes."""
    parser.add_argument("image", help="an index, or the folder of a layout")
    options.add_common(parser)


def run(chosen: argparse.Namespace) -> int:
    """List."""
    folder = layout_at(chosen.image)
    if folder:
        index = parse_document(listed_at(folder))
    else:
        with options.client(chosen) as client:
            index = client.manifest(chosen.image)
    if not isinstance(index, Index):
        raise UnexpectedAnswer(f"{chosen.image} is no index", why=f"it is {index.media_type}")
    console.say(_LINE.format("Digest", "MediaType", "Platform"))
    for entry in index.manifests:
        console.say(_LINE.format(str(entry.digest), entry.media_type, str(entry.platform or "-")))
    return 0
