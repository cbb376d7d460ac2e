"""Each command that README and the docs write anywhere has a verb and options that there are.

What stands in blocks is run besides (`test_docs`); here is what stands in a sentence, too, and what cannot be run.
"""

from __future__ import annotations

import argparse
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from boxship.cli.parsers import actions_of, parser_of
from boxship.cli.verbs import ALIASES, VERBS
from tests.docs_blocks import PAGES, ROOT, SHELLS, blocks_of

# The words up to what ends a command: in a sentence, and in a block.
_SPAN = re.compile(r"`boxship ([a-z][^`|;&\n]*)")
_LINE = re.compile(r"(?:^(?:\$ )?|[|&;] )boxship ([a-z][^`|;&\n]*)", re.MULTILINE)
_OPTION = re.compile(r"(?<![\w-])--[a-z][\w-]*")


@cache
def options_of(*words: str) -> frozenset[str]:
    """The options that a verb has; of a group of actions, those of all of them."""
    if not words[1:] and (actions := actions_of(words[0])):
        return frozenset[str]().union(*(options_of(*words, action) for action in actions))
    return frozenset(_options(parser_of(*words)))


def _options(parser: argparse.ArgumentParser) -> Iterator[str]:
    for action in parser._actions:
        yield from action.option_strings
        if isinstance(action, argparse._SubParsersAction):
            for inner in action.choices.values():
                yield from _options(inner)


def commands(page: Path) -> Iterator[str]:
    """What stands after `boxship` in the commands of a page."""
    yield from _SPAN.findall(page.read_text("utf-8"))
    for block in blocks_of(page):
        if block.language in SHELLS:
            yield from _LINE.findall(block.text)


def complaints(command: str) -> Iterator[str]:
    """What is wrong with a command."""
    verb, *rest = command.split()
    verb = ALIASES.get(verb, verb)
    if verb not in VERBS:
        yield f"there is no verb {verb}: boxship {command}"
        return
    action = rest[:1] if rest and rest[0] in actions_of(verb) else []
    known = options_of(verb, *action)
    yield from (f"{verb} has no {word}: boxship {command}" for word in _OPTION.findall(command) if word not in known)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_command_has_a_verb_and_options_that_there_are(page: Path) -> None:
    assert [wrong for command in commands(page) for wrong in complaints(command)] == []


def test_a_wrong_one_is_found(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(
        "boxship says `boxship lst reg`, `boxship ls --al reg | sort --unique`.\n"
        "```console\n$ boxship ls reg/app && boxship push --now\n```\n"
        "<!-- not run: it is wrong -->\n```sh\nboxship registry gc --soon\n```\n"
    )
    assert [wrong.partition(":")[0] for command in commands(page) for wrong in complaints(command)] == [
        "there is no verb lst",
        "ls has no --al",
        "push has no --now",
        "registry has no --soon",
    ]
