"""`boxship digest`: what references stand for, many at once."""

from __future__ import annotations

__all__ = ["EXAMPLE", "SUMMARY", "arguments", "run"]

import argparse

from boxship.cli import console, options
from boxship.client import Client
from boxship.errors import BoxshipError
from boxship.reference import Reference

SUMMARY = "Print the digests that references stand for."
EXAMPLE = "boxship digest reg.corp/app:1 reg.corp/app:2"


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add what the verb takes."""
    parser.add_argument("references", nargs="+", metavar="reference")
    parser.add_argument("--full-ref", action="store_true", help="print repository@digest")
    options.add_platform(parser)
    options.add_common(parser)


def run(chosen: argparse.Namespace) -> int:
    """Print a digest a line, in the order of the references; those that fail are said, and the rest goes on."""
    references = [Reference.parse(text) for text in chosen.references]
    status = 0
    with options.client(chosen) as client:
        found = client.attempt_each(lambda reference: _digest(client, reference, chosen.platform), references)
        for reference, digest in zip(references, found, strict=True):
            if isinstance(digest, BoxshipError):
                console.fail(digest, chosen, str(reference))
                status = status or digest.exit_status
            else:
                console.say(f"{reference.registry}/{reference.repository}@{digest}" if chosen.full_ref else digest)
    return status


def _digest(client: Client, reference: Reference, platform: str | None) -> str:
    if platform:
        return str(client.document(reference, platform=platform).digest)
    return str(client.digest(reference))
