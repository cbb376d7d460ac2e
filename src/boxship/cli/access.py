"""The options that say which credentials are sent, and what they mean for a client."""

from __future__ import annotations

__all__ = ["add_access", "keyring", "password", "read_once"]

import argparse
import os
from typing import TYPE_CHECKING

from boxship.cli.console import complain, given
from boxship.errors import InvalidSettings
from boxship.settings.flags import read_credential

if TYPE_CHECKING:
    from boxship.settings.kubelet import Keyring

_LONGEST = 1 << 20
_LOG_IN = "for example --username alice --password-stdin < password.txt"


def add_access(parser: argparse.ArgumentParser, *, short: bool = True) -> None:
    """Add the options; `-u` where the verb has no other use for it."""
    access = parser.add_argument_group("credentials (by default, those of docker and podman)")
    access.add_argument(*(("-u",) if short else ()), "--username", metavar="NAME")
    told = access.add_mutually_exclusive_group()
    told.add_argument("--password-stdin", action="store_true", help="read the password from standard input")
    told.add_argument(
        "-p", "--password", metavar="TEXT", help="visible to others on this machine: prefer --password-stdin"
    )
    access.add_argument("--config", metavar="DIR", help="the folder of docker's config.json, and no other file")
    access.add_argument("--authfile", metavar="FILE", help="podman's auth.json, and no other file")
    access.add_argument(
        "--from-secret",
        metavar="FILE",
        help="as a cluster would: with the credentials of this pull secret (YAML or JSON; - is standard input), only",
    )
    access.add_argument(
        "--from-service-account",
        metavar="[=[NAMESPACE/]NAME]",
        help="inside a cluster: with the pull secrets of a service account (alone: the pod's own), only",
    )
    access.add_argument("--preemptive", action="store_true", help="send a password before it is asked for")
    parser.set_defaults(credential=None, keeps=False)


def read_once(chosen: argparse.Namespace) -> argparse.Namespace:
    """The same options, for clients that are made one after the other: standard input has a password only once."""
    credential = read_credential(chosen.username, password(chosen), chosen.credential)
    told = {"credential": credential, "username": None, "password": None, "password_stdin": False}
    return argparse.Namespace(**{**vars(chosen), **told})


def password(chosen: argparse.Namespace) -> str | None:
    """The password that goes with the user name, from where it was told."""
    told = chosen.password_stdin or chosen.password is not None
    if told != (chosen.username is not None):
        given_one = "--username" if chosen.username is not None else "a password"
        raise InvalidSettings(given_one, why="a user name and a password go together", remedy=_LOG_IN)
    if chosen.password_stdin:
        word = _read_password()
        if not word:
            raise InvalidSettings("--password-stdin", why="standard input has no password", remedy=_LOG_IN)
        return word
    if chosen.password is not None:
        complain("boxship: warning: --password can be seen by others on this machine; prefer --password-stdin")
    told_word: str | None = chosen.password
    return told_word


def _read_password() -> str:
    """All of standard input but the line's end: a key in JSON is one, too. At a terminal, a line."""
    stream = given()
    # The bytes as they are: a password need not be UTF-8.
    written = os.fsdecode(stream.buffer.readline() if stream.isatty() else stream.buffer.read(_LONGEST))
    return next((written.removesuffix(end) for end in ("\r\n", "\n", "\r") if written.endswith(end)), written)


def keyring(chosen: argparse.Namespace) -> Keyring | None:
    """What pull secrets have, where some are named."""
    if chosen.from_secret is None and chosen.from_service_account is None:
        return None
    from boxship.cli.secret import keyring_of_account, read_keyring  # noqa: PLC0415 -- few have one

    if chosen.from_secret is None:
        return keyring_of_account(chosen.from_service_account)
    if chosen.from_service_account is not None:
        raise InvalidSettings("--from-secret and --from-service-account", why="one of them says what is sent")
    told: str | Keyring = chosen.from_secret  # standard input's has been read (`sync`)
    return read_keyring(told) if isinstance(told, str) else told
