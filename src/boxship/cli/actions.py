"""A verb that is a group of actions, with a module for each in the verb's package."""

from __future__ import annotations

__all__ = ["add_actions", "run_action"]

import argparse
from collections.abc import Mapping, Sequence
from importlib import import_module
from typing import Protocol, cast


class _Action(Protocol):
    """What the module of an action has."""

    SUMMARY: str
    EXAMPLE: str

    def arguments(self, parser: argparse.ArgumentParser) -> None:
        """Add what the action takes."""

    def run(self, chosen: argparse.Namespace) -> int:
        """Do it, and return the exit status."""


def add_actions(parser: argparse.ArgumentParser, package: str, actions: Mapping[str, str]) -> None:
    """Add the actions of `package`, each with what it does; the module has the same name."""

    class Parser(_Parser):
        PACKAGE = package

    adding = parser.add_subparsers(dest="action", required=True, metavar="ACTION", parser_class=Parser)
    for name, summary in actions.items():
        adding.add_parser(name, help=summary)


def run_action(package: str, chosen: argparse.Namespace) -> int:
    """Do what was asked for."""
    return _action(package, chosen.action).run(chosen)


def _action(package: str, name: str) -> _Action:
    return cast("_Action", import_module(f"{package}.{name}"))


class _Parser(argparse.ArgumentParser):
    """An action's arguments, which are added when it is asked for: only its module is imported."""

    PACKAGE = ""

    def __init__(self, prog: str) -> None:
        super().__init__(prog=prog, allow_abbrev=False)
        self._example = ""

    def parse_known_args(  # type: ignore[override]  # the overloads are typeshed's; argparse calls it like this
        self, args: Sequence[str] | None = None, namespace: argparse.Namespace | None = None
    ) -> tuple[argparse.Namespace, list[str]]:
        """The arguments that are known, and the rest."""
        action = _action(self.PACKAGE, self.prog.rpartition(" ")[2])
        self.description, self._example = action.SUMMARY, action.EXAMPLE
        action.arguments(self)
        return super().parse_known_args(args, namespace)

    def format_help(self) -> str:
        """The help: an example, then the usage and the options."""
        return f"example: {self._example}\n\n{super().format_help()}"
