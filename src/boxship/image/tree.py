"""An image, or the images of an index, changed: with the indexes above them, which then have other digests."""

from __future__ import annotations

__all__ = ["Tree", "edit_tree"]

from collections.abc import Callable, Iterable, Mapping

from boxship.digest import Digest
from boxship.graph import Node
from boxship.image.image import ABOUT, Change, Image, is_config, read_image
from boxship.platform import Platform
from boxship.registry.manifests import Document, parse_document
from boxship.spec.descriptor import Descriptor
from boxship.spec.draft import Draft
from boxship.spec.index import Index
from boxship.spec.manifest import Manifest
from boxship.store import Source
from boxship.value import dataclass

Edit = Callable[[Image], Image]

_UNKNOWN = Platform("unknown", "unknown")  # of what is no image, as attestations are


@dataclass(frozen=True, slots=True)
class Tree:
    """What changes came to: the root, the images that were changed, and the documents above them."""

    root: Document
    images: tuple[Image, ...] = ()
    indexes: tuple[Document, ...] = ()

    @property
    def documents(self) -> Iterable[Document]:
        """All that is new."""
        return (*(image.document for image in self.images), *self.indexes)


def edit_tree(
    source: Source, node: Node, edit: Edit, platforms: tuple[Platform, ...] = (), above: Change | None = None
) -> Tree:
    """Change every image from `node` down, and the indexes there by `above`; with `platforms`, images for one of them.

    What is no image, as an artifact, stays as it is in an index; an attestation about an image that has changed is not
    true of what that has become, and goes.
    """
    return _Editing(source, edit, platforms, above).changed(node)


@dataclass(frozen=True, slots=True)
class _Editing:
    source: Source
    edit: Edit
    platforms: tuple[Platform, ...]
    above: Change | None

    def changed(self, node: Node) -> Tree:
        """What becomes of an image or an index."""
        parsed = parse_document(node.document)
        if isinstance(parsed, Index):
            return self._index(node, parsed)
        image = read_image(self.source, node.document)
        after = self.edit(image)
        return Tree(node.document) if after is image else Tree(after.document, (after,))

    def _index(self, node: Node, index: Index) -> Tree:
        children = {child.document.digest: child for child in node.children}
        after: dict[Digest, Tree] = {}
        for entry in index.manifests:
            child = children.get(entry.digest)
            if child and entry.digest not in after and self._wants(entry) and not _is_artifact(child):
                after[entry.digest] = self.changed(child)
        changed = {str(digest): tree for digest, tree in after.items() if tree.root.digest != digest}
        root = self._rewritten(node.document, changed)
        if root is node.document:
            return Tree(root)
        trees = after.values()
        images = tuple(image for tree in trees for image in tree.images)
        return Tree(root, images, (*(document for tree in trees for document in tree.indexes), root))

    def _wants(self, entry: Descriptor) -> bool:
        if ABOUT in entry.annotations or entry.platform == _UNKNOWN:
            return False
        return not self.platforms or entry.platform is None or any(map(entry.platform.satisfies, self.platforms))

    def _rewritten(self, document: Document, changed: Mapping[str, Tree]) -> Document:
        """The index that points at what its parts have become; the same one where nothing has changed."""
        draft, kept = Draft(document.raw), []
        for entry in draft.sections("manifests"):
            if entry.fields.mapping("annotations").get(ABOUT) in changed:
                continue
            tree = changed.get(entry.fields.text("digest"))
            if tree:
                _point(entry, tree)
            kept.append(entry.copy())
        draft.set("manifests", kept)
        if self.above:
            self.above(draft)
        raw = draft.raw
        if raw == document.raw:
            return document
        said = draft.fields.text("mediaType", document.media_type)
        return Document(raw, said, Digest.of(raw, document.digest.algorithm))


def _is_artifact(node: Node) -> bool:
    parsed = parse_document(node.document)
    return isinstance(parsed, Manifest) and not is_config(parsed.config.media_type)


def _point(entry: Draft, tree: Tree) -> None:
    entry.set("digest", str(tree.root.digest))
    entry.set("size", len(tree.root.raw))
    entry.set("mediaType", tree.root.media_type)
    entry.set("data", None)
    if entry.fields.has("platform") and tree.root in [image.document for image in tree.images]:
        (platform,) = (image.described.platform for image in tree.images)
        section = entry.section("platform")
        section.set("architecture", platform.architecture)
        section.set("os", platform.os)
        section.set("variant", platform.variant or None)
        section.set("os.version", platform.os_version or None)
