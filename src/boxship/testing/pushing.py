"""Filling a registry before a test, over plain HTTP with the standard library: images, tags, blobs and manifests.

It is no client: it trusts the registry, sends everything, and says what failed in an `AssertionError`.
"""

from __future__ import annotations

__all__ = ["put_blob", "put_image", "put_manifest", "put_tags"]

import http.client
from collections.abc import Iterable
from contextlib import closing
from urllib.parse import urlencode, urlsplit

from boxship.digest import Digest
from boxship.media_type import OCI_MANIFEST
from boxship.testing.image import Image, random_image
from boxship.wire import routes

_PATIENCE = 30.0


def put_image(
    address: str, repository: str, tag: str = "latest", image: Image | None = None, *, layers: Iterable[bytes] = ()
) -> Digest:
    """Push `image`, or one with these `layers`, or else a small random one; return its manifest's digest."""
    given = tuple(layers)
    image = image or (Image.of(given) if given else random_image())
    with _connected(address) as connection:
        _put_content(connection, repository, image)
        return _put_manifest(connection, repository, tag, image.manifest, image.media_type)


def put_tags(address: str, repository: str, names: Iterable[str], image: Image | None = None) -> Digest:
    """Give each of `names` to `image`, or to one small random one, over one connection; return its digest."""
    image = image or random_image(layers=1, layer_size=64)
    with _connected(address) as connection:
        _put_content(connection, repository, image)
        for name in names:
            _put_manifest(connection, repository, name, image.manifest, image.media_type)
    return image.digest


def put_blob(address: str, repository: str, content: bytes) -> Digest:
    """Push one blob; return its digest."""
    with _connected(address) as connection:
        return _put_blob(connection, repository, content)


def put_manifest(
    address: str, repository: str, name: str, document: bytes, *, media_type: str = OCI_MANIFEST
) -> Digest:
    """Push a manifest or an index under `name`, a tag or its digest; return its digest."""
    with _connected(address) as connection:
        return _put_manifest(connection, repository, name, document, media_type)


def _connected(address: str) -> closing[http.client.HTTPConnection]:
    return closing(http.client.HTTPConnection(address, timeout=_PATIENCE))


def _put_content(connection: http.client.HTTPConnection, repository: str, image: Image) -> None:
    for content in image.blobs.values():
        _put_blob(connection, repository, content)


def _put_blob(connection: http.client.HTTPConnection, repository: str, content: bytes) -> Digest:
    digest = Digest.of(content)
    begun = _ask(connection, "POST", routes.uploads(repository), b"", expected=202)
    place = urlsplit(begun.headers["Location"])
    query = "&".join(filter(None, (place.query, urlencode({"digest": str(digest)}))))
    _ask(connection, "PUT", f"{place.path}?{query}", content, expected=201)
    return digest


def _put_manifest(
    connection: http.client.HTTPConnection, repository: str, name: str, document: bytes, media_type: str
) -> Digest:
    _ask(connection, "PUT", routes.manifest(repository, name), document, media_type, expected=201)
    return Digest.of(document)


def _ask(
    connection: http.client.HTTPConnection,
    method: str,
    target: str,
    body: bytes,
    media_type: str = "application/octet-stream",
    *,
    expected: int,
) -> http.client.HTTPResponse:
    connection.request(method, target, body, {"Content-Type": media_type})
    response = connection.getresponse()
    words = response.read()
    if response.status != expected:
        raise AssertionError(f"{method} {target}: {response.status} instead of {expected}: {words[:500]!r}")
    return response
