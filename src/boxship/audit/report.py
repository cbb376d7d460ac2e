"""What an audit found, as values and as JSON has it."""

from __future__ import annotations

__all__ = ["IDS", "SCHEMA", "Audited", "Finding", "Level", "Report"]

from collections import Counter
from collections.abc import Mapping
from enum import StrEnum

from boxship.audit.known import Known
from boxship.audit.use import Complaint, Use
from boxship.value import dataclass

SCHEMA = "boxship.audit/1"

IDS: Mapping[str, str] = {
    "unreadable": "a file, or a part of one, that cannot be read",
    "invalid": "an image's name that is none",
    "missing": "an image that its registry does not have",
    "refused": "an image that the credentials given do not open",
    "unreachable": "a registry that does not answer",
    "failed": "an answer that is not what a registry says",
    "platform": "an image that is not for the platform",
    "drift": "an image that is another than the one that was locked",
    "unlocked": "an image that the lock file does not have",
    "plain-http": "a registry that is spoken to without TLS",
    "latest": "no tag, or the tag latest: what is pulled changes from day to day",
    "unpinned": "no digest: the tag may be moved",
}
"""Every finding with what it is about."""


class Level(StrEnum):
    """How bad it is."""

    ERROR = "error"
    WARNING = "warning"


_WARNINGS = frozenset({"plain-http", "latest", "unpinned"})


@dataclass(frozen=True, slots=True)
class Finding:
    """What is wrong with an image: `id` is one of `IDS`, `words` says it, and `remedy` what to do."""

    id: str
    words: str
    remedy: str = ""

    @property
    def level(self) -> Level:
        """How bad it is."""
        return Level.WARNING if self.id in _WARNINGS else Level.ERROR

    def document(self) -> Mapping[str, str]:
        """As JSON has it."""
        return {"id": self.id, "level": str(self.level), "words": self.words, "remedy": self.remedy}


@dataclass(frozen=True, slots=True)
class Audited:
    """An image, where it is used, and what was found."""

    image: str
    known: Known
    uses: tuple[Use, ...]
    findings: tuple[Finding, ...]

    @property
    def is_wrong(self) -> bool:
        """Whether one of the findings is an error."""
        return any(finding.level is Level.ERROR for finding in self.findings)

    def document(self) -> Mapping[str, object]:
        """As JSON has it."""
        return {
            "image": self.image,
            "digest": str(self.known.digest or ""),
            "platforms": list(map(str, self.known.platforms)),
            "findings": [finding.document() for finding in self.findings],
            "uses": [{"file": use.file, "line": use.line, "column": use.column, "what": use.what} for use in self.uses],
        }


@dataclass(frozen=True, slots=True)
class Report:
    """All images, in the order in which they were met, and what in the files could not be read."""

    images: tuple[Audited, ...]
    complaints: tuple[Complaint, ...]

    @property
    def counts(self) -> Mapping[Level, int]:
        """How many findings of each level there are, an image's counted once."""
        levels = (finding.level for image in self.images for finding in image.findings)
        return Counter(levels) + Counter({Level.ERROR: len(self.complaints)})

    @property
    def healthy(self) -> bool:
        """Whether nothing is an error."""
        return not self.counts.get(Level.ERROR)

    @property
    def summary(self) -> str:
        """All of it in a line."""
        uses = sum(len(image.uses) for image in self.images)
        files = len({use.file for image in self.images for use in image.uses})
        found = ", ".join(_many(self.counts.get(level, 0), level.value) for level in Level)
        return f"{_many(len(self.images), 'image')}, used {_many(uses, 'time')} in {_many(files, 'file')}: {found}"

    def document(self) -> Mapping[str, object]:
        """As JSON has it."""
        return {
            "healthy": self.healthy,
            "summary": self.summary,
            "unreadable": [{"file": one.file, "line": one.line, "words": one.words} for one in self.complaints],
            "images": [image.document() for image in self.images],
        }


def _many(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"
