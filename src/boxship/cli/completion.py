"""What a word on the command line may become: verbs, options and their values, hosts, repositories and tags.

Pure but for `Names`, which asks a registry what it has.
"""

from __future__ import annotations

__all__ = ["Names", "completions", "shown", "words_of"]

import argparse
import shlex
from collections.abc import Iterable, Iterator, Sequence
from typing import Protocol

from boxship.cli.options import spelled_out
from boxship.cli.parsers import Parser, actions_of, parser_of
from boxship.cli.verbs import ALIASES, VERBS

_PLACES = ("oci:", "oci-archive:", "docker-archive:", "dir:", "docker-daemon:")
# What verbs call an argument that is a registry, or something in one.
_REGISTRY, _REPOSITORY = ("registry", "host"), ("repository", "repositories")
_IN_REGISTRIES = (
    *("image", "images", "reference", "references", "reference|host", "repository:tag", "tag", "artifact"),
    *("source", "target", "manifest", "base", "blob"),
)


class Names(Protocol):
    """What there is in registries; whatever cannot be known is left out."""

    def hosts(self) -> Iterable[str]:
        """The registries that somebody is logged in to."""

    def repositories(self, host: str) -> Iterable[str]:
        """The repositories of a registry."""

    def tags(self, repository: str) -> Iterable[str]:
        """The tags of a repository, which is written with its host."""


def words_of(line: str) -> list[str]:
    """The words of a line that is being written; the last is what is to be completed, perhaps empty."""
    reader = shlex.shlex(line, posix=True, punctuation_chars=False)
    reader.whitespace_split, reader.commenters = True, ""
    words = []
    try:
        words = list(reader)
    except ValueError:  # a quotation that is not closed yet
        words = line.split()
    return words if words and not line[-1:].isspace() else [*words, ""]


def completions(words: Sequence[str], names: Names) -> list[str]:
    """What the last of the words may become; the first of them is the program."""
    if len(words) < 2:
        return []
    *before, current = (*spelled_out(words[1:-1]), words[-1])
    found = _verbs() if not before else _of_verb(ALIASES.get(before[0], before[0]), before[1:], current, names)
    return [word for word in found if word.startswith(current)]


def _verbs() -> Iterator[str]:
    yield from (*VERBS, "--help", "--version")


def _of_verb(verb: str, before: Sequence[str], current: str, names: Names) -> Iterable[str]:
    if verb not in VERBS:
        return ()
    actions = actions_of(verb)
    if not actions:
        return _arguments(parser_of(verb), before, current, names)
    if not before:
        return (*actions, "--help")
    return _arguments(parser_of(verb, before[0]), before[1:], current, names) if before[0] in actions else ()


def _arguments(parser: Parser, before: Sequence[str], current: str, names: Names) -> Iterable[str]:
    options = parser._option_string_actions
    option, is_value, value = current.partition("=")
    if is_value and option in options:
        return (f"{option}={found}" for found in _values(options[option], value, names))
    if before and (action := options.get(before[-1])) and _takes_value(action):
        return _values(action, current, names)
    if current.startswith("-"):
        return options
    return _values(_positional(parser, before), current, names)


def _takes_value(action: argparse.Action) -> bool:
    return action.nargs is None or action.nargs not in (0, "?")


def _positional(parser: Parser, before: Sequence[str]) -> argparse.Action | None:
    """What stands at the end of these words: as many are gone as words that are no option and no option's value."""
    options = parser._option_string_actions
    pairs = zip(("", *before), before, strict=False)
    gone = sum(
        not word.startswith("-") and not ((action := options.get(last)) and _takes_value(action))
        for last, word in pairs
    )
    positionals = parser._get_positional_actions()
    for action in positionals:
        if gone < 1 or action.nargs in ("*", "+"):
            return action
        gone -= 1
    return None


def _values(action: argparse.Action | None, current: str, names: Names) -> Iterable[str]:
    if not action:
        return ()
    if action.choices:
        return map(str, action.choices)
    what = str(action.metavar or action.dest).lower()
    if what in _REGISTRY:
        return names.hosts()
    if what in _REPOSITORY or what in _IN_REGISTRIES:
        return _references(current, names, tagged=what not in _REPOSITORY)
    return ()


def _references(current: str, names: Names, *, tagged: bool) -> Iterable[str]:
    host, slash, rest = current.partition("/")
    if not slash:
        return (*(f"{host}/" for host in names.hosts()), *(_PLACES if tagged else ()))
    repository, colon, _ = rest.rpartition(":")
    if colon and tagged:
        return (f"{host}/{repository}:{tag}" for tag in names.tags(f"{host}/{repository}"))
    return (f"{host}/{repository}" for repository in names.repositories(host))


def shown(found: Iterable[str], current: str, breaks: str) -> list[str]:
    """What a shell replaces that takes `breaks` for ends of words: what follows the last of them."""
    kept = 1 + max((current.rfind(letter) for letter in breaks), default=-1)
    return [word[kept:] for word in found]
