"""What verbs that change images have in common: where the result goes, and how that is told."""

from __future__ import annotations

__all__ = ["add_result", "result_of", "tell"]

import argparse
from pathlib import Path

from boxship.cli import console, moving
from boxship.copy import Copied
from boxship.digest import Digest
from boxship.errors import InvalidInput
from boxship.formats.ends import end_of, names_of
from boxship.formats.place import Kind, Place
from boxship.reference import Reference

_ANY = Digest.of(b"")
"""What is named by a digest gets no tag, whichever digest that is: the result's own is not known yet."""


def add_result(parser: argparse.ArgumentParser, *, user: bool = True) -> None:
    """Add where the result goes, and what all verbs have that move images; `-u` where that is who asks."""
    parser.add_argument("-t", "--tag", metavar="IMAGE", help="what the result is called (default: the image itself)")
    parser.add_argument("-o", "--output", metavar="FILE", help="write it to a docker archive instead")
    moving.add_moving(parser, user=user)


def result_of(
    source: str, tag: str | None, output: str | None = None, repository: str | None = None
) -> Reference | Place:
    """Where the result goes: over the image itself, unless another name, a repository or a file is told."""
    if tag and repository:
        raise InvalidInput("--repo and --tag", why="a repository alone has the result by its digest, and no tag")
    target = end_of(repository or tag or source)
    if output is not None:
        names = names_of(target) if isinstance(target, Reference) else (target.name,)
        return Place(Kind.DOCKER_ARCHIVE, Path(output), next(iter(names), ""))
    if repository and isinstance(target, Reference):
        return Reference(target.registry, target.repository, None, _ANY)
    return target


def tell(target: Reference | Place, copied: Copied) -> None:
    """Print what can be given to the next verb: the result by its digest."""
    if isinstance(target, Reference):
        console.say(f"{target.registry}/{target.repository}@{copied.digest}")
