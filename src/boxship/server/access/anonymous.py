"""What anybody may do, as settings write it."""

from __future__ import annotations

__all__ = ["parse_anonymous"]

from collections.abc import Iterable, Mapping

from boxship.errors import InvalidSettings
from boxship.server.access.rights import Grant, Right, Rights

_WORDS: Mapping[str, tuple[Right, ...]] = {
    "none": (),
    "pull": (Right.PULL,),
    "create": (Right.CREATE,),
    "push": (Right.PUSH,),
}


def parse_anonymous(words: Iterable[str]) -> Rights:
    """What anybody may do, as settings write it: `none`, or `pull`, `create` or `push`, with `:PATTERN` if need be."""
    return Rights.of(grant for word in words for grant in _grants(word))


def _grants(word: str) -> tuple[Grant, ...]:
    name, colon, pattern = word.partition(":")
    rights = _WORDS.get(name)
    # `pull:` may be a variable that was empty, and is not meant for everything.
    if rights is None or (colon and not (rights and pattern)):
        raise InvalidSettings(
            f"--anonymous {word}", why="it is none of pull, create, push and none", remedy="for example pull:public/**"
        )
    return (Grant.of(pattern or "**", *rights),) if rights else ()
