"""What has been acknowledged: what each tag of a repository may name now."""

from __future__ import annotations

__all__ = ["Broken", "Ledger"]

import time
from collections.abc import Iterable
from dataclasses import dataclass, field

_LATE = 30.0  # seconds after which what was not acknowledged has been done, or never will


class Broken(Exception):
    """A promise is not kept; the words say which."""


@dataclass(slots=True)
class Ledger:
    """The tags of one repository, which one client writes, one thing after the other.

    What failed may have been done all the same, and a little later than what was asked after it.
    """

    known: dict[str, str | None] = field(default_factory=dict)
    """What was acknowledged last: a digest, or that the tag is not there."""
    doubts: dict[str, list[tuple[float, str | None]]] = field(default_factory=dict)
    """What may have been done besides, and when."""

    def done(self, tag: str, digest: str | None) -> None:
        """The registry has said that the tag names this now."""
        now = time.monotonic()
        self.known[tag] = digest
        self.doubts[tag] = [(at, one) for at, one in self.doubts.get(tag, []) if now - at < _LATE]

    def tried(self, tags: Iterable[str], digest: str | None) -> None:
        """Nobody knows whether these tags name this now."""
        for tag in tags:
            self.doubts.setdefault(tag, []).append((time.monotonic(), digest))

    def deleted(self, digest: str) -> None:
        """The registry has said that the manifest is gone, and every tag of it."""
        now = time.monotonic()
        for tag in self.naming(digest):
            if self.known.get(tag) == digest:
                self.known[tag] = None
            doubts = self.doubts.get(tag, [])
            self.doubts[tag] = [(at, one) for at, one in doubts if one != digest or now - at < _LATE]

    def naming(self, digest: str) -> list[str]:
        """The tags that may name this."""
        return [tag for tag in {*self.known, *self.doubts} if digest in self.allowed(tag)]

    def allowed(self, tag: str) -> set[str | None]:
        """What the tag may name."""
        return {self.known.get(tag), *(one for _, one in self.doubts.get(tag, []))}

    @property
    def certain(self) -> dict[str, str]:
        """The tags of which it is known what they name."""
        return {tag: one for tag, one in self.known.items() if one and self.allowed(tag) == {one}}

    def check(self, tag: str, found: str | None) -> None:
        """Hold what the tag names against that."""
        if found not in self.allowed(tag):
            raise Broken(f"the tag {tag} names {found}, and may name {sorted(map(str, self.allowed(tag)))}")
