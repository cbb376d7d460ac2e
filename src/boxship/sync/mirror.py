"""One run of a mirror, or of its shard: from wishes, or from a plan that was stored, to steps that are to be done."""

from __future__ import annotations

__all__ = ["Mirror"]

from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

from boxship.sync.applying import still
from boxship.sync.clients import Clients
from boxship.sync.layers import with_blobs
from boxship.sync.plan import Do, Step
from boxship.sync.planning import Failed, Pair, pairs, plan
from boxship.sync.pruning import superfluous
from boxship.sync.report import Report
from boxship.sync.running import Done, Submit, run
from boxship.sync.sharing import ALONE, PATIENCE, Shard, Sharing, share
from boxship.sync.state import State
from boxship.sync.wish import Wish
from boxship.value import dataclass, field

One = TypeVar("One", Step, Pair)


@dataclass(slots=True, kw_only=True)
class Mirror:
    """What fails is told to `tell`, counted, and left out."""

    clients: Clients
    state: State
    tell: Callable[[Failed], None]
    shard: Shard | None = None
    patience: float = PATIENCE
    report: Report = field(default_factory=Report)
    sharing: Sharing = ALONE

    def planned(self, wishes: tuple[Wish, ...], *, prune: bool = False, blobs: bool = False) -> list[Step]:
        """The steps of what is wanted; with `blobs`, those of each image that is copied are in its step.

        Nothing is pruned where something could not be looked up: what is not known to be wanted may well be.
        """
        found = list(self._certain(pairs(wishes, self.clients)))
        below = [pair for pair in found if not self.shard or self.shard.is_below(pair.target)]
        steps = list(self._certain(plan(below, self.clients, self.state)))
        # A shard that has begun before may have done what is unchanged by now: its blobs count, too.
        own = self._own(steps, every=True)
        if prune and not self.report.errors:
            tags = self._certain(superfluous(wishes, found, self.clients))
            own += [step for step in tags if not self.shard or self.shard.has(step.target)]
        return list(self._certain(with_blobs(own, self.clients))) if blobs else own

    def applied(self, stored: Iterable[Step]) -> list[Step]:
        """The steps of a plan, as they are to be done now."""
        own = self._own(list(stored), every=False)
        return list(self._certain(still(own, self.clients, self.state)))

    def run(self, steps: list[Step], submit: Submit, *, at_once: int, keep_going: bool) -> Iterator[Done]:
        """Do the steps; what has become of each, as it ends."""
        for done in run(steps, submit, at_once=at_once, keep_going=keep_going, sharing=self.sharing):
            self.report.add(done)
            step = done.step
            if done.copied and step.digest and step.platforms:
                self.state.note_copied(step.digest, step.platforms, done.copied.digest, filtered=step.filtered)
            yield done

    def _own(self, steps: list[Step], *, every: bool) -> list[Step]:
        shard = self.shard
        if not shard:
            return steps
        own = [step for step in steps if shard.has(step.target)]
        if any(step.do is Do.COPY for step in own):
            self.sharing = share(self._certain(with_blobs(steps, self.clients, every=every)), shard, self.patience)
        return own

    def _certain(self, found: Iterable[One | Failed]) -> Iterator[One]:
        for one in found:
            if isinstance(one, Failed):
                self.report.fail(one.reference, one.error)
                self.tell(one)
            else:
                yield one
