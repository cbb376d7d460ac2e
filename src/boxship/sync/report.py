"""What a sync came to, as numbers: for people, for programs, and for Prometheus."""

from __future__ import annotations

__all__ = ["SCHEMA", "Report", "Row", "metrics"]

from collections.abc import Iterable, Iterator
from dataclasses import asdict

from boxship.errors import BoxshipError
from boxship.reference import Reference, Registry
from boxship.registry.uploads import How
from boxship.sync.plan import Do, Step
from boxship.sync.running import Done
from boxship.value import dataclass, field, fields

SCHEMA = "boxship.sync.report/1"


@dataclass(slots=True)
class Row:
    """The numbers of a repository that is written to, or of all of them."""

    unchanged: int = 0
    copied: int = 0
    untagged: int = 0
    failed: int = 0
    blobs: int = 0
    mounted: int = 0
    bytes: int = 0

    def add(self, other: Row) -> None:
        """Count the other's in."""
        for one in fields(self):
            setattr(self, one.name, getattr(self, one.name) + getattr(other, one.name))


@dataclass(slots=True)
class Report:
    """The numbers, as they grow."""

    repositories: dict[str, Row] = field(default_factory=dict)
    errors: list[dict[str, str]] = field(default_factory=list)
    status: int = 0
    seconds: float = 0.0

    @property
    def total(self) -> Row:
        """All of them together."""
        total = Row()
        for row in self.repositories.values():
            total.add(row)
        return total

    def leave(self, steps: Iterable[Step]) -> None:
        """Count what is left as it is."""
        for step in steps:
            self._row(step.target).add(Row(unchanged=1))

    def add(self, done: Done) -> None:
        """Count what became of a step."""
        row = self._row(done.step.target)
        row.add(Row(blobs=done.ways.get(How.PUSHED, 0), mounted=done.ways.get(How.MOUNTED, 0), bytes=done.size))
        if done.error:
            self.fail(done.step.target, done.error)
        elif done.step.do is Do.UNTAG:
            row.add(Row(untagged=1))
        elif done.copied:
            row.add(Row(copied=1, blobs=done.copied.pushed, mounted=done.copied.mounted, bytes=done.copied.size))

    def fail(self, what: Reference | Registry, error: BoxshipError) -> None:
        """Count what failed; the first one says how the whole ends."""
        self._row(what).add(Row(failed=1))
        self.errors.append({"reference": str(what), "error": str(error)})
        self.status = self.status or error.exit_status

    def fields(self) -> dict[str, object]:
        """The numbers by their names, for JSON."""
        rows = {name: asdict(row) for name, row in sorted(self.repositories.items())}
        numbers = {**asdict(self.total), "seconds": round(self.seconds, 3)}
        return {"schema": SCHEMA, **numbers, "repositories": rows, "errors": self.errors}

    def _row(self, what: Reference | Registry) -> Row:
        name = f"{what.registry}/{what.repository}" if isinstance(what, Reference) else str(what)
        return self.repositories.setdefault(name, Row())


_METRICS = {
    "unchanged": "Images that were the same on both sides",
    "copied": "Images that were copied",
    "untagged": "Tags that were taken away in the target",
    "failed": "Names that could not be looked up, copied or taken away",
    "blobs": "Blobs that were sent",
    "mounted": "Blobs that the target had in another repository",
    "bytes": "Bytes that were sent",
}


def metrics(report: Report, now: float) -> Iterator[str]:
    """The lines of a file that Prometheus' node exporter picks up (exposition format 0.0.4)."""
    for name, words in _METRICS.items():
        yield f"# HELP boxship_sync_{name} {words} in the last run."
        yield f"# TYPE boxship_sync_{name} gauge"
        for repository, row in sorted(report.repositories.items()):
            label = repository.replace("\\", "\\\\").replace('"', '\\"')
            yield f'boxship_sync_{name}{{repository="{label}"}} {getattr(row, name)}'
    yield from _alone("duration_seconds", "How long the last run took.", f"{report.seconds:.3f}")
    yield from _alone("success", "Whether the last run did all that it was to do.", str(int(not report.errors)))
    yield from _alone("end_time_seconds", "When the last run ended.", f"{now:.0f}")


def _alone(name: str, words: str, value: str) -> Iterator[str]:
    yield f"# HELP boxship_sync_{name} {words}"
    yield f"# TYPE boxship_sync_{name} gauge"
    yield f"boxship_sync_{name} {value}"
