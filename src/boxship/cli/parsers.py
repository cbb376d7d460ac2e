"""The parsers of verbs, and of the actions that some of them are a group of, each with a module of its own.

Only the module of what is asked for is imported: the others' start-up time is not paid.
"""

from __future__ import annotations

__all__ = ["Command", "Parser", "actions_of", "command_of", "parser_of"]

import argparse
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from importlib import import_module
from typing import NamedTuple, NoReturn, Protocol, cast

# argparse would look for a translation of each of its words, in vain, and import `locale` for that: a twentieth of what
# `ls` takes. Nothing else is translated, either.
vars(argparse).update(_=str, ngettext=lambda one, several, count: one if count == 1 else several)


class _Module(Protocol):
    """What the module of a verb or an action has; one that is a group has `ACTIONS` instead of the functions."""

    SUMMARY: str
    EXAMPLE: str

    def arguments(self, parser: argparse.ArgumentParser) -> None:
        """Add what it takes."""

    def run(self, chosen: argparse.Namespace) -> int:
        """Do it, and return the exit status."""


class Parser(argparse.ArgumentParser):
    """What a verb or an action takes; its help begins with an example."""

    def __init__(self, prog: str, summary: str = "", example: str = "", **inherited: bool) -> None:
        """`inherited`: what argparse hands on from a group's parser, from Python 3.14 on."""
        # A formatter is made for each argument, to check it; without a width it imports shutil to ask the terminal.
        narrow = partial(argparse.HelpFormatter, width=80)
        super().__init__(
            prog=prog,
            description=summary,
            allow_abbrev=False,
            formatter_class=narrow,
            **inherited,  # type: ignore[arg-type]  # `color`, and nothing else
        )
        self.color = False  # of Python 3.14 and later: usages are taken apart, and stand in manual pages
        self.example = example
        self._mixing = False

    def parse_known_args(  # type: ignore[override]  # the overloads are typeshed's; argparse calls it like this
        self, args: Sequence[str] | None = None, namespace: argparse.Namespace | None = None
    ) -> tuple[argparse.Namespace, list[str]]:
        """The arguments that are known, and the rest; options may stand anywhere between them."""
        if self._mixing or self._subparsers:
            return super().parse_known_args(args, namespace)
        self._mixing = True
        # argparse would make one of its own at each start, and prints that of `format_usage` all the same.
        self.usage = ""
        try:
            return self.parse_known_intermixed_args(args, namespace)
        finally:
            self._mixing = False

    def format_usage(self) -> str:
        """The usage in a line: so many options stand in the help, each with its words, and hide an error."""
        self.formatter_class = argparse.HelpFormatter
        formatter = self._get_formatter()
        arguments = self._get_positional_actions()
        for action in arguments:
            if action.nargs == argparse.SUPPRESS:  # argparse hides them while it looks for options between them
                action.nargs = getattr(action, "save_nargs", None)
        formatter.add_usage(None, arguments, ())
        return formatter.format_help().replace(self.prog, f"{self.prog} [options]", 1)

    def format_help(self) -> str:
        """The help: an example, then the usage and the options."""
        self.usage = self.format_usage().removeprefix("usage: ").strip()
        return f"example: {self.example}\n\n{super().format_help()}"

    def error(self, message: str) -> NoReturn:
        """Say what is wrong with the words, and where the right ones stand; then end."""
        super().error(f"{message} ({self.prog} --help lists the options)")


class Command(NamedTuple):  # a dataclass would take three times as long to be made
    """What a verb takes, and what it does with it: that returns the exit status."""

    parser: Parser
    run: Callable[[argparse.Namespace], int]


def command_of(verb: str) -> Command:
    """The verb, whatever its action is."""
    actions = actions_of(verb)
    if not actions:
        return Command(parser_of(verb), _module(verb).run)
    module = _module(verb)
    parser = _Group(f"boxship {verb}", module.SUMMARY, module.EXAMPLE)
    parser.names, parser.meant = frozenset(actions), getattr(module, "MEANT", "")
    adding = parser.add_subparsers(dest="action", required=True, metavar="ACTION", parser_class=_Late)
    for name, summary in actions.items():
        adding.add_parser(name, help=summary)
    return Command(parser, lambda chosen: _module(verb, chosen.action).run(chosen))


def actions_of(verb: str) -> Mapping[str, str]:
    """The actions of a verb that is a group of them, each with what it does; none of another verb."""
    return cast("Mapping[str, str]", getattr(_module(verb), "ACTIONS", {}))


def parser_of(*words: str) -> Parser:
    """What a verb takes that is no group, or an action."""
    module = _module(*words)
    parser = Parser(" ".join(("boxship", *words)), module.SUMMARY, module.EXAMPLE)
    module.arguments(parser)
    return parser


def _module(*words: str) -> _Module:
    return cast("_Module", import_module(".".join(("boxship.cli.commands", *words))))


class _Group(Parser):
    """A group's parser: `meant` is the action of words that begin with none, where there is such a one."""

    names: frozenset[str] = frozenset()
    meant: str = ""

    def parse_known_args(  # type: ignore[override]  # the overloads are typeshed's; argparse calls it like this
        self, args: Sequence[str] | None = None, namespace: argparse.Namespace | None = None
    ) -> tuple[argparse.Namespace, list[str]]:
        """The arguments that are known, and the rest."""
        words = list(args or ())
        if self.meant and words and words[0] not in self.names and words[0] not in ("-h", "--help"):
            words.insert(0, self.meant)
        return super().parse_known_args(words, namespace)


class _Late(Parser):
    """An action's parser, which is filled when it is asked for: only its module is imported."""

    def parse_known_args(  # type: ignore[override]  # the overloads are typeshed's; argparse calls it like this
        self, args: Sequence[str] | None = None, namespace: argparse.Namespace | None = None
    ) -> tuple[argparse.Namespace, list[str]]:
        """The arguments that are known, and the rest."""
        if not self._mixing:
            module = _module(*self.prog.split()[1:])
            self.description, self.example = module.SUMMARY, module.EXAMPLE
            module.arguments(self)
        return super().parse_known_args(args, namespace)
