"""What a HEAD does not tell of an image, and is looked up where a wish asks for it: dates, platforms, companions."""

from __future__ import annotations

__all__ = ["alone", "created", "lacks_companions"]

from collections.abc import Iterator

from boxship.companions import COSIGN, cosign_tag
from boxship.digest import Digest
from boxship.errors import NotFound
from boxship.graph import filtered, read_graph
from boxship.platform import Platform
from boxship.reference import Reference
from boxship.registry.manifests import resolve
from boxship.registry.repository import Repository
from boxship.spec.fields import Malformed, parse_object
from boxship.spec.index import Index
from boxship.sync.clients import Clients
from boxship.sync.wish import Wish

_ATTESTED, _CREATED = "vnd.docker.reference.type", "org.opencontainers.image.created"


def created(image: Reference, clients: Clients) -> str:
    """When the image was made, as its configuration says; of an index, its first image. '' where nothing says it."""
    client = clients.at(image.registry)
    manifest = client.manifest(image)
    while isinstance(manifest, Index):
        images = [one for one in manifest.manifests if _ATTESTED not in one.annotations]
        if not images:
            return ""
        manifest = client.manifest(image.with_digest(images[0].digest))
    annotated = str(manifest.annotations.get(_CREATED, ""))
    raw = client.read_blob(image.with_digest(manifest.config.digest), size=manifest.config.size)
    try:
        return parse_object(raw).text("created") or annotated
    except Malformed:  # what is no image has any configuration
        return annotated


def alone(image: Reference, platforms: tuple[Platform, ...], clients: Clients, *, filter_them: bool) -> Digest:
    """What these platforms of the image are by themselves: an image, or an index."""
    with clients.operations(image.registry).at(image.registry) as remote:
        there = Repository(remote, image)
        root = read_graph(there, there.resolve(image.name), platforms)
    while len(platforms) == 1 and root.children:
        (root,) = root.children
    return (filtered(root) if filter_them else root).document.digest


def lacks_companions(source: Reference, target: Reference, digest: Digest, wish: Wish, clients: Clients) -> bool:
    """Whether something refers to the image at the source, or is kept by cosign there, that the target lacks."""
    there = set(_companions(source, digest, wish, clients))
    return bool(there) and not there <= set(_companions(target, digest, wish, clients))


def _companions(image: Reference, digest: Digest, wish: Wish, clients: Clients) -> Iterator[tuple[str, Digest]]:
    with clients.operations(image.registry).at(image.registry) as remote:
        if wish.referrers:
            yield from (("", one.digest) for one in Repository(remote, image).referrers(digest))
        for kind in COSIGN if wish.cosign else ():
            tag = cosign_tag(digest, kind)
            try:
                yield tag, resolve(remote, Reference(image.registry, image.repository, tag))
            except NotFound:
                continue
