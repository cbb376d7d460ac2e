"""Lock files: what each image stood for when it was locked, a line each, `reference digest`."""

from __future__ import annotations

__all__ = ["Lock", "write_lock"]

from collections.abc import Iterable, Mapping
from typing import Self

from boxship.audit.listing import lines
from boxship.digest import Digest
from boxship.errors import InvalidReference, InvalidSettings
from boxship.reference import Reference
from boxship.value import dataclass, replace


@dataclass(frozen=True, slots=True)
class Lock:
    """The digests by reference; a reference is what it names, however it was spelled."""

    file: str
    digests: Mapping[Reference, Digest]

    @classmethod
    def parse(cls, text: str, file: str) -> Self:
        """The lock in a text, or `InvalidSettings` for a line that is none, or that says otherwise than one before."""
        found = dict[Reference, Digest]()
        for line in lines(text):
            number = text.count("\n", 0, line.start) + 1
            try:
                key, digest = locked_as(Reference.parse(line.image)), Digest.parse(line.digest)
            except InvalidReference as error:
                why = f"should be a reference and its digest: {error.why}"
                raise InvalidSettings(file, number, why=why) from error
            if found.setdefault(key, digest) != digest:
                raise InvalidSettings(file, number, why=f"{line.image} was said to be {found[key]}")
        return cls(file, found)

    def get(self, reference: Reference) -> Digest | None:
        """What the reference was locked to; None where it is not in the file."""
        pinned = self.digests.get(reference.with_digest(reference.digest)) if reference.digest else None
        return pinned or self.digests.get(locked_as(reference))


def locked_as(reference: Reference) -> Reference:
    """What a reference is called in a lock: by its tag, or by its digest where it has no tag."""
    if not reference.digest:
        return replace(reference, tag=reference.name)
    return replace(reference, digest=None) if reference.tag else reference


def write_lock(known: Iterable[tuple[Reference, Digest]]) -> str:
    """The lock's text, sorted, so that two of them can be compared line by line.

    Where a tag is pinned to what it was before, its line is what it is now, and what is pinned has one of its own.
    """
    lines = dict[Reference, Digest]()
    for reference, digest in sorted(known, key=lambda one: one[0].digest is not None):
        if lines.setdefault(locked_as(reference), digest) != digest:
            lines[reference.with_digest(digest)] = digest
    return "".join(sorted(f"{reference} {digest}\n" for reference, digest in lines.items()))
