"""A number of seconds that somebody chose, and who: it counts as the number, and an error can say where it is from.

Bounds are handed on through many hands as plain numbers; this keeps the source without any of them knowing of it.
"""

from __future__ import annotations

__all__ = ["Seconds", "spoken", "told_by"]

from typing import Self


class Seconds(float):
    """Seconds as somebody said them; `source` names the setting: `flag --connect-timeout`."""

    source: str

    def __new__(cls, value: float, source: str) -> Self:
        """`source` says who told them."""
        told = super().__new__(cls, value)
        told.source = source
        return told

    def __reduce__(self) -> tuple[object, ...]:
        return type(self), (float(self), self.source)


def told_by(seconds: float) -> str:
    """Who chose these seconds; empty where it is the default."""
    return seconds.source if isinstance(seconds, Seconds) else ""


def spoken(seconds: float) -> str:
    """`2 s (flag --names-timeout)`, or `12 s` where nobody chose them."""
    source = told_by(seconds)
    return f"{seconds:g} s ({source})" if source else f"{seconds:g} s"
