"""`boxship validate`: whether an image is what it says it is."""

from __future__ import annotations

__all__ = ["EXAMPLE", "SUMMARY", "arguments", "run"]

import argparse
from collections.abc import Iterator
from typing import TYPE_CHECKING

from boxship.cli import console, moving, shape
from boxship.cli.statuses import FINDINGS
from boxship.errors import InvalidSettings
from boxship.formats.looking import place_at

if TYPE_CHECKING:
    from boxship.formats.ends import Where
    from boxship.image.validate import Validated

SUMMARY = "See whether images are what they say they are: sizes, digests, layers unpacked. What is wrong ends with 8."
EXAMPLE = "boxship validate reg.corp/app:1 oci:backup:app"


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add what the verb takes."""
    parser.add_argument("images", nargs="*", metavar="image", help="a reference or a place (oci:DIR, …)")
    parser.add_argument("--remote", action="append", default=[], metavar="IMAGE", help="the same, as crane has it")
    parser.add_argument("--tarball", action="append", default=[], metavar="FILE", help="an archive, or any other place")
    parser.add_argument("--fast", action="store_true", help="see only that layers are there, and how long they are")
    shape.add_shape(parser, items="images")
    moving.add_moving(parser)


def run(chosen: argparse.Namespace) -> int:
    """Say PASS or FAIL of each, as soon as it is known; in another shape, all at the end."""
    found: dict[str, Validated] = {}
    with moving.client(chosen) as client:
        for name, where in _wheres(chosen):
            found[name] = client.validate(where, platforms=moving.platforms(chosen), fast=chosen.fast, jobs=chosen.jobs)
            if chosen.output == "table":
                console.say(*map(console.one_line, _lines(name, found[name])))
    if chosen.output != "table":
        images = [{"image": name, **validated.document()} for name, validated in found.items()]
        shape.show(chosen, "boxship.validate/1", {"images": images}, (), items="images")
    return FINDINGS if any(validated.findings for validated in found.values()) else 0


def _wheres(chosen: argparse.Namespace) -> list[tuple[str, Where]]:
    """What is looked at, each with the words that name it; files first, as crane has it."""
    named: list[tuple[str, Where]] = [(text, place_at(text)) for text in chosen.tarball]
    named += ((text, text) for text in (*chosen.remote, *chosen.images))
    if not named:
        raise InvalidSettings("validate", why="nothing is named", remedy=f"for example {EXAMPLE}")
    return named


def _lines(name: str, validated: Validated) -> Iterator[str]:
    if not validated.findings:
        yield f"PASS: {name}"
    yield from (f"FAIL: {name}: {finding}" for finding in validated.findings)
