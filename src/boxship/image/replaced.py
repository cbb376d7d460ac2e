"""Documents that somebody has written by hand, in the place of others."""

from __future__ import annotations

__all__ = ["replaced", "with_config"]

from boxship.digest import Digest
from boxship.errors import InvalidInput
from boxship.image.image import Image
from boxship.registry.manifests import Document
from boxship.spec.config import Config
from boxship.spec.fields import Malformed, parse_object
from boxship.spec.index import Index
from boxship.spec.manifest import Manifest


def replaced(document: Document, content: bytes, media_type: str = "") -> Document:
    """A document of these bytes; `InvalidInput` where they are no manifest and no index."""
    try:
        fields = parse_object(content)
        said = media_type or fields.text("mediaType", document.media_type)
        (Index if fields.has("manifests") else Manifest).parse(content, said)
    except Malformed as error:
        raise InvalidInput("the manifest", why=str(error)) from error
    return Document(content, said, Digest.of(content, document.digest.algorithm))


def with_config(image: Image, content: bytes) -> Image:
    """The image with these bytes for its configuration; `InvalidInput` where they are none."""
    try:
        Config.parse(content)
    except Malformed as error:
        raise InvalidInput("the configuration", why=str(error)) from error
    return image.with_config_bytes(content)
