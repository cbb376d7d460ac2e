"""Writing manifests, under their digest and under tags (the specification's "Pushing Manifests")."""

from __future__ import annotations

__all__ = ["has_manifest", "put_manifest", "send_manifest", "send_tagged"]

from collections.abc import Sequence

from boxship import media_type as types
from boxship.auth.scope import pull_and_push
from boxship.digest import Digest
from boxship.errors import DigestMismatch, InvalidReference
from boxship.registry.again import patiently
from boxship.registry.remote import Remote
from boxship.transport.kind import Kind
from boxship.wire import routes
from boxship.wire.message import Head, Request

_AT_ONCE = 10  # tags: what a registry should take that takes several (the specification, "Pushing Manifests with Tags")


def has_manifest(remote: Remote, repository: str, digest: Digest) -> bool:
    """Whether the repository has the manifest."""
    request = Request("HEAD", routes.manifest(repository, str(digest)), {"Accept": types.ACCEPT_MANIFESTS})
    return remote.has(request, pull_and_push(repository), what=f"the manifest {digest}")


def put_manifest(remote: Remote, repository: str, raw: bytes, media_type: str, name: str) -> Digest:
    """Put the manifest under `name`, a tag or its digest; its digest. `DigestMismatch` where the registry made another.

    What it refers to has to be there.
    """
    return send_manifest(remote, repository, raw, media_type, name)[0]


def send_tagged(
    remote: Remote, repository: str, raw: bytes, media_type: str, tags: Sequence[str]
) -> tuple[tuple[str, ...], Head]:
    """Put the manifest under all tags at once: which ones the registry says it has taken, and what else it says."""
    path = routes.manifest(repository, str(Digest.of(raw)))
    query = "&".join(f"tag={tag}" for tag in tags[:_AT_ONCE])  # a tag has no letter that is written otherwise there
    request = Request("PUT", f"{path}?{query}", {"Content-Type": media_type}, raw)
    what = f"putting the manifest {repository}:{tags[0]}"
    head = _put(remote, repository, request, what)
    taken = {tag.strip() for value in head.all("oci-tag") for tag in value.split(",")}
    return tuple(tag for tag in tags if tag in taken), head


def send_manifest(remote: Remote, repository: str, raw: bytes, media_type: str, name: str) -> tuple[Digest, Head]:
    """The same, with what the registry answers."""
    request = Request("PUT", routes.manifest(repository, name), {"Content-Type": media_type}, raw)
    what = f"putting the manifest {repository}:{name}" if ":" not in name else f"putting the manifest {name}"
    head = _put(remote, repository, request, what)
    digest = Digest.of(raw, Digest.parse(name).algorithm if ":" in name else "sha256")
    said = head.get("docker-content-digest")
    try:
        other = Digest.parse(said) if said else digest
    except InvalidReference:
        return digest, head  # no digest at all says nothing
    if other.algorithm == digest.algorithm and other != digest:
        raise DigestMismatch(f"what the registry made of the manifest {name}", expected=str(digest), actual=str(other))
    return digest, head


def _put(remote: Remote, repository: str, request: Request, what: str) -> Head:
    def put() -> Head:
        with remote.send(request, pull_and_push(repository), what=what, kind=Kind.MOVE) as response:
            return response.head

    return patiently(remote.work, put)
