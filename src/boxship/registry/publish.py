"""Writing manifests, under their digest and under tags (the specification's "Pushing Manifests")."""

from __future__ import annotations

__all__ = ["has_manifest", "put_manifest"]

from boxship import media_type as types
from boxship.auth.scope import pull_and_push
from boxship.digest import Digest
from boxship.errors import DigestMismatch, InvalidReference
from boxship.registry.remote import Remote
from boxship.transport.kind import Kind
from boxship.wire import routes
from boxship.wire.message import Request


def has_manifest(remote: Remote, repository: str, digest: Digest) -> bool:
    """Whether the repository has the manifest."""
    request = Request("HEAD", routes.manifest(repository, str(digest)), {"Accept": types.ACCEPT_MANIFESTS})
    return remote.has(request, pull_and_push(repository), what=f"the manifest {digest}")


def put_manifest(remote: Remote, repository: str, raw: bytes, media_type: str, name: str) -> Digest:
    """Put the manifest under `name`, a tag or its digest; its digest. `DigestMismatch` where the registry made another.

    What it refers to has to be there.
    """
    request = Request("PUT", routes.manifest(repository, name), {"Content-Type": media_type}, raw)
    what = f"putting the manifest {repository}:{name}" if ":" not in name else f"putting the manifest {name}"
    with remote.send(request, pull_and_push(repository), what=what, kind=Kind.MOVE) as response:
        said = response.head.get("docker-content-digest")
    digest = Digest.of(raw, Digest.parse(name).algorithm if ":" in name else "sha256")
    try:
        other = Digest.parse(said) if said else digest
    except InvalidReference:
        return digest  # no digest at all says nothing
    if other.algorithm == digest.algorithm and other != digest:
        raise DigestMismatch(f"what the registry made of the manifest {name}", expected=str(digest), actual=str(other))
    return digest
