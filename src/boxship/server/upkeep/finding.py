"""What can be wrong with a registry, in words: what `check` finds, wherever names and content are."""

from __future__ import annotations

__all__ = ["DAMAGE", "Fault", "Finding", "Report"]

from enum import StrEnum

from boxship.value import dataclass


class Fault(StrEnum):
    """What can be wrong; those of `DAMAGE` are content that was acknowledged and cannot be had."""

    LOST = "its bytes are not there"
    RESIZED = "it has another size"
    DAMAGED = "it has other bytes"
    UNREADABLE = "its bytes cannot be read"
    CONDEMNED = "it was found damaged and has not been pushed anew"
    FALSIFIED = "its body has another digest"
    INCOMPLETE = "its repository lacks content of it"
    PARTIAL = "a manifest that it lists was deleted"
    REJECTED = "it would not be taken today"
    ORPHAN = "no blob has these bytes"
    STRAY = "no upload has this file"
    CUT_SHORT = "bytes of it that were acknowledged are not there"
    INCONSISTENT = "the database contradicts itself"


DAMAGE = frozenset(
    {
        Fault.LOST,
        Fault.RESIZED,
        Fault.DAMAGED,
        Fault.UNREADABLE,
        Fault.CONDEMNED,
        Fault.FALSIFIED,
        Fault.INCOMPLETE,
        Fault.INCONSISTENT,
    }
)


@dataclass(frozen=True, slots=True)
class Finding:
    """A fault, and whose: a digest, `repository@digest`, or a path in the folder, or an object's key."""

    fault: Fault
    name: str
    detail: str = ""

    def __str__(self) -> str:
        return f"{self.name}: {self.fault}{f' ({self.detail})' if self.detail else ''}"


@dataclass(frozen=True, slots=True)
class Report:
    """How much was looked at, and what was found."""

    blobs: int
    manifests: int
    findings: tuple[Finding, ...]

    @property
    def damage(self) -> tuple[Finding, ...]:
        """The findings that somebody's pull would meet; the rest only takes space."""
        return tuple(finding for finding in self.findings if finding.fault in DAMAGE)
