"""`boxship auth token`: what a repository's requests carry, for curl."""

from __future__ import annotations

__all__ = ["EXAMPLE", "SUMMARY", "arguments", "run"]

import argparse
import json

from boxship.cli import console, options
from boxship.errors import CredentialFailed

SUMMARY = (
    "Print a token for a repository, as JSON or (-H) as a header, with which another program can ask the registry."
)
EXAMPLE = 'curl -H "$(boxship auth token -H alpine)" https://registry-1.docker.io/v2/library/alpine/tags/list'


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add what the action takes."""
    parser.add_argument("repository", help="for example reg.corp/team/app")
    parser.add_argument("--push", action="store_true", help="for writing, too")
    words = "for reading this repository, too, to mount its blobs"
    parser.add_argument("-m", "--mount", action="append", default=[], metavar="REPOSITORY", help=words)
    parser.add_argument("-H", "--header", dest="as_header", action="store_true", help="print the whole header")
    options.add_common(parser, header=False)


def run(chosen: argparse.Namespace) -> int:
    """Print what the registry wants."""
    with options.client(chosen) as client:
        found = client.authorization(chosen.repository, push=chosen.push, mount=chosen.mount)
    if found is None:
        console.complain(f"boxship: {chosen.repository} can be asked without any")
        return 0
    scheme, _, token = found.reveal().partition(" ")
    if chosen.as_header:
        console.say(f"Authorization: {found.reveal()}")
    elif scheme == "Bearer":
        console.say(json.dumps({"token": token}))
    else:
        why = "it asks for the user name and password themselves"
        raise CredentialFailed(f"{chosen.repository} has no tokens", why=why, remedy="-H prints a header for curl")
    return 0
