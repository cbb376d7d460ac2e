"""Copying all of a repository: every tag, several at a time, each for itself."""

from __future__ import annotations

__all__ = ["copy_tags"]

from collections.abc import Mapping

from boxship.connect.crew import Crew
from boxship.copy import Copied, Options
from boxship.errors import BoxshipError, InvalidReference
from boxship.formats.ends import SourceEnd, TargetEnd, Where, end_of, names_of, target_end
from boxship.formats.place import Kind, Place
from boxship.reference import Reference
from boxship.registry.operations import Operations
from boxship.registry.repository import Repository
from boxship.registry.tags import tags
from boxship.value import replace
from boxship.verbs.copying import Chosen, Copying, copying


def copy_tags(
    operations: Operations,
    source: Reference,
    target: Where,
    *,
    to: Operations,
    platforms: Chosen,
    options: Options,
    jobs: int,
) -> Mapping[str, Copied | BoxshipError]:
    """Copy each tag of the source's repository; what became of it, by tag. One that fails leaves the others alone."""
    end = _without_a_name(target)
    crew = Crew(jobs, "boxship-tags")
    try:
        with (
            copying(operations, platforms, jobs, options) as way,
            operations.at(source.registry) as remote,
            target_end(to, end) as here,
        ):
            there = Repository(remote, source)
            every = [tag for page in tags(remote, source.repository, None, None) for tag in page]

            def copied(tag: str) -> Copied | BoxshipError:
                return _attempt(way, SourceEnd(there, tag), replace(here, names=_names(end, source, tag)))

            return dict(zip(every, crew.map(copied, every), strict=True))
    finally:
        crew.close()


def _attempt(way: Copying, source: SourceEnd, target: TargetEnd) -> Copied | BoxshipError:
    try:
        return way.run(source, target)
    except BoxshipError as error:
        way.work.check()  # where all of it is to end, it does
        return error


def _without_a_name(target: Where) -> Reference | Place:
    """The target, which is to be a repository or a place: the tags give the names."""
    end = end_of(target)
    if isinstance(end, Reference) and (end.tag or end.digest):
        text = str(end)
        begin = len(f"{end.registry}/{end.repository}")
        why = "all tags are copied under their own names"
        raise InvalidReference(text, (begin, len(text)), why=why, remedy=f"write {text[:begin]}")
    return replace(end, name="") if isinstance(end, Place) else end


def _names(end: Reference | Place, source: Reference, tag: str) -> tuple[str, ...]:
    if isinstance(end, Reference):
        return (tag,)
    return names_of(replace(source, tag=tag, digest=None)) if end.kind is Kind.DOCKER_ARCHIVE else (tag,)
