"""A plan that was stored: what of it is done already, and where the target is not any more what it was."""

from __future__ import annotations

__all__ = ["still"]

from collections.abc import Iterable, Iterator

from boxship.errors import BoxshipError, UnexpectedAnswer
from boxship.sync.clients import Clients
from boxship.sync.plan import Do, Step
from boxship.sync.planning import Failed, Planned, present, right
from boxship.sync.state import State
from boxship.value import replace


def still(steps: Iterable[Step], clients: Clients, state: State) -> Iterator[Planned]:
    """The steps as they are to be done now; a name that stands for something third has failed."""
    planned = list(steps)
    if not planned:
        return
    asker = clients.at(planned[0].target.registry)
    now = asker.attempt_each(lambda step: _now(step, clients, state), planned)
    for step, outcome in zip(planned, now, strict=True):
        yield Failed(step.target, outcome) if isinstance(outcome, BoxshipError) else outcome


def _now(step: Step, clients: Clients, state: State) -> Step:
    if step.do is Do.NOTHING:
        return step
    now = present(step.target, clients)
    if step.do is Do.UNTAG:
        if now is not None and now != step.was:
            raise _changed(step, str(now))
        return step if now else replace(step, do=Do.NOTHING)
    assert step.source
    assert step.digest
    if now == step.was:
        return step
    if now is not None:
        image = step.source.with_digest(step.digest)
        if now == right(image, step.platforms, now, clients, state, filter_them=step.filtered):
            return replace(step, do=Do.NOTHING)
    raise _changed(step, str(now or "gone"))


def _changed(step: Step, now: str) -> UnexpectedAnswer:
    why = f"it was {step.was or 'not there'}, and is {now}"
    return UnexpectedAnswer(f"{step.target} has changed since it was planned", why=why, remedy="make the plan anew")
