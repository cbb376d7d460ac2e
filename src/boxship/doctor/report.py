"""What an examination finds, as values: checks with stable ids, the verdict, and what to do for each program."""

from __future__ import annotations

__all__ = ["Check", "Remedy", "Report", "Status"]

import enum
from collections.abc import Collection, Mapping

from boxship.doctor.ids import layer_of, link_to
from boxship.hop import Hop
from boxship.value import dataclass, replace


class Status(enum.Enum):
    """How a check came out."""

    OK = "ok"
    WARNING = "warning"
    ERROR = "error"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One thing that was looked at.

    Attributes:
        id: what kind of thing, the same in every version: `tcp`, `tls`, `content.manifest`.
        at: where: an address with its port, a name; '' where there is only one place.
        words: what was found, or why nothing was looked for.
        ms: how long it took, where that means anything.
        evidence: the facts behind the words, one a line.
        remedy: what to do about it; '' for nothing.
    """

    id: str
    status: Status
    words: str
    at: str = ""
    ms: float | None = None
    evidence: tuple[str, ...] = ()
    remedy: str = ""

    @property
    def link(self) -> str:
        """Where the page of checks says more of it."""
        return link_to(self.id)

    def document(self) -> Mapping[str, object]:
        """The same as JSON has it; what is empty is left out."""
        every = {
            "id": self.id,
            "status": self.status.value,
            "at": self.at,
            "words": self.words,
            "ms": None if self.ms is None else round(self.ms, 1),
            "evidence": list(self.evidence),
            "remedy": self.remedy,
            "link": self.link,
        }
        return {name: value for name, value in every.items() if value not in ("", None, [])}


@dataclass(frozen=True, slots=True)
class Remedy:
    """What to write for one program: `where` (a file, or a command line), and the text to paste."""

    program: str
    where: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What was found on the way to `reference`.

    Attributes:
        verdict: the whole in one paragraph of plain words.
        remedies: what to write, for each program that can be told.
        endpoints: every `host:port` that was needed, for whoever opens a firewall.
        timeline: what a pull would begin with, request by request.
        seconds: how long the examination took.
    """

    reference: str
    verdict: str
    checks: tuple[Check, ...]
    remedies: tuple[Remedy, ...] = ()
    endpoints: tuple[str, ...] = ()
    timeline: tuple[Hop, ...] = ()
    seconds: float = 0.0

    @property
    def healthy(self) -> bool:
        """Whether no check is an error."""
        return all(check.status is not Status.ERROR for check in self.checks)

    def only(self, layers: Collection[str]) -> Report:
        """The same with the checks of these layers and no others, healthy where these are."""
        return replace(self, checks=tuple(check for check in self.checks if layer_of(check.id) in layers))

    def document(self) -> Mapping[str, object]:
        """The report as JSON has it."""
        return {
            "schema": "boxship.doctor/1",
            "reference": self.reference,
            "healthy": self.healthy,
            "verdict": self.verdict,
            "remedies": [{"program": r.program, "where": r.where, "text": r.text} for r in self.remedies],
            "endpoints": list(self.endpoints),
            "seconds": round(self.seconds, 3),
            "timeline": [hop.document() for hop in self.timeline],
            "checks": [check.document() for check in self.checks],
        }
