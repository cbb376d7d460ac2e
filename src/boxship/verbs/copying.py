"""Copying, pulling and pushing: both ends opened, as one operation with threads of its own."""

from __future__ import annotations

__all__ = ["Chosen", "Copying", "copy_image", "copying", "pull_images", "push_image"]

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from boxship.connect.crew import Crew
from boxship.connect.deadline import Work
from boxship.copy import PLAIN, Copied, Options, copy
from boxship.errors import UnexpectedAnswer
from boxship.formats.ends import SourceEnd, TargetEnd, Where, names_of, source_end, tags_of, target_end
from boxship.formats.place import Kind, Place
from boxship.formats.written import in_words
from boxship.platform import Platform
from boxship.reference import Reference
from boxship.registry.operations import Operations
from boxship.value import dataclass, replace

Chosen = tuple[Platform, ...] | None
"""The platforms that are wanted of an index: all for none, and for None what the target takes by itself."""


@dataclass(frozen=True, slots=True)
class Copying:
    """One operation and its threads, in which images are copied one after the other."""

    work: Work
    crew: Crew
    platforms: Chosen
    options: Options

    def run(self, source: SourceEnd, target: TargetEnd) -> Copied:
        """Copy an image, of the platforms that are told, or else of those that the target takes."""
        return copy(
            source.store,
            source.name,
            target.store,
            target.names,
            platforms=target.platforms if self.platforms is None else self.platforms,
            options=self.options,
            crew=self.crew,
            work=self.work,
        )


@contextmanager
def copying(operations: Operations, platforms: Chosen, jobs: int, options: Options = PLAIN) -> Iterator[Copying]:
    """One operation, in which images are copied, so many blobs at a time."""
    # A crew of its own: the client's may be waiting for this very operation.
    crew = Crew(jobs, "boxship-copy")
    try:
        with in_words("what was to be copied is not all there"), operations.work() as work:
            yield Copying(work, crew, platforms, options)
    finally:
        crew.close()


def copy_image(
    operations: Operations,
    source: Where,
    target: Where,
    *,
    to: Operations,
    platforms: Chosen,
    options: Options,
    jobs: int,
) -> Copied:
    """Copy an image from one end to the other, which `to` reaches."""
    with (
        copying(operations, platforms, jobs, options) as way,
        source_end(operations, source) as there,
        target_end(to, target, source=source) as here,
    ):
        return way.run(there, here)


def pull_images(
    operations: Operations,
    references: Sequence[Reference],
    place: Place,
    *,
    platforms: Chosen,
    annotate: bool,
    cache: Path | None,
    jobs: int,
) -> tuple[Copied, ...]:
    """Bring images to a file or folder, called by their whole references: in a layout, where `annotate` asks for it."""
    copied = []
    with copying(operations, platforms, jobs) as way, target_end(operations, place) as here:
        for reference in references:
            names = names_of(reference) if annotate or place.kind is not Kind.OCI else ()
            with source_end(operations, reference) as there:
                end = _cached(there, cache) if cache else there
                copied.append(way.run(end, replace(here, names=names)))
    return tuple(copied)


def push_image(
    operations: Operations,
    source: Where,
    targets: Iterable[Reference],
    *,
    platforms: Chosen,
    options: Options,
    index: bool,
    jobs: int,
) -> tuple[Copied, ...]:
    """Push what is at a place to each repository, under all the names that it is to have there."""
    repositories: dict[Reference, list[Reference]] = {}
    for target in targets:
        repositories.setdefault(replace(target, tag=None, digest=None), []).append(target)
    copied = []
    with copying(operations, platforms, jobs, options) as way, source_end(operations, source) as end:
        there = _whole(end) if index else end
        for repository, named in repositories.items():
            with target_end(operations, repository) as here:
                names = tuple(name for target in named for name in tags_of(target))
                copied.append(way.run(there, replace(here, names=names)))
    return tuple(copied)


def _cached(end: SourceEnd, folder: Path) -> SourceEnd:
    from boxship.formats.cached import Cached  # noqa: PLC0415 -- seldom wanted, and it takes a while

    return replace(end, store=Cached(end.store, folder))


def _whole(end: SourceEnd) -> SourceEnd:
    from boxship.formats.layout_source import LayoutSource  # noqa: PLC0415 -- as above
    from boxship.formats.whole_layout import WholeLayout  # noqa: PLC0415 -- as above

    if not isinstance(end.store, LayoutSource):
        raise UnexpectedAnswer(f"{end.store} has no index", why="a layout has one, in a folder or an archive")
    return SourceEnd(WholeLayout(end.store), "")
