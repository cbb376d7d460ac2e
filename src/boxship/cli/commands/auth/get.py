"""`boxship auth get`: a credential helper for other programs (docker-credential-helpers, the action `get`)."""

from __future__ import annotations

__all__ = ["EXAMPLE", "SUMMARY", "arguments", "run"]

import argparse
import json
import os

from boxship.auth.finder import Finder
from boxship.auth.helper import NOT_FOUND, TOKEN_USER
from boxship.cli import console, options
from boxship.connect.deadline import Work
from boxship.connect.means import Means
from boxship.credential import Credential, CredentialKind
from boxship.errors import InvalidReference
from boxship.reference import Registry

SUMMARY = "Print the credential for a registry as a docker-credential helper does; the registry may stand on stdin."
EXAMPLE = "echo reg.corp | boxship auth get"
_ASKING = "BOXSHIP_AUTH_GET"  # for whom it is asked: files may name a helper that asks boxship
_SENDABLE = (CredentialKind.PASSWORD, CredentialKind.IDENTITY_TOKEN)
_LONGEST = 4096


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add what the action takes."""
    parser.add_argument("registry", nargs="?", help="by default, what stands on standard input")
    options.add_common(parser)


def run(chosen: argparse.Namespace) -> int:
    """Print it; that there is none is said in the protocol's words, on stdout as well."""
    asked = (chosen.registry or console.given().read(_LONGEST)).strip()
    if os.environ.get(_ASKING) == asked:
        return _nothing()
    os.environ[_ASKING] = asked
    with options.client(chosen) as client:
        found = _found(client.means(_registry(asked)))
    if not found or found.kind not in _SENDABLE:
        return _nothing()
    user = TOKEN_USER if found.kind is CredentialKind.IDENTITY_TOKEN else found.username
    console.say(json.dumps({"ServerURL": asked, "Username": user, "Secret": found.secret.reveal()}))
    return 0


def _registry(asked: str) -> Registry:
    """What is asked for may be a URL with a path, as old files write it."""
    try:
        return Registry.parse(asked)
    except InvalidReference:
        scheme, mark, rest = asked.rpartition("://")
        return Registry.parse(f"{scheme}{mark}{rest.partition('/')[0]}")


def _found(means: Means) -> Credential | None:
    finder, work = Finder(means.told.access, means.told.bounds), Work()
    answers = (finder.ask(found, work) for found in finder.candidates(means.site, "", work))
    return next((found for found in answers if found), None)


def _nothing() -> int:
    console.say(NOT_FOUND)
    return 1
