"""An error as people and pages are told it: its lines, what took the time, and its timeline."""

from __future__ import annotations

__all__ = ["document", "error_lines", "hop_document", "is_examined", "short_timeline", "status_of"]

from collections.abc import Iterable, Iterator, Mapping, Sequence
from urllib.parse import urlsplit

from boxship.connect.evidence import Evidence
from boxship.errors import (
    BoxshipError,
    BrokenAnswer,
    Cancelled,
    ConnectFailed,
    InvalidInput,
    InvalidReference,
    NotFound,
    PlanOutdated,
    RateLimited,
    Refused,
    RegistryError,
    TimedOut,
    Unreachable,
)
from boxship.event import Event
from boxship.hop import Hop, Layer, Phase, spoken
from boxship.timeline import timeline

_MOST = 8  # waits: of a long story, its end
_SHORTER = {Evidence.SILENT.value: "dropped", TimedOut.__name__: "no answer", BrokenAnswer.__name__: "broken"}
# The first that an error is one of.
_STATUSES: Mapping[type[BoxshipError], int] = {
    InvalidInput: 400,
    NotFound: 404,
    Refused: 403,
    RateLimited: 429,
    PlanOutdated: 409,
    TimedOut: 504,
    Unreachable: 502,
    RegistryError: 502,
    Cancelled: 503,
}
_OTHER = 500


def error_lines(error: BoxshipError) -> Iterator[str]:
    """The lines that the command line prints: what failed, why, what was tried, what to do."""
    yield f"boxship: {error.what}"
    if isinstance(error, InvalidReference):
        yield from (f"  {line}" for line in error.caret.splitlines())
    if error.why:
        yield f"  why: {error.why}"
    if isinstance(error, ConnectFailed | TimedOut):
        yield from (f"  tried: {line}" for line in error.evidence)
    if error.remedy:
        yield f"  do: {error.remedy}"


def is_examined(error: BoxshipError) -> bool:
    """Whether looking further makes sense: a registry was asked, and did not say that there is nothing."""
    return bool(error.timeline) and not isinstance(error, InvalidInput | NotFound | Cancelled)


def short_timeline(events: Iterable[Event]) -> str:
    """What was waited for, and how long: `names 3 ms, TCP 10.0.0.5:443 dropped 1.00 s`; '' where nothing was."""
    waits = {(phase.layer, phase.start): _said(hop, phase) for hop in timeline(events) for phase in hop.phases}
    words = [said for _, said in sorted(waits.items(), key=lambda wait: wait[0][1])]
    left_out = ["…"] if len(words) > _MOST else []
    return ", ".join((*left_out, *words[-_MOST:]))


def _said(hop: Hop, phase: Phase) -> str:
    failure = _SHORTER.get(phase.failure, phase.failure)
    status = str(hop.status or "") if phase.layer is Layer.FIRST_BYTE else ""
    return " ".join(filter(None, (_subject(hop, phase.layer), failure or status, spoken(phase.ms))))


def _subject(hop: Hop, layer: Layer) -> str:
    if layer is Layer.TCP:
        return f"TCP {hop.address}"
    return f"{hop.method} {urlsplit(hop.url).path}" if layer is Layer.FIRST_BYTE else layer.value


def status_of(error: BoxshipError) -> int:
    """The status of an answer that is this error."""
    if isinstance(error, Refused) and error.status == 401:
        return 401
    return next((status for kind, status in _STATUSES.items() if isinstance(error, kind)), _OTHER)


def document(error: BoxshipError, about: Mapping[str, str]) -> dict[str, object]:
    """The error as JSON has it; `about` are the parameters that the doctor would get."""
    examined = is_examined(error)
    took = short_timeline(error.timeline) if examined else ""
    told: dict[str, object] = {
        "kind": type(error).__name__,
        "what": error.what,
        "why": error.why,
        "remedy": error.remedy,
        "lines": [*error_lines(error), *([f"  took: {took}"] if took else [])],
        "took": took,
        "exit_status": error.exit_status,
        "timeline": list(map(hop_document, timeline(error.timeline))),
    }
    if isinstance(error, PlanOutdated):
        told["changes"] = list(error.changes)
    return told | ({"doctor": dict(about)} if examined else {})


def hop_document(hop: Hop) -> dict[str, object]:
    """A hop as JSON has it, with what it waited for."""
    return {**hop.document(), "phases": _phases(hop.phases)}


def _phases(phases: Sequence[Phase]) -> list[dict[str, object]]:
    told = (
        {"layer": one.layer.value, "start": round(one.start, 1), "end": round(one.end, 1), "failure": one.failure}
        for one in phases
    )
    return [{name: value for name, value in one.items() if value != ""} for one in told]
