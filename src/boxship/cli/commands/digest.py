"""`boxship digest`: what references stand for, many at once."""

from __future__ import annotations

__all__ = ["EXAMPLE", "SUMMARY", "arguments", "run"]

import argparse

from boxship.cli import console, options
from boxship.client import Client
from boxship.errors import BoxshipError, InvalidInput
from boxship.formats.place import Place
from boxship.reference import Reference
from boxship.value import replace

SUMMARY = "Print the digests that references stand for."
EXAMPLE = "boxship digest reg.corp/app:1 reg.corp/app:2"

_End = Reference | Place


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add what the verb takes."""
    parser.add_argument("references", nargs="*", metavar="reference")
    parser.add_argument("--full-ref", action="store_true", help="print repository@digest")
    words = "of an image in this file or folder; the references are what it is called there"
    parser.add_argument("--tarball", metavar="FILE", help=words)
    options.add_platform(parser)
    options.add_common(parser)


def run(chosen: argparse.Namespace) -> int:
    """Print a digest a line, in the order of the references; those that fail are said, and the rest goes on."""
    ends = _ends(chosen)
    status = 0
    with options.client(chosen) as client:
        found = client.attempt_each(lambda end: _digest(client, end, chosen.platform), ends)
        for end, digest in zip(ends, found, strict=True):
            if isinstance(digest, BoxshipError):
                console.fail(digest, chosen, str(end))
                status = status or digest.exit_status
            else:
                console.say(_full(end, digest) if chosen.full_ref else digest)
    return status


def _ends(chosen: argparse.Namespace) -> list[_End]:
    if chosen.tarball and chosen.full_ref:
        raise InvalidInput("--full-ref and --tarball", why="what is in a file has no repository")
    if chosen.tarball:
        from boxship.formats.looking import place_at  # noqa: PLC0415 -- few digests are a file's

        place = place_at(chosen.tarball)
        return [replace(place, name=name) for name in chosen.references] or [place]
    if not chosen.references:
        raise InvalidInput("digest", why="nothing is named", remedy=f"for example {EXAMPLE}")
    return [Place.parse(text) or Reference.parse(text) for text in chosen.references]


def _digest(client: Client, end: _End, platform: str | None) -> str:
    if isinstance(end, Place):
        from boxship.digest import Digest  # noqa: PLC0415 -- as above

        return str(Digest.of(client.raw(end, platforms=[platform] if platform else None)))
    if platform:
        return str(client.document(end, platform=platform).digest)
    return str(client.digest(end))


def _full(end: _End, digest: str) -> str:
    return f"{end.registry}/{end.repository}@{digest}" if isinstance(end, Reference) else f"{end}@{digest}"
