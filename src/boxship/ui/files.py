"""The question what is in a folder of an image, or of a layer of it; layers that were read are known for a while."""

from __future__ import annotations

__all__ = ["files"]

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager

from boxship.digest import Digest
from boxship.errors import InvalidInput, NotFound
from boxship.formats.ends import source_end
from boxship.image.above import clean
from boxship.image.layers import Layers
from boxship.image.listing import Entry, Listing
from boxship.image.opening import image_at
from boxship.image.stack import Stack
from boxship.image.tar_stream import Kind
from boxship.spec.descriptor import Descriptor
from boxship.ui.asked import Asked
from boxship.ui.images import BOUNDS
from boxship.value import dataclass, replace
from boxship.verbs.words import chosen_platform

_MOST = 1000  # entries in an answer
_SHORT = {Kind.SYMLINK: "symlink", Kind.LINK: "link"}


@dataclass(frozen=True, slots=True)
class _Child:
    """What is directly in a folder, and in which layer it is found, counted from the lowest."""

    name: str
    entry: Entry
    layer: int

    def document(self, layers: Iterable[Descriptor]) -> dict[str, object]:
        kind = _SHORT.get(self.entry.kind, self.entry.kind.value)
        told = {**self.entry.document(), "type": kind, "rights": self.entry.rights}
        kept = {name: value for name, value in told.items() if value not in (None, "", {}) or name == "size"}
        return {"name": self.name, **kept, "layer": str(tuple(layers)[self.layer].digest)}


def files(asked: Asked) -> Mapping[str, object]:
    """The entries of a folder, folders first; of a layer alone also what it takes away there."""
    begin, count = asked.number("from", 0, 10**9), asked.number("n", _MOST, _MOST)
    path, written = _inside(asked.text("path")), asked.text("layer")
    with _stack(asked) as (stack, layers):
        removed: list[str] = []
        if written:
            number = _number(Digest.parse(written), layers, asked)
            found = _of_layer(stack.listing(number), path, number)
            removed = _removed(stack.listing(number), path)
        else:
            found = _of_image(stack, path)
        if not found and not removed and path:
            raise NotFound(f"{path!r} in {asked.image}", why="no layer of the image shows anything there")
        shown = sorted(found, key=lambda child: (child.entry.kind is not Kind.FOLDER, child.name))
        return {
            "path": path,
            "layer": written,
            "matched": len(shown),
            "from": begin,
            "removed": removed[:count],
            "entries": [child.document(layers) for child in shown[begin : begin + count]],
        }


@contextmanager
def _stack(asked: Asked) -> Iterator[tuple[Stack, tuple[Descriptor, ...]]]:
    """The image's layers; those that were read stay known."""
    with asked.client._operations.work(), source_end(asked.client._operations, asked.image) as end:
        layers = image_at(end.store, end.name, chosen_platform(asked.platform)).layers
        listings, repository = asked.kept.listings, asked.image.repository
        every = {one.digest: listings.get((repository, one.digest)) for one in layers}
        known = {digest: listing for digest, listing in every.items() if listing is not None}
        before = frozenset(known)
        with Stack(Layers(end.store, layers, BOUNDS), known=known) as stack:
            yield stack, layers
        for digest in known.keys() - before:
            listings.put((repository, digest), _bare(known[digest]))


def _inside(path: str) -> str:
    """The path from the root on; none leads out of it."""
    if ".." in path.split("/"):
        raise InvalidInput(f"path={path!r}"[:200], why="a folder is named without ..")
    return clean(path)


def _bare(listing: Listing) -> Listing:
    """The listing without any file's bytes."""
    return replace(listing, kept={})


def _number(layer: Digest, layers: tuple[Descriptor, ...], asked: Asked) -> int:
    number = next((place for place, one in enumerate(layers) if one.digest == layer), None)
    if number is None:
        raise NotFound(f"the layer {layer} in {asked.image}", why="the image has no such layer")
    return number


def _of_image(stack: Stack, path: str) -> list[_Child]:
    """What the whole image shows in the folder; links on the way are followed."""
    seen = stack.find(path)
    if seen is None:
        return []
    if seen.entry.kind is not Kind.FOLDER:
        return [_Child(seen.name.rpartition("/")[2], seen.entry, seen.layer)]
    below = stack.below(seen.name)
    return list(_children(seen.name, {name: (one.entry, one.layer) for name, one in below.items()}))


def _of_layer(listing: Listing, path: str, number: int) -> list[_Child]:
    """What the layer alone has in the folder."""
    names = listing.below(path) if path else listing.names
    found = list(_children(path, {name: (listing.entries[name], number) for name in names}))
    itself = listing.entries.get(path)
    return found or ([_Child(path.rpartition("/")[2], itself, number)] if itself else [])


def _removed(listing: Listing, path: str) -> list[str]:
    names = sorted((*listing.removes.leaves, *(f"{name}/*" for name in listing.removes.opaque)))
    prefix = f"{path}/" if path else ""
    return [name for name in names if name.startswith(prefix)]


def _children(folder: str, below: Mapping[str, tuple[Entry, int]]) -> Iterator[_Child]:
    """What is directly in the folder, also folders that no layer has an entry for."""
    prefix = f"{folder}/" if folder else ""
    layers = dict[str, int]()
    for name, (_, layer) in below.items():
        child = name.removeprefix(prefix).partition("/")[0]
        layers[child] = max(layer, layers.get(child, 0))
    for child, layer in layers.items():
        entry, of = below.get(prefix + child, (Entry(kind=Kind.FOLDER), layer))
        yield _Child(child, entry, of)
