"""A setting as it holds for one place, with who said it, and what was said besides and does not hold."""

from __future__ import annotations

__all__ = ["Lost", "Setting"]

from collections.abc import Mapping

from boxship.value import dataclass


@dataclass(frozen=True, slots=True)
class Lost:
    """What does not hold: `value` as `source` says it, and why not."""

    value: str
    source: str
    why: str

    def document(self) -> Mapping[str, str]:
        """The same as JSON has it."""
        return {"value": self.value, "source": self.source, "why": self.why}


@dataclass(frozen=True, slots=True)
class Setting:
    """What holds.

    Attributes:
        name: the same in every version; there may be several of one name (`header`, `authority`, `file`).
        value: in words, without any secret.
        source: a file with its line, a variable, a flag, or `default`.
        lost: what was said besides, and files that were looked for in vain.
    """

    name: str
    value: str
    source: str
    lost: tuple[Lost, ...] = ()

    def document(self) -> Mapping[str, object]:
        """The same as JSON has it."""
        lost = [lost.document() for lost in self.lost]
        return {"name": self.name, "value": self.value, "source": self.source, "lost": lost}
