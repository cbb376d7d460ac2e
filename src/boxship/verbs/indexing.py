"""Indexes of images that are anywhere: gathered in one, each copied to where the index is to be."""

from __future__ import annotations

__all__ = ["filter_index", "list_in_layout", "make_index"]

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path

from boxship.copy import Copied
from boxship.digest import Digest
from boxship.formats.ends import SourceEnd, TargetEnd, Where, source_end, target_end
from boxship.formats.listed_layout import ListedLayout
from boxship.image.gathered import Gathered
from boxship.image.indexes import Entry, empty_index, entries_of, entry_for, only, with_entries
from boxship.platform import Platform
from boxship.registry.manifests import Document, parse_document
from boxship.registry.operations import Operations
from boxship.spec.index import Index
from boxship.store import Source
from boxship.verbs.copying import copying


class _Gathering:
    """Entries, and where each of them is."""

    def __init__(self, operations: Operations, stack: ExitStack) -> None:
        self._operations, self._stack = operations, stack
        self.entries: dict[str, Entry] = {}
        self.owners: dict[Digest, Source] = {}

    def base(self, where: Where) -> Document:
        """An index whose entries come first."""
        store, document = self._read(where)
        for entry in entries_of(document):
            self._add(store, entry)
        return document

    def add(self, where: Where, *, flatten: bool) -> None:
        """A manifest; of an index, with `flatten`, those that stand in it."""
        store, document = self._read(where)
        if flatten and isinstance(parse_document(document), Index):
            for entry in entries_of(document):
                self._add(store, entry)
        else:
            self._add(store, entry_for(store, document))

    def _read(self, where: Where) -> tuple[Source, Document]:
        end = self._stack.enter_context(source_end(self._operations, where))
        return end.store, end.store.read(end.store.resolve(end.name))

    def _add(self, store: Source, entry: Entry) -> None:
        digest = str(entry["digest"])
        self.entries[digest] = entry
        self.owners.setdefault(Digest.parse(digest), store)


def make_index(
    operations: Operations,
    manifests: Sequence[Where],
    target: Where,
    *,
    base: Where | None,
    docker: bool,
    flatten: bool,
    annotations: Mapping[str, str | None],
    jobs: int,
) -> Copied:
    """Put an index of these manifests to the target, after those of the base."""
    with ExitStack() as stack:
        way = stack.enter_context(copying(operations, (), jobs))
        gathering = _Gathering(operations, stack)
        index = empty_index(docker=docker) if base is None else gathering.base(base)
        for where in manifests:
            gathering.add(where, flatten=flatten)
        root = with_entries(index, list(gathering.entries.values()), annotations)
        here = stack.enter_context(target_end(operations, target)).for_another
        return way.run(SourceEnd(Gathered(root, gathering.owners), ""), here)


def list_in_layout(
    operations: Operations, manifests: Sequence[Where], folder: Path, *, flatten: bool, jobs: int
) -> Copied:
    """Put these manifests to a layout, and into its list."""
    with ExitStack() as stack:
        way = stack.enter_context(copying(operations, (), jobs))
        gathering = _Gathering(operations, stack)
        for where in manifests:
            gathering.add(where, flatten=flatten)
        root = with_entries(empty_index(), list(gathering.entries.values()), {})
        return way.run(SourceEnd(Gathered(root, gathering.owners), ""), TargetEnd(ListedLayout(folder), ()))


def filter_index(
    operations: Operations, source: Where, target: Where, platforms: Sequence[Platform], *, jobs: int
) -> Copied:
    """Put an index with the manifests for one of these platforms to the target."""
    with (
        copying(operations, (), jobs) as way,
        source_end(operations, source) as there,
        target_end(operations, target) as here,
    ):
        index = there.store.read(there.store.resolve(there.name))
        root = only(index, lambda platform: any(_is(platform, wanted) for wanted in platforms))
        owners = {Digest.parse(str(entry["digest"])): there.store for entry in entries_of(root)}
        return way.run(SourceEnd(Gathered(root, owners), ""), here.for_another)


def _is(platform: Platform, wanted: Platform) -> bool:
    """Whether it is the platform; that may be a system alone."""
    return platform.os == wanted.os if not wanted.architecture else platform.satisfies(wanted)
