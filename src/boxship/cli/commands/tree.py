"""`boxship tree`: the layers of an image, and what each of them has in vain."""

from __future__ import annotations

__all__ = ["EXAMPLE", "SUMMARY", "arguments", "run"]

import argparse
from collections.abc import Iterator

from boxship.cli import options, shape
from boxship.cli.tally import bytes_of
from boxship.image.waste import Layer, Stacked

SUMMARY = "Print the layers of an image: what each adds, and what of it upper layers replace or remove."
EXAMPLE = "boxship tree reg.corp/app:2"
_LONGEST = 60


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add what the verb takes."""
    parser.add_argument("image", help="a reference or a local place (oci:DIR, …)")
    shape.add_shape(parser, items="layers")
    options.add_platform(parser)
    options.add_common(parser)


def run(chosen: argparse.Namespace) -> int:
    """Print the layers."""
    with options.client(chosen) as client:
        found = client.tree(chosen.image, platform=chosen.platform)
    shape.show(chosen, "boxship.tree/1", found.document(), _lines(found), items="layers")
    return 0


def _lines(found: Stacked) -> Iterator[str]:
    titles = ("LAYER", "STORED", "FILES", "SIZE", "CHANGED", "REMOVED", "WASTE", "CREATED BY")
    yield from shape.columns([titles, *map(_row, found.layers)], right=range(1, 7))
    yield (
        f"{bytes_of(found.size)} are to be seen, {bytes_of(found.waste)} are wasted:"
        f" {found.efficiency:.1%} of the files' bytes are of use"
    )


def _row(layer: Layer) -> tuple[str, ...]:
    return (
        shape.short(layer.descriptor.digest),
        bytes_of(layer.descriptor.size),
        str(layer.files),
        bytes_of(layer.size),
        str(layer.changed),
        str(layer.removed),
        bytes_of(layer.waste),
        layer.created_by[:_LONGEST],
    )
