"""`boxship push`: an image from a file or a folder to a registry."""

from __future__ import annotations

__all__ = ["EXAMPLE", "SUMMARY", "arguments", "run"]

import argparse
from pathlib import Path

from boxship.cli import console, moving, named
from boxship.reference import Reference

SUMMARY = "Push an image from a file or a folder, of any format, and print the digest that it has there."
EXAMPLE = "boxship push busybox.tar reg.corp/busybox:1 reg.corp/busybox:latest"


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add what the verb takes."""
    parser.add_argument("path", help="the file or folder, whose format is found by looking; - is standard input")
    parser.add_argument("references", nargs="+", metavar="image")
    parser.add_argument("--index", action="store_true", help="push all that a layout lists, as one index")
    parser.add_argument(
        "--image-refs", type=named.place, metavar="FILE", help="write what was pushed there, as repository@digest"
    )
    moving.add_nondistributable(parser)
    moving.add_moving(parser)


def run(chosen: argparse.Namespace) -> int:
    """Push, and print `repository@digest` for each repository."""
    references = [Reference.parse(text) for text in chosen.references]
    with moving.client(chosen) as client:
        pushed = client.push(
            chosen.path,
            references,
            platforms=moving.platforms(chosen),
            index=chosen.index,
            nondistributable=chosen.nondistributable,
            jobs=chosen.jobs,
        )
    repositories = dict.fromkeys(f"{reference.registry}/{reference.repository}" for reference in references)
    lines = [f"{repository}@{one.digest}" for repository, one in zip(repositories, pushed, strict=True)]
    if chosen.image_refs:
        with console.writing(f"--image-refs {chosen.image_refs}"):
            Path(chosen.image_refs).write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    console.say(*lines)
    return 0
