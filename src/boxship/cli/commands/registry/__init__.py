"""`boxship registry`: running a registry, and looking after its folder; a file for each action."""

from __future__ import annotations

__all__ = ["ACTIONS", "EXAMPLE", "SUMMARY", "arguments", "run"]

import argparse
from collections.abc import Sequence
from importlib import import_module
from typing import Protocol, cast

SUMMARY = "Run a registry: one folder, no set-up."
EXAMPLE = "boxship registry serve --address 127.0.0.1:5000 --disk ./registry"

# Every action with what it does; the module has the same name.
ACTIONS = {
    "serve": "serve a folder, which is made if need be",
    "check": "compare the files with what the database says of them",
    "user": "add, list and remove users, and say what they may do",
    "scrub": "hash blobs, and set aside what is damaged",
    "gc": "take away what nobody needs, while it serves",
    "backup": "copy all of a registry, while it serves",
    "restore": "make a registry of a backup, every byte verified",
    "export": "write images as an OCI layout",
}


class Action(Protocol):
    """What the module of an action has."""

    SUMMARY: str
    EXAMPLE: str

    def arguments(self, parser: argparse.ArgumentParser) -> None:
        """Add what the action takes."""

    def run(self, chosen: argparse.Namespace) -> int:
        """Do it, and return the exit status."""


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the actions."""
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION", parser_class=_Parser)
    for name, summary in ACTIONS.items():
        actions.add_parser(name, help=summary)


def run(chosen: argparse.Namespace) -> int:
    """Do what was asked for."""
    return _action(chosen.action).run(chosen)


def _action(name: str) -> Action:
    return cast("Action", import_module(f"{__name__}.{name}"))


class _Parser(argparse.ArgumentParser):
    """An action's arguments, which are added when it is asked for: only its module is imported."""

    def __init__(self, prog: str) -> None:
        super().__init__(prog=prog, allow_abbrev=False)
        self._example = ""

    def parse_known_args(  # type: ignore[override]  # the overloads are typeshed's; argparse calls it like this
        self, args: Sequence[str] | None = None, namespace: argparse.Namespace | None = None
    ) -> tuple[argparse.Namespace, list[str]]:
        """The arguments that are known, and the rest."""
        action = _action(self.prog.rpartition(" ")[2])
        self.description, self._example = action.SUMMARY, action.EXAMPLE
        action.arguments(self)
        return super().parse_known_args(args, namespace)

    def format_help(self) -> str:
        """The help: an example, then the usage and the options."""
        return f"example: {self._example}\n\n{super().format_help()}"
