"""What an output can show: letters beyond ASCII, and colours."""

from __future__ import annotations

__all__ = ["Colour", "Ink", "ink_of"]

import enum
from collections.abc import Mapping
from typing import TextIO

from boxship.value import dataclass

_BLOCKS = "░▒▓█▄✗…"


class Colour(enum.IntEnum):
    """The colours that every terminal has, by their numbers (ECMA-48, 8.3.117)."""

    RED = 31
    GREEN = 32
    YELLOW = 33
    BLUE = 34
    MAGENTA = 35
    CYAN = 36


@dataclass(frozen=True, slots=True)
class Ink:
    """What may be used."""

    blocks: bool = False
    colours: bool = False

    def painted(self, text: str, colour: Colour) -> str:
        """The text in that colour, where there are any."""
        return f"\x1b[{colour.value}m{text}\x1b[0m" if self.colours and text else text


def ink_of(output: TextIO | None, environment: Mapping[str, str]) -> Ink:
    """What the output shows; `NO_COLOR` and `FORCE_COLOR` are obeyed (no-color.org, force-color.org)."""
    if output is None:
        return Ink()
    dumb = environment.get("TERM") == "dumb"
    return Ink(not dumb and _encodes(output), _coloured(output, environment, dumb=dumb))


def _encodes(output: TextIO) -> bool:
    try:
        _BLOCKS.encode(output.encoding or "ascii")
    except (UnicodeEncodeError, LookupError):
        return False
    return True


def _coloured(output: TextIO, environment: Mapping[str, str], *, dumb: bool) -> bool:
    if environment.get("NO_COLOR"):
        return False
    return bool(environment.get("FORCE_COLOR")) or (not dumb and output.isatty())
