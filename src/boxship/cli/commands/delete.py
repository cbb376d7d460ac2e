"""`boxship delete`: a manifest with all its names."""

from __future__ import annotations

__all__ = ["EXAMPLE", "SUMMARY", "arguments", "run"]

import argparse

from boxship.cli import console, options
from boxship.cli.asking import confirmed
from boxship.client import Client
from boxship.errors import RegistryError
from boxship.reference import Reference

SUMMARY = "Delete an image from its registry, with every tag that stands for it; on a terminal you are asked first."
EXAMPLE = "boxship delete reg.corp/app:1"


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add what the verb takes."""
    parser.add_argument("references", nargs="+", metavar="image")
    parser.add_argument("-y", "--yes", action="store_true", help="do not ask")
    options.add_common(parser)


def run(chosen: argparse.Namespace) -> int:
    """Delete, and print `repository@digest` of what is gone."""
    with options.client(chosen) as client:
        for reference in map(Reference.parse, chosen.references):
            words, digest = _told(client, reference)
            if not confirmed(words, sure=chosen.yes):
                console.complain("nothing is deleted")
                return 1
            client.delete(digest)
            console.say(str(digest))
    return 0


def _told(client: Client, reference: Reference) -> tuple[str, Reference]:
    """What will be gone, and its name by digest: what was told is what is deleted, whatever happens to the tag."""
    try:
        named = client.names_alike(reference)
    except RegistryError as error:
        if error.status not in (401, 403, 404, 405):
            raise
        digest = client.digest(reference)
        return (
            f"delete {reference}, which is {digest}; its other tags are not known, as {error}",
            reference.with_digest(digest),
        )
    others = ", ".join(tag for tag in named.tags if tag != reference.tag)
    also = f", and with it the tags {others}" if others else ""
    return f"delete {reference}, which is {named.digest}{also}", reference.with_digest(named.digest)
