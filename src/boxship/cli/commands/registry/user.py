"""`boxship registry user`: who may log in to a registry, and what they may do; a registry that runs knows at once."""

from __future__ import annotations

__all__ = ["EXAMPLE", "SUMMARY", "arguments", "run"]

import argparse
import asyncio
import getpass
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from boxship.cli import console
from boxship.cli.commands.registry.folder import add_database, add_folder
from boxship.cli.parsers import Parser
from boxship.credential import Secret
from boxship.errors import InvalidSettings
from boxship.server.access.rights import Grant, Right
from boxship.server.access.users import User, Users, opened

SUMMARY = "Add, list and remove users of a registry. As soon as there is one, nobody else may do anything."
EXAMPLE = "boxship registry user add alice --push 'team/*' --pull '*'"

_LONGEST_INPUT = 4096
_CLOSED = "nobody is left, and nobody may do anything: add a user, or serve with --htpasswd or --anonymous"
_OPEN = "there are no users: this machine's programs may do everything"
_PATTERN = "in repositories like GLOB: team/* is one component below team, team/** all, * every repository"


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add what the action takes."""
    actions = parser.add_subparsers(dest="what", required=True, metavar="WHAT", parser_class=Parser)
    add = _added(actions, "add", "add a user, or replace password and rights", EXAMPLE)
    add.add_argument("name", metavar="NAME")
    add.add_argument("--pull", action="append", default=[], metavar="GLOB", help=f"may pull {_PATTERN}")
    add.add_argument("--push", action="append", default=[], metavar="GLOB", help="may push and pull there")
    add.add_argument(
        "--create", action="append", default=[], metavar="GLOB", help="may push what is new there: no tag is moved"
    )
    add.add_argument("--delete", action="append", default=[], metavar="GLOB", help="may delete and pull there")
    add.add_argument("--password-stdin", action="store_true", help="read the password from standard input")
    show = _added(actions, "list", "list users and their rights", "boxship registry user list --disk ./registry")
    remove = _added(actions, "remove", "remove a user", "boxship registry user remove alice")
    remove.add_argument("name", metavar="NAME")
    for each in (add, show, remove):
        add_folder(each)
        add_database(each)


def _added(actions: argparse._SubParsersAction[Parser], name: str, words: str, example: str) -> argparse.ArgumentParser:
    return actions.add_parser(name, help=words, summary=f"{words.capitalize()}.", example=example)


def run(chosen: argparse.Namespace) -> int:
    """Do what was asked for."""
    _WHAT[chosen.what](chosen)
    return 0


def _add(chosen: argparse.Namespace) -> None:
    grants = [
        *(Grant.of(glob, Right.PULL) for glob in chosen.pull),
        *(Grant.of(glob, Right.PUSH) for glob in chosen.push),
        *(Grant.of(glob, Right.CREATE) for glob in chosen.create),
        *(Grant.of(glob, Right.DELETE) for glob in chosen.delete),
    ]
    if not grants:
        why = "a user who may do nothing"
        raise InvalidSettings(f"user add {chosen.name}", why=why, remedy="--push 'team/*' or --pull '*'")
    # The password and its hash before the folder: nobody waits for it meanwhile.
    user = User.of(chosen.name, _password(from_input=chosen.password_stdin), grants)
    with opened(Path(chosen.disk), make=True, url=chosen.database) as users:
        known = asyncio.run(_put(users, user))
    console.say(f"{'changed' if known else 'added'} {_line(user)}")


async def _put(users: Users, user: User) -> bool:
    """Whether the user was there before."""
    known = await users.find(user.name) is not None
    await users.put(user)
    return known


def _list(chosen: argparse.Namespace) -> None:
    with opened(Path(chosen.disk), url=chosen.database) as users:
        found, known = asyncio.run(users.all()), asyncio.run(users.known())
    if found:
        console.say(*map(_line, found))
    else:
        console.complain(
            _CLOSED if known.were_there else "there are no users: this machine's programs may do everything"
        )


def _remove(chosen: argparse.Namespace) -> None:
    with opened(Path(chosen.disk), url=chosen.database) as users:
        removed = asyncio.run(users.remove(chosen.name))
        left = asyncio.run(users.known()).like
    if not removed:
        remedy = "`boxship registry user list` shows all"
        raise InvalidSettings(f"the user {chosen.name!r}", why="there is none of that name", remedy=remedy)
    console.say(f"removed {chosen.name}")
    if not left:
        console.complain(_CLOSED)


def _line(user: User) -> str:
    rights = (f"{','.join(sorted(grant.rights))}:{grant.pattern}" for grant in user.grants)
    return "\t".join((user.name, *rights))


def _password(*, from_input: bool) -> Secret:
    if from_input:
        return _decoded(sys.stdin.buffer.read(_LONGEST_INPUT))
    if not sys.stdin.isatty():
        raise InvalidSettings("the password", why="there is no terminal to ask on", remedy="--password-stdin")
    password = Secret(getpass.getpass("Password: "))
    if password != Secret(getpass.getpass("Again: ")):
        raise InvalidSettings("the password", why="these are two different ones", remedy="try again")
    return password


def _decoded(content: bytes) -> Secret:
    try:
        return Secret(content.decode().removesuffix("\n").removesuffix("\r"))
    except UnicodeDecodeError as error:
        raise InvalidSettings("the password", why="it is not UTF-8", remedy="give text") from error


_WHAT: Mapping[str, Callable[[argparse.Namespace], None]] = {"add": _add, "list": _list, "remove": _remove}
