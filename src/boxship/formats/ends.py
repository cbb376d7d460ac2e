"""The two ends of a copy: what is written as a reference or as a place, opened as a store with the names in it."""

from __future__ import annotations

__all__ = ["SourceEnd", "TargetEnd", "Where", "end_of", "names_of", "source_end", "tags_of", "target_end"]

from collections.abc import Iterator
from contextlib import contextmanager

from boxship.digest import is_digest
from boxship.formats.place import Place
from boxship.platform import Platform
from boxship.reference import DEFAULT_TAG, Reference
from boxship.registry.operations import Operations
from boxship.registry.repository import Repository
from boxship.store import Source, Target
from boxship.value import dataclass, replace

Where = Reference | Place | str
"""Where an image is or is to be: `reg.corp/app:1`, `oci:folder:app`."""


@dataclass(frozen=True, slots=True)
class SourceEnd:
    """A store, and what the image is called in it."""

    store: Source
    name: str


@dataclass(frozen=True, slots=True)
class TargetEnd:
    """A store, what the image is to be called in it, and the platforms that it takes where nobody says which."""

    store: Target
    names: tuple[str, ...]
    platforms: tuple[Platform, ...] = ()

    @property
    def for_another(self) -> TargetEnd:
        """The same for what is not known yet: it need not have the digest that is written there, nor has it a tag."""
        return replace(self, names=tuple(name for name in self.names if not is_digest(name)))


def end_of(where: Where) -> Reference | Place:
    """The reference or the place that a text writes."""
    if not isinstance(where, str):
        return where
    return Place.parse(where) or Reference.parse(where)


@contextmanager
def source_end(operations: Operations, where: Where) -> Iterator[SourceEnd]:
    """The end that is read, for as long as the context lasts."""
    end = end_of(where)
    if isinstance(end, Place):
        from boxship.formats.opening import source_at  # noqa: PLC0415 -- two registries need no format

        with source_at(end) as source:
            yield SourceEnd(source, end.name)
        return
    with operations.at(end.registry) as remote:
        yield SourceEnd(Repository(remote, end), end.name)


@contextmanager
def target_end(operations: Operations, where: Where, *, source: Where = "") -> Iterator[TargetEnd]:
    """The end that is written; where it calls images by whole references, it has that of the source by default."""
    end = end_of(where)
    if isinstance(end, Place):
        from boxship.formats.opening import target_at  # noqa: PLC0415 -- as above

        names = (end.name,) if end.name else _names_by_source(end, source)
        with target_at(end) as target:
            yield TargetEnd(target, names, (Platform.here(),) if end.kind.is_dockers else ())
        return
    with operations.at(end.registry) as remote:
        yield TargetEnd(Repository(remote, end), tags_of(end))


def tags_of(target: Reference) -> tuple[str, ...]:
    """The tag that an image is to have, and the digest that it is to be; with that alone, it has no tag."""
    digest = (str(target.digest),) if target.digest else ()
    return (target.tag, *digest) if target.tag else digest or (DEFAULT_TAG,)


def names_of(reference: Reference) -> tuple[str, ...]:
    """What archives call the image: its whole reference; nothing where it is named by its digest alone."""
    if reference.digest and not reference.tag:
        return ()
    return (f"{reference.registry.name}/{reference.repository}:{reference.tag or DEFAULT_TAG}",)


def _names_by_source(place: Place, source: Where) -> tuple[str, ...]:
    if not place.kind.is_dockers or not source:
        return ()
    end = end_of(source)
    return names_of(end) if isinstance(end, Reference) else tuple(filter(None, (end.name,)))
