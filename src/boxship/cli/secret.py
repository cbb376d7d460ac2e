"""`--from-secret`: the pull secret that a command is given, and clients that send what is in it."""

from __future__ import annotations

__all__ = ["add_from_secret", "connecting", "read_secret"]

import argparse
from collections.abc import Callable
from contextlib import AbstractContextManager

from boxship.cli import console, options
from boxship.client import Client
from boxship.credential import Credential
from boxship.errors import InvalidSettings

_LARGEST = 16 << 20  # bytes; a Secret has at most 1 MiB


def add_from_secret(parser: argparse.ArgumentParser) -> None:
    """Add the option."""
    parser.add_argument(
        "--from-secret",
        metavar="FILE",
        help="as a cluster would: with the credentials of this pull secret (YAML or JSON; - is standard input), only",
    )


def read_secret(file: str) -> str:
    """The text of the file; what is no text in it will be found to be no secret."""
    if file == "-":
        return console.given().buffer.read(_LARGEST).decode("utf-8", "replace")
    try:
        with open(file, "rb") as opened:  # noqa: PTH123 -- it may be endless: not more than that is read
            return opened.read(_LARGEST).decode("utf-8", "replace")
    except OSError as error:
        raise InvalidSettings(f"--from-secret {file}", why=error.strerror or str(error)) from error


def connecting(chosen: argparse.Namespace) -> Callable[[Credential], AbstractContextManager[Client]]:
    """What makes the client that the options describe, for one credential of the secret."""
    if chosen.username is not None:
        raise InvalidSettings("--username and --from-secret", why="the secret's credentials are sent, and no others")

    def connect(credential: Credential) -> AbstractContextManager[Client]:
        return options.client(argparse.Namespace(**{**vars(chosen), "credential": credential}))

    return connect
