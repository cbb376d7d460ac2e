"""`boxship history`: how an image was made, step by step."""

from __future__ import annotations

__all__ = ["EXAMPLE", "SUMMARY", "arguments", "run"]

import argparse
from collections.abc import Iterator

from boxship.cli import options, shape
from boxship.cli.tally import bytes_of
from boxship.image.history import History, Step

SUMMARY = "Print the steps that an image was made in, each with its layer; the last one first."
EXAMPLE = "boxship history reg.corp/app:1"
_LONGEST = 100


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add what the verb takes."""
    parser.add_argument("image", help="a reference or a local place (oci:DIR, …)")
    parser.add_argument("--no-trunc", action="store_true", help="print digests and commands in full")
    shape.add_shape(parser, items="steps")
    options.add_platform(parser)
    options.add_common(parser)


def run(chosen: argparse.Namespace) -> int:
    """Print the history."""
    with options.client(chosen) as client:
        found = client.history(chosen.image, platform=chosen.platform)
    table = _lines(found, whole=chosen.no_trunc)
    shape.show(chosen, "boxship.history/1", found.document(), table, items="steps")
    return 0


def _lines(found: History, *, whole: bool) -> Iterator[str]:
    if found.uneven:
        yield "the history tells of another number of layers than there is: which is whose is a guess"
    rows = [_row(step, whole=whole) for step in reversed(found.steps)]
    yield from shape.columns([("CREATED", "SIZE", "LAYER", "CREATED BY"), *rows], right=(1,))


def _row(step: Step, *, whole: bool) -> tuple[str, str, str, str]:
    layer = "(none)" if not step.layer else str(step.layer.digest) if whole else shape.short(step.layer.digest)
    words = " ".join(filter(None, (step.created_by, step.comment and f"# {step.comment}")))
    size = bytes_of(step.layer.size) if step.layer else "0 B"
    return step.created[:19] or "-", size, layer, words if whole else words[:_LONGEST]
