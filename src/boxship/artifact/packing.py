"""Files made ready for an artifact: read once for their digests, folders as tars in gzip, nothing held in memory."""

from __future__ import annotations

__all__ = ["DIGEST", "UNPACK", "Packed", "pack", "pack_config"]

from collections.abc import Mapping
from pathlib import Path

from boxship import media_type as types
from boxship.artifact.folder import titled_tar
from boxship.artifact.given import STDIN, TITLE, Given
from boxship.artifact.manifest import Entry, entry_for
from boxship.digest import Digest
from boxship.formats.written import in_words
from boxship.image.content import Content
from boxship.image.image import Layer
from boxship.image.workshop import Workshop, Write
from boxship.value import dataclass, replace

UNPACK = "io.deis.oras.content.unpack"
"""oras': it is a folder, in a tar."""
DIGEST = "io.deis.oras.content.digest"
"""oras': the digest of that tar before it was compressed."""


_UNKNOWN_CONFIG = "application/vnd.unknown.config.v1+json"


@dataclass(frozen=True, slots=True)
class Packed:
    """What the manifest says of a file, and its bytes."""

    digest: Digest
    entry: Entry
    content: Content


def pack(given: Given, shop: Workshop, *, modified: int) -> Packed:
    """Make a file ready; a folder's files are all modified then."""
    called = {TITLE: given.called} if given.called else {}
    if given.path != STDIN and Path(given.path).is_dir():
        layer = _folder(given, shop, modified)
        kind, pointer, content = types.OCI_LAYER_GZIP, layer.descriptor, layer.content
        called |= {DIGEST: str(layer.diff_id), UNPACK: "true"}
    else:
        kind = types.OCI_LAYER
        pointer, content = shop.as_it_is(given.path)
    named = replace(pointer, media_type=given.media_type or kind)
    return Packed(named.digest, entry_for(named, {**called, **given.annotations}), content)


def pack_config(given: Given, shop: Workshop, annotations: Mapping[str, str]) -> Packed:
    """Make a file ready that is to be the configuration."""
    pointer, content = shop.as_it_is(given.path)
    named = replace(pointer, media_type=given.media_type or _UNKNOWN_CONFIG)
    return Packed(named.digest, entry_for(named, annotations), content)


def _folder(given: Given, shop: Workshop, modified: int) -> Layer:
    def tell(write: Write) -> None:
        for piece in titled_tar(Path(given.path), given.called, modified):
            write(piece)

    with in_words(f"{given.path} cannot be read"):
        return shop.from_writing(tell, oci=True, history={})
