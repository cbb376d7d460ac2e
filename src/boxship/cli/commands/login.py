"""`boxship login`: a user name and a password that the registry has accepted are kept."""

from __future__ import annotations

__all__ = ["EXAMPLE", "SUMMARY", "arguments", "run"]

import argparse
import getpass
import sys

from boxship.cli import console, options
from boxship.cli.access import password
from boxship.errors import CredentialFailed, InvalidSettings, NothingKept, Refused
from boxship.reference import DOCKER_HUB, Registry
from boxship.registry.log_in import LoggedIn

SUMMARY = "Log in: show a user name and password to a registry, and keep what it accepts where docker would."
EXAMPLE = "boxship login -u alice --password-stdin reg.corp < password.txt"
_SCRIPTED = "boxship login -u NAME --password-stdin REGISTRY < password.txt"


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add what the verb takes."""
    parser.add_argument("registry", nargs="?", default=DOCKER_HUB, help="by default, Docker Hub")
    options.add_common(parser)
    parser.set_defaults(keeps=True)  # what `--config` or `--authfile` names is made where it is not there


def run(chosen: argparse.Namespace) -> int:
    """Ask for what was not told; show it to the registry; keep it."""
    registry = Registry.parse(chosen.registry)
    if chosen.from_secret is not None:
        raise InvalidSettings("--from-secret", why="what is logged in with is a user name and a password")
    # What was told is shown to the registry by `login`, and to nobody else.
    others = {"username": None, "password": None, "password_stdin": False}
    told = argparse.Namespace(**{**vars(chosen), **others})
    if not _names_anybody(chosen) and (again := _again(told, registry)):
        _say(again)
        return 0
    username, word = _told(chosen, registry)
    with options.client(told) as client:
        try:
            _say(client.login(registry, username, word))
        except Refused as error:
            if error.status == 401:
                error.remedy = "check the user name and password"
            raise
    return 0


def _names_anybody(chosen: argparse.Namespace) -> bool:
    return chosen.username is not None or chosen.password is not None or chosen.password_stdin


def _again(told: argparse.Namespace, registry: Registry) -> LoggedIn | None:
    """With what is kept already, as docker does; None where there is nothing, or where somebody can be asked."""
    try:
        with options.client(told) as client:
            return client.login(registry)
    except NothingKept:
        return None
    except (Refused, CredentialFailed) as error:
        if not (sys.stdin and sys.stdin.isatty()):
            raise
        console.complain(f"boxship: what is kept is not accepted: {error.why}")
        return None


def _told(chosen: argparse.Namespace, registry: Registry) -> tuple[str, str]:
    if chosen.password is not None or chosen.password_stdin:
        return chosen.username or "", password(chosen) or ""
    if not (sys.stdin and sys.stdin.isatty()):
        why = "there is no terminal to ask at"
        raise InvalidSettings("a user name and a password are missing", why=why, remedy=_SCRIPTED)
    return chosen.username or _asked(f"User name at {registry}: "), _asked_secretly("Password: ")


def _asked(question: str) -> str:
    with console.STATUS:
        sys.stderr.write(question)
        sys.stderr.flush()
        name = sys.stdin.readline().strip()
    if not name:
        raise InvalidSettings("a user name", why="it is empty")
    return name


def _asked_secretly(question: str) -> str:
    with console.STATUS:
        try:
            word = getpass.getpass(question)
        except EOFError:
            word = ""
    if not word:
        raise InvalidSettings("a password", why="it is empty")
    return word


def _say(done: LoggedIn) -> None:
    console.say(f"logged in to {done.registry} as {done.username}: kept by {done.keeper}")
    if not done.checked:
        console.complain(f"boxship: {done.registry} asked for no credential: whether it accepts this one is not known")
    if not done.encrypted:
        console.complain("boxship: what is kept is not encrypted there; a credential helper would do that")
    if done.shadowed:
        console.complain(f"boxship: what is sent first is another one, from {done.shadowed}")
