"""Whether a registry has what its names say, wherever both are: reading only, also beside who serves it.

What can be done about a finding is `repair`'s work; what damage does to readers meanwhile, `blobs`'s. Content is looked
at by `file_check` or `object_check`, manifests by `manifest_check`.
"""

from __future__ import annotations

__all__ = ["Check", "Fault", "Finding", "Report", "check", "checking"]

import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Protocol

from boxship.errors import BoxshipError
from boxship.server.belonging import check_files
from boxship.server.database import Transaction, Unavailable
from boxship.server.database.schema import prepare
from boxship.server.database.shared_clock import now_of
from boxship.server.storage.file_storage import FileStorage
from boxship.server.upkeep.file_check import FileCheck
from boxship.server.upkeep.finding import Fault, Finding, Report
from boxship.server.upkeep.manifest_check import check_manifests
from boxship.server.upkeep.place import Held, Place, read_place
from boxship.server.upkeep.reading import reading
from boxship.value import dataclass

_GRACE = 3600.0  # seconds that content without a row may belong to a push that is under way
# What is as it should be where manifests are taken without their content, or brought ahead of it.
_SPARSE = frozenset({Fault.INCOMPLETE, Fault.PARTIAL})


class _Contents(Protocol):
    """A look at all content."""

    def findings(self) -> Iterator[Finding]:
        """What is wrong with blobs, and what is nobody's."""

    def uploads(self) -> Iterator[Finding]:
        """What is wrong with uploads."""


@dataclass(frozen=True, slots=True)
class Check:
    """A registry that is looked at: nothing of it is kept in memory, however much that is."""

    _names: Transaction
    _contents: _Contents
    _verify: bool
    _sparse: bool

    def findings(self) -> Iterator[Finding]:
        """Every fault as it is found: of the database where all is verified, of blobs, of manifests, and of uploads."""
        return (each for each in self._all() if not (self._sparse and each.fault in _SPARSE))

    def count(self, table: str) -> int:
        """How many rows there are: of `blob` or of `manifest`."""
        (found,) = self._names.execute(f"SELECT count(*) FROM {table}").fetchone()  # noqa: S608 - one of two words
        return int(found)

    def _all(self) -> Iterator[Finding]:
        if self._verify and isinstance(self._names, sqlite3.Connection):
            yield from _contradictions(self._names)
        yield from self._contents.findings()
        yield from check_manifests(self._names)
        yield from self._contents.uploads()


def check(where: Path | Place, *, verify: bool = False, grace: float = _GRACE, sparse: bool = False) -> Report:
    """Hold a registry's content against its names; with `verify` read all of it, not only what was written to since.

    `sparse` is for a cache, or a registry with `--allow-sparse`: content that is not there is no fault of theirs.
    What has no row counts when it is older than `grace` seconds. `InvalidSettings` for what is no registry,
    `BoxshipError` where its database or its store do not answer.
    """
    with checking(where, verify=verify, grace=grace, sparse=sparse) as looked:
        findings = tuple(looked.findings())
        return Report(looked.count("blob"), looked.count("manifest"), findings)


@contextmanager
def checking(
    where: Path | Place, *, verify: bool = False, grace: float = _GRACE, sparse: bool = False
) -> Iterator[Check]:
    """The same for who wants findings one by one."""
    place = where if isinstance(where, Place) else Place(where)
    if place.database or place.storage:
        with _reached(place), read_place(place) as held:
            # By what those go by who write there: a machine that is ahead would take what is on its way for nobody's.
            now = now_of(held.names) if place.database else time.time()
            contents = _contents(held, place.folder, verify=verify, now=now, grace=grace)
            yield Check(held.names, contents, verify, sparse)
        return
    until = time.time() - grace
    # Without taking the folder: it may be a backup on a disk that is for reading.
    with reading(place.folder) as names:
        if names.execute("SELECT 1 FROM sqlite_schema").fetchone():
            check_files(names, place.folder)
            yield Check(names, FileCheck(names, place.folder, verify=verify, until=until), verify, sparse)
            return
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as nothing:  # a crash came while it was made
        prepare(nothing, str(place.folder))
        yield Check(nothing, FileCheck(nothing, place.folder, verify=verify, until=until), verify, sparse)


@contextmanager
def _reached(place: Place) -> Iterator[None]:
    try:
        yield
    except Unavailable as error:
        what = f"the registry in {place.storage or place.folder} was not looked through"
        remedy = "see whether its database and its store answer, and do it again"
        raise BoxshipError(what, why=error.strerror or str(error), remedy=remedy) from error


def _contents(held: Held, folder: Path, *, verify: bool, now: float, grace: float) -> _Contents:
    if isinstance(held.storage, FileStorage):
        return FileCheck(held.names, folder, verify=verify, until=now - grace)
    from boxship.server.storage.object_storage import ObjectStorage  # noqa: PLC0415
    from boxship.server.upkeep.object_check import ObjectCheck  # noqa: PLC0415 - an extra

    assert isinstance(held.storage, ObjectStorage)
    return ObjectCheck(held.names, held.storage, verify=verify, now=now, grace=grace)


def _contradictions(names: sqlite3.Connection) -> Iterator[Finding]:
    for (complaint,) in names.execute("PRAGMA integrity_check").fetchall():
        if complaint != "ok":
            yield Finding(Fault.INCONSISTENT, "registry.db", complaint)
