"""Which blobs the images of a plan have, read at the source: what shards share is known by it."""

from __future__ import annotations

__all__ = ["with_blobs"]

from collections.abc import Iterable, Iterator

from boxship.errors import BoxshipError
from boxship.sync.clients import Clients
from boxship.sync.plan import Do, Step
from boxship.sync.planning import Failed, Planned
from boxship.sync.tasks import Reading
from boxship.value import replace


def with_blobs(steps: Iterable[Step], clients: Clients, *, every: bool = False) -> Iterator[Planned]:
    """The steps, with the blobs of those that copy, or of `every` image; its manifests are read for that."""
    planned = list(steps)
    images = [step for step in planned if _is_wanted(step, every=every)]
    if not images:
        yield from planned
        return
    source = images[0].source
    assert source
    told = clients.at(source.registry).attempt_each(lambda step: _told(step, clients), images)
    by_target = {step.target: outcome for step, outcome in zip(images, told, strict=True)}
    for step in planned:
        outcome = by_target.get(step.target, step)
        yield Failed(step.target, outcome) if isinstance(outcome, BoxshipError) else outcome


def _is_wanted(step: Step, *, every: bool) -> bool:
    return step.source is not None and step.blobs is None and (step.do is Do.COPY or every)


def _told(step: Step, clients: Clients) -> Step:
    return replace(step, blobs=tuple(blob.digest for blob in Reading(step).run(clients).blobs))
