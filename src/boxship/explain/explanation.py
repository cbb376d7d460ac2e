"""All the settings of a place, as a value."""

from __future__ import annotations

__all__ = ["Explanation"]

from collections.abc import Iterator, Mapping

from boxship.explain.setting import Setting
from boxship.value import dataclass


@dataclass(frozen=True, slots=True)
class Explanation:
    """What holds for `place`.

    Attributes:
        schema: the name of the form that it has in JSON, with its version.
        findings: what is wrong, in words: a helper that fails.
    """

    schema: str
    place: str
    settings: tuple[Setting, ...]
    findings: tuple[str, ...] = ()

    def named(self, name: str) -> Iterator[Setting]:
        """The settings of one name."""
        return (setting for setting in self.settings if setting.name == name)

    def document(self) -> Mapping[str, object]:
        """The same as JSON has it."""
        return {
            "schema": self.schema,
            "place": self.place,
            "settings": [setting.document() for setting in self.settings],
            "findings": list(self.findings),
        }
