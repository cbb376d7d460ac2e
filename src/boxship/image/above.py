"""What upper layers hide of lower ones, by having, removing or replacing it (image-spec layer.md, "Whiteouts")."""

from __future__ import annotations

__all__ = ["METADATA", "OPAQUE", "WHITEOUT", "Above", "clean"]

from boxship.errors import UnexpectedAnswer
from boxship.value import dataclass, field

WHITEOUT = ".wh."
OPAQUE = ".wh..wh..opq"
METADATA = ".wh..wh."  # AUFS's own: nobody unpacks it, though links may stand for what is in it

_LONGEST_NAME = 4096  # as Linux's: whoever looks at each folder on the way takes the square of it
_SAYS_NOTHING = frozenset({"", ".", ".."})


@dataclass(slots=True)
class Above:
    """What upper layers have, and so hide."""

    seen: set[str] = field(default_factory=set)
    """Names that something has been written for."""
    leaves: set[str] = field(default_factory=set)
    """Names that are no folder there, or were removed: nothing below them is left of lower layers."""
    opaque: set[str] = field(default_factory=set)
    """Folders whose content is all theirs."""

    def add(self, other: Above) -> None:
        """What another layer, done now, has besides."""
        self.seen |= other.seen
        self.leaves |= other.leaves
        self.opaque |= other.opaque

    def hides(self, name: str) -> bool:
        """Whether what a lower layer calls so is not to be seen."""
        return name in self.seen or name in self.leaves or self.covers(name)

    def covers(self, name: str) -> bool:
        """Whether a folder that it is in is removed, replaced or opaque."""
        leaves, opaque = self.leaves, self.opaque
        if not leaves and not opaque:
            return False
        folder, slash, _ = name.rpartition("/")
        while slash:
            if folder in leaves or folder in opaque:
                return True
            folder, slash, _ = folder.rpartition("/")
        return "" in opaque

    def takes(self, folder: str, base: str) -> bool:
        """Whether the name is a whiteout: what it removes from lower layers is noted."""
        if base == OPAQUE:
            self.opaque.add(folder)
            return True
        if not base.startswith(WHITEOUT) or base.startswith(METADATA):
            return False
        name = base.removeprefix(WHITEOUT)
        if name not in _SAYS_NOTHING:
            self.leaves.add(f"{folder}/{name}" if folder else name)
        return True


def clean(name: str) -> str:
    """A member's name from the root on, without what says nothing; '' for the root. `..` may not lead out of it."""
    if len(name) > _LONGEST_NAME:
        raise UnexpectedAnswer(f"the image has a name of {len(name)} characters")
    name = name.rstrip("/")
    parts = name.split("/")
    if _SAYS_NOTHING.isdisjoint(parts):
        return name
    kept: list[str] = []
    for part in parts:
        if part == "..":
            if not kept:
                raise UnexpectedAnswer(f"the image has the name {name!r}", why="it leads out of the image")
            kept.pop()
        elif part not in ("", "."):
            kept.append(part)
    return "/".join(kept)
