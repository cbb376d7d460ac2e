"""What a client is to do for a row, and what it says came of it: JSON between the tests and `drive`."""

from __future__ import annotations

__all__ = ["Done", "Job", "read_done", "read_jobs", "write_done", "write_jobs"]

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field

from tests.matrix.row import Before, Said, Wish


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """A row's name, where its registry is, and how it is asked."""

    name: str
    registry: str
    said: Said
    wish: Wish
    bounds: Mapping[str, float] = field(default_factory=dict)
    config: str
    """The folder of docker's settings, with a credential for the registry or without."""
    authority: str
    proxies: Mapping[str, str] = field(default_factory=dict)
    """What the environment says of proxies."""
    before: Before | None = None
    address: str = ""
    """Where what is remembered was found."""
    cancel: float | None = None
    """After how many seconds somebody has had enough, if ever."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """What came of it in the client's words: tags, a status, or the class of an error; and how long it took.

    A job that was cancelled took `seconds` from then on.
    """

    name: str
    seconds: float
    tags: tuple[str, ...] = ()
    status: int = 0
    error: str = ""
    words: str = ""


def write_jobs(jobs: Iterable[Job]) -> str:
    """The jobs, as one document."""
    return json.dumps([asdict(job) for job in jobs])


def read_jobs(text: str) -> tuple[Job, ...]:
    """What `write_jobs` wrote."""
    return tuple(
        Job(
            **{
                **fields,
                "said": Said(fields["said"]),
                "wish": Wish(fields["wish"]),
                "before": Before(**fields["before"]) if fields["before"] else None,
            }
        )
        for fields in json.loads(text)
    )


def write_done(done: Iterable[Done]) -> str:
    """What came of the jobs, as one document."""
    return json.dumps([asdict(each) for each in done])


def read_done(text: str) -> tuple[Done, ...]:
    """What `write_done` wrote."""
    return tuple(Done(**{**fields, "tags": tuple(fields["tags"])}) for fields in json.loads(text))
