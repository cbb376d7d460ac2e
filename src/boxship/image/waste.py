"""What each layer of an image adds to what is to be seen in the end, and what it has in vain."""

from __future__ import annotations

__all__ = ["Layer", "Stacked", "stacked"]

from boxship.digest import Digest
from boxship.image.above import Above
from boxship.image.history import History
from boxship.image.layers import Layers
from boxship.image.listing import Listing
from boxship.image.stack import Stack
from boxship.spec.descriptor import Descriptor
from boxship.value import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Layer:
    """A layer among the others. Sizes are bytes of files, unpacked; a layer of none has none of anything.

    Attributes:
        descriptor: of the layer, with its size as it is stored.
        created_by: the step that made it, as the history says.
        files: how many files, links and devices it has; `size` are its files' bytes.
        changed: how many of these lower layers have, too.
        removed: how many names it removes from lower layers.
        hidden: how many of them upper layers replace or remove; `waste` are those files' bytes.
    """

    descriptor: Descriptor
    created_by: str
    files: int
    size: int
    changed: int
    removed: int
    hidden: int
    waste: int

    def document(self) -> dict[str, object]:
        """The layer, as JSON has it."""
        return {
            "digest": str(self.descriptor.digest),
            "media_type": self.descriptor.media_type,
            "stored": self.descriptor.size,
            "created_by": self.created_by,
            "files": self.files,
            "size": self.size,
            "changed": self.changed,
            "removed": self.removed,
            "hidden": self.hidden,
            "waste": self.waste,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Stacked:
    """The layers of an image, the lowest first."""

    digest: Digest
    layers: tuple[Layer, ...]

    @property
    def size(self) -> int:
        """Bytes of files that are to be seen."""
        return sum(layer.size - layer.waste for layer in self.layers)

    @property
    def waste(self) -> int:
        """Bytes of files that are not."""
        return sum(layer.waste for layer in self.layers)

    @property
    def efficiency(self) -> float:
        """Which part of all files' bytes is to be seen; 1 where there are none."""
        return self.size / (self.size + self.waste) if self.size + self.waste else 1.0

    def document(self) -> dict[str, object]:
        """All of it, as JSON has it."""
        return {
            "digest": str(self.digest),
            "size": self.size,
            "waste": self.waste,
            "efficiency": round(self.efficiency, 6),
            "layers": [layer.document() for layer in self.layers],
        }


def stacked(layers: Layers, history: History) -> Stacked:
    """What each layer adds; all of them are read."""
    steps, above = [step.created_by for step in history.steps if step.layer], Above()
    with Stack(layers) as stack:
        listings = [stack.listing(number) for number in range(len(layers.descriptors))]
    hidden = list[set[str]]()
    for listing in reversed(listings):
        hidden.insert(0, {name for name in listing.leaves() if above.hides(name)})
        listing.cover(above)
    made, known = [], set[str]()
    for descriptor, step, listing, gone in zip(layers.descriptors, steps, listings, hidden, strict=True):
        files = listing.leaves()
        made.append(_layer(descriptor, step, listing, files, changed=len(known & files), hidden=gone))
        known |= files
    return Stacked(digest=history.digest, layers=tuple(made))


def _layer(
    descriptor: Descriptor, step: str, listing: Listing, files: set[str], *, changed: int, hidden: set[str]
) -> Layer:
    return Layer(
        descriptor=descriptor,
        created_by=step,
        files=len(files),
        size=sum(entry.size for entry in listing.entries.values()),
        changed=changed,
        removed=len(listing.removes.leaves) + len(listing.removes.opaque),
        hidden=len(hidden),
        waste=sum(listing.entries[name].size for name in hidden),
    )
