"""How many there are, in words."""

from __future__ import annotations

__all__ = ["amount"]


def amount(number: int, what: str) -> str:
    """So many of what has an s where it is not one: `1 blob`, `2 blobs`."""
    return f"{number} {what}{'' if number == 1 else 's'}"
