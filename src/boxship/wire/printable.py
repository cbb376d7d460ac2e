"""A stranger's words, made fit for a terminal, a log line and an error."""

from __future__ import annotations

__all__ = ["LONGEST", "printable"]

LONGEST = 300  # characters of a server's own words that are repeated


def printable(text: str) -> str:
    """The words on one line, without escape sequences, and not without end."""
    if len(text) <= LONGEST and text.isprintable():
        return text
    kept = "".join(character if character.isprintable() else " " for character in text[: LONGEST + 1])
    return kept if len(kept) <= LONGEST else f"{kept[:LONGEST]}…"
