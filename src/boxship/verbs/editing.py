"""Changing images: one is read, changed as a value, and copied to where it is to be, with what is new in it."""

from __future__ import annotations

__all__ = ["Making", "edit_image", "make_image", "put_document"]

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial

from boxship.copy import Copied
from boxship.digest import Digest
from boxship.errors import NotFound, Refused
from boxship.formats.ends import SourceEnd, TargetEnd, Where, source_end, target_end
from boxship.formats.memory import Memory
from boxship.graph import Node, read_graph
from boxship.image.image import Change, Image
from boxship.image.overlay import Overlay
from boxship.image.tree import Edit, Tree, edit_tree
from boxship.image.workshop import Send, Workshop, workshop
from boxship.platform import Platform
from boxship.registry.manifests import Document, parse_document
from boxship.registry.operations import Operations
from boxship.registry.repository import Repository
from boxship.registry.uploads import BlobSource
from boxship.spec.index import Index
from boxship.store import Source
from boxship.value import dataclass, field
from boxship.verbs.copying import Chosen, Copying, copying


@dataclass(frozen=True, slots=True)
class Making:
    """Where an image is changed: what it is read from, where layers are made, and where other blobs of it are."""

    source: Source
    shop: Workshop
    beside: dict[Digest, BlobSource] = field(default_factory=dict)
    sending: Callable[[], Send | None] = lambda: None
    """What sends a layer while it is being made, where the target can take it so, and hardly has it already."""


Make = Callable[[Making], Edit]


def edit_image(
    operations: Operations,
    source: Where,
    target: Where | None,
    make: Make,
    *,
    platforms: Chosen,
    jobs: int,
    above: Change | None = None,
) -> Copied:
    """Change an image, or those of an index (and that by `above`), and put it to the target, or where it was.

    Of an index, one platform is taken alone, as an image of its own; with several, or none, the index stays one.
    """
    with (
        _making(operations, source if target is None else target, jobs=jobs, source=source) as (way, here, shop),
        source_end(operations, source) as there,
    ):
        making = Making(there.store, shop, sending=partial(_sending, here))
        tree = edit_tree(there.store, _node(there, platforms or here.platforms), make(making), platforms or (), above)
        return _put(way, making, tree, here)


def put_document(
    operations: Operations, source: Where, target: Where | None, change: Callable[[Document], Document], *, jobs: int
) -> Copied:
    """Put another document to the target, in the place of the one that the source has; what it refers to is there."""
    with (
        _making(operations, source if target is None else target, jobs=jobs, source=source) as (way, here, shop),
        source_end(operations, source) as there,
    ):
        document = change(there.store.read(there.store.resolve(there.name)))
        return _put(way, Making(there.store, shop), Tree(document), here)


def make_image(operations: Operations, target: Where, make: Callable[[Making], Image], *, jobs: int) -> Copied:
    """Put an image that is made from nothing to the target."""
    with _making(operations, target, jobs=jobs) as (way, here, shop):
        making = Making(Memory(), shop)
        image = make(making)
        return _put(way, making, Tree(image.document, (image,)), here)


@contextmanager
def _making(
    operations: Operations, target: Where, *, jobs: int, source: Where = ""
) -> Iterator[tuple[Copying, TargetEnd, Workshop]]:
    with (
        copying(operations, (), jobs) as way,
        target_end(operations, target, source=source) as here,
        workshop(way.crew) as shop,
    ):
        yield way, here.for_another, shop


def _sending(here: TargetEnd) -> Send | None:
    """What sends a layer while it is made, to a registry that cannot have it already, as far as its names tell."""
    store = here.store
    if not isinstance(store, Repository) or any(_may_be_made_again(store, name) for name in here.names):
        return None
    return store.send_while_made


def _may_be_made_again(store: Repository, name: str) -> bool:
    """Whether what has the name may be what is made now: an image of one layer, or several images."""
    try:
        parsed = parse_document(store.read(store.resolve(name)))
    except (NotFound, Refused):  # some registries let nobody look into a repository before it is there
        return False
    return isinstance(parsed, Index) or len(parsed.layers) == 1


def _put(way: Copying, making: Making, tree: Tree, here: TargetEnd) -> Copied:
    contents = {digest: content for image in tree.images for digest, content in image.new.items()}
    overlay = Overlay(making.source, (tree.root, *tree.documents), contents, making.beside)
    return way.run(SourceEnd(overlay, str(tree.root.digest)), here)


def _node(there: SourceEnd, platforms: tuple[Platform, ...]) -> Node:
    """What is to be changed, with all that stands below it."""
    alone = platforms if len(platforms) == 1 else ()
    node = read_graph(there.store, there.store.resolve(there.name), alone)
    while alone and node.children:
        (node,) = node.children
    return node
