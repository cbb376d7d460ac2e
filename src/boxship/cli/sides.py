"""The options of verbs with two sides: `--from-username` is `--username` for the source alone, and so on."""

from __future__ import annotations

__all__ = ["add_sides", "side"]

import argparse
from collections.abc import Iterator
from copy import copy

# What belongs together is told together: a side that has a user name of its own has no other side's password.
_GROUPS = (
    ("username", "password", "password_stdin", "config", "authfile"),
    ("plain_http", "insecure"),
    ("skip_tls_verify",),
    ("ca_file",),
    ("cert", "key"),
    ("headers",),
)
_SIDES = {"from": "the source", "to": "the target"}


def add_sides(parser: argparse.ArgumentParser) -> None:
    """Add, for each side, what the parser has for both."""
    dests = frozenset(dest for group in _GROUPS for dest in group)
    both = [action for action in parser._actions if action.dest in dests]
    for name, words in _SIDES.items():
        group = parser.add_argument_group(f"for {words} alone")
        for action in both:
            twin = copy(action)
            long = next(option for option in action.option_strings if option.startswith("--"))
            twin.option_strings, twin.dest = [f"--{name}-{long[2:]}"], f"{name}_{action.dest}"
            twin.default, twin.help = None, f"as {long}"
            group._add_action(twin)


def side(chosen: argparse.Namespace, name: str) -> argparse.Namespace:
    """The options as they are for one side: `from` or `to`; `chosen` itself where it has none of its own."""
    told = dict(_told(chosen, name))
    return argparse.Namespace(**{**vars(chosen), **told}) if told else chosen


def _told(chosen: argparse.Namespace, name: str) -> Iterator[tuple[str, object]]:
    for group in _GROUPS:
        values = {dest: getattr(chosen, f"{name}_{dest}") for dest in group}
        if any(values.values()):
            yield from values.items()
