"""Docstrings as they stand in the code, for readers that take them for reStructuredText."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sphinx.application import Sphinx

_QUOTED = re.compile(r"`+([^`]*)`+")
_SPECIAL = re.compile(r"[*|\\]|_(?=\W|$)")
_INDENTED = re.compile(r"\n\n(?=    \S)")
_COLON = "\N{MODIFIER LETTER COLON}"


def setup(app: Sphinx) -> dict[str, bool]:
    """Have docstrings made ready before napoleon reads their sections, and shown as they were afterwards."""
    app.connect("autodoc-process-docstring", _escape, priority=100)
    app.connect("autodoc-process-docstring", _show, priority=900)
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def _escape(_app: Sphinx, what: str, _name: str, _of: object, _options: object, lines: list[str]) -> None:
    """What is quoted is code, and whatever else has a meaning in reStructuredText has none here.

    Of an attribute, napoleon takes what stands before a colon for its type. What a module has indented is drawn.
    """
    parts = _QUOTED.split("\n".join(lines))  # by turns what is not quoted, and what is
    escaped = (
        f"``{part.strip()}``" if quoted % 2 else _SPECIAL.sub(r"\\\g<0>", part) for quoted, part in enumerate(parts)
    )
    text = "".join(escaped)
    if what == "module":
        text = _INDENTED.sub("\n\n::\n\n", text)
    lines[:] = (text.replace(":", _COLON) if what in ("attribute", "property") else text).split("\n")


def _show(_app: Sphinx, _what: str, _name: str, _of: object, _options: object, lines: list[str]) -> None:
    lines[:] = [line.replace(_COLON, ":") for line in lines]
