"""Doing what a plan says: of each image its manifests are read, then the blobs brought, each once, then it is named.

There is no barrier between images: many are on their way, and whoever needs a blob that is coming waits for it alone.
"""

from __future__ import annotations

__all__ = ["Done", "Submit", "run"]

import queue
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future
from functools import partial
from typing import TypeVar

from boxship.copy import Copied
from boxship.digest import Digest
from boxship.errors import BoxshipError, Cancelled
from boxship.reference import Reference
from boxship.registry.uploads import How
from boxship.spec.descriptor import Descriptor
from boxship.sync.plan import Do, Step
from boxship.sync.sharing import Blob, Sharing
from boxship.sync.tasks import Bringing, Naming, Read, Reading, Seeing, Task, Untagging
from boxship.value import dataclass, field

Result = TypeVar("Result")
Submit = Callable[[Task[object]], "Future[object]"]
"""Has a task done, somewhere."""
_LOOK_AGAIN = 0.5  # seconds between two looks for what another shard brings


@dataclass(slots=True, eq=False)
class Done:
    """A step, and what has become of it: what was copied and brought for it, or the error that it ended with."""

    step: Step
    copied: Copied | None = None
    error: BoxshipError | None = None
    ways: dict[How, int] = field(default_factory=dict)
    size: int = 0
    over: bool = False


@dataclass(slots=True, eq=False)
class _Image(Done):
    read: Read | None = None
    waits: set[Digest] = field(default_factory=set)


def run(steps: Iterable[Step], submit: Submit, *, at_once: int, keep_going: bool, sharing: Sharing) -> Iterator[Done]:
    """What has become of the steps, as they end. After one that fails nothing new is begun, unless it keeps going.

    Copies come before names that are taken away.
    """
    todo = [step for step in steps if step.do is not Do.NOTHING]
    for kind in (Do.COPY, Do.UNTAG):
        one = _Run((step for step in todo if step.do is kind), submit, at_once, sharing, keep_going=keep_going)
        yield from one.results()
        if one.failed and not keep_going:
            return


class _Run:
    def __init__(
        self, steps: Iterator[Step], submit: Submit, at_once: int, sharing: Sharing, *, keep_going: bool
    ) -> None:
        self._steps, self._submit, self._at_once = steps, submit, at_once
        self._sharing, self._keep_going = sharing, keep_going
        self._ended: queue.SimpleQueue[Callable[[], Iterator[Done]]] = queue.SimpleQueue()
        self._coming = dict[Blob, list[_Image]]()
        self._awaited = dict[Blob, Descriptor]()
        self._homes = dict[Blob, str]()
        self._going = 0
        self.failed = False

    def results(self) -> Iterator[Done]:
        """All of them."""
        while True:
            self._admit()
            if not self._going:
                return
            yield from self._next()

    def _admit(self) -> None:
        while self._going < self._at_once and (self._keep_going or not self.failed):
            step = next(self._steps, None)
            if step is None:
                return
            self._going += 1
            image = _Image(step)
            if step.do is Do.UNTAG:
                self._begin(Untagging(step), partial(self._untagged, image))
            else:
                self._begin(Reading(step), partial(self._read, image))

    def _begin(self, task: Task[Result], then: Callable[[Future[Result]], Iterator[Done]]) -> None:
        future: Future[Result] = self._submit(task)  # type: ignore[assignment] # its result is the task's
        future.add_done_callback(lambda ended: self._ended.put(partial(then, ended)))

    def _next(self) -> Iterator[Done]:
        try:
            then = self._ended.get(timeout=_LOOK_AGAIN if self._awaited else 3600.0)
        except queue.Empty:
            for blob, descriptor in self._awaited.items():
                self._look(blob, descriptor)
            self._awaited.clear()
            return
        yield from then()

    def _read(self, image: _Image, future: Future[Read]) -> Iterator[Done]:
        try:
            image.read = _result(future)
        except BoxshipError as error:
            yield self._end(image, error)
            return
        registry = image.step.target.registry
        for descriptor in image.read.blobs:
            blob = registry, descriptor.digest
            if blob not in self._homes:
                image.waits.add(descriptor.digest)
                self._want(blob, descriptor, image)
        self._name_if_ready(image)

    def _want(self, blob: Blob, descriptor: Descriptor, image: _Image) -> None:
        if blob in self._coming:
            self._coming[blob].append(image)
            return
        self._coming[blob] = [image]
        if self._sharing.elsewhere(blob):
            self._look(blob, descriptor)
        else:
            self._bring(blob, descriptor, image)

    def _bring(self, blob: Blob, descriptor: Descriptor, image: _Image) -> None:
        assert image.step.source
        home = self._sharing.home(blob) or image.step.target.repository
        source = Reference(image.step.source.registry, image.step.source.repository)
        task = Bringing(descriptor, source, Reference(blob[0], home))
        self._begin(task, partial(self._brought, blob, descriptor, home))

    def _brought(self, blob: Blob, descriptor: Descriptor, home: str, future: Future[How]) -> Iterator[Done]:
        first, *others = self._coming.pop(blob)
        try:
            how = _result(future)
        except BoxshipError as error:
            if others:  # their own sources may have it
                self._coming[blob] = others
                self._bring(blob, descriptor, others[0])
            if not first.over:
                yield self._end(first, error)
            return
        first.ways[how] = first.ways.get(how, 0) + 1
        first.size += descriptor.size if how is How.PUSHED else 0
        self._is_there(blob, home, (first, *others))

    def _look(self, blob: Blob, descriptor: Descriptor) -> None:
        home = self._sharing.home(blob)
        assert home
        self._begin(Seeing(descriptor, Reference(blob[0], home)), partial(self._seen, blob, descriptor, home))

    def _seen(self, blob: Blob, descriptor: Descriptor, home: str, future: Future[bool]) -> Iterator[Done]:
        try:
            is_there = _result(future)
        except BoxshipError:
            is_there = False  # who brings it says what is wrong
        if is_there:
            self._is_there(blob, home, self._coming.pop(blob))
        elif self._sharing.elsewhere(blob):
            self._awaited[blob] = descriptor
        else:
            self._bring(blob, descriptor, self._coming[blob][0])
        return iter(())

    def _is_there(self, blob: Blob, home: str, images: Iterable[_Image]) -> None:
        self._homes[blob] = home
        for image in images:
            image.waits.discard(blob[1])
            self._name_if_ready(image)

    def _name_if_ready(self, image: _Image) -> None:
        if image.waits or image.over:
            return
        assert image.read
        registry = image.step.target.registry
        homes = {blob.digest: self._homes[registry, blob.digest] for blob in image.read.blobs}
        self._begin(Naming(image.step, image.read, homes), partial(self._named, image))

    def _named(self, image: _Image, future: Future[Copied]) -> Iterator[Done]:
        try:
            image.copied = _result(future)
        except BoxshipError as error:
            yield self._end(image, error)
        else:
            yield self._end(image)

    def _untagged(self, image: _Image, future: Future[None]) -> Iterator[Done]:
        try:
            _result(future)
        except BoxshipError as error:
            yield self._end(image, error)
        else:
            yield self._end(image)

    def _end(self, image: _Image, error: BoxshipError | None = None) -> Done:
        self._going -= 1
        image.over, image.error = True, error
        self.failed = self.failed or error is not None
        return image


def _result(future: Future[Result]) -> Result:
    if future.cancelled():
        raise Cancelled("it was ended")
    return future.result()
