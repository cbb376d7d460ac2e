"""Lists and pairs in the words of a command line, as crane's scripts write them."""

from __future__ import annotations

__all__ = ["listed", "pairs", "several"]

import csv
from collections.abc import Iterable, Sequence

from boxship.errors import InvalidInput


def listed(texts: Iterable[str]) -> tuple[str, ...]:
    """The words of several lists: with commas between them, and quotes around a word that has one."""
    return tuple(word for text in texts for word in _split(text))


def several(texts: Iterable[str]) -> tuple[str, ...]:
    """Pairs, of which a text may have several with commas between them, where it has more than one `=`."""
    return tuple(pair for text in texts for pair in (_split(text) if text.count("=") > 1 else (text.strip('"'),)))


def pairs(texts: Iterable[str], what: str) -> dict[str, str | None]:
    """`NAME=VALUE`, each."""
    found: dict[str, str | None] = {}
    for text in texts:
        name, equal, value = text.partition("=")
        if not (name and equal):
            raise InvalidInput(f"{what} {text!r}", why="it is not written NAME=VALUE")
        found[name] = value
    return found


def _split(text: str) -> Sequence[str]:
    try:
        return next(csv.reader([text]), [])
    except csv.Error as error:
        raise InvalidInput(f"{text!r} is no list", why=str(error)) from error
