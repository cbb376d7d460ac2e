"""Deleting manifests and tags (the specification's "Deleting Manifests" and "Deleting Tags")."""

from __future__ import annotations

__all__ = ["delete_manifest", "delete_tag"]

from boxship.auth.scope import pull_push_and_delete
from boxship.digest import Digest
from boxship.errors import RegistryError
from boxship.registry.remote import Remote
from boxship.wire import routes
from boxship.wire.message import Request

# What registries say to the deletion of a tag that do not know how: `UNSUPPORTED`, or that a tag is no digest.
_CANNOT = frozenset({400, 404, 405, 415, 501})


def delete_manifest(remote: Remote, repository: str, digest: Digest) -> None:
    """Delete the manifest, and with it every tag that stands for it."""
    try:
        _delete(remote, repository, str(digest))
    except RegistryError as error:
        if error.status in (405, 501):
            error.remedy = "this registry does not delete; where it is yours, permit it in its settings"
        raise


def delete_tag(remote: Remote, repository: str, tag: str) -> bool:
    """Delete the tag, which is there, and leave what it stands for; False where the registry does not know how."""
    try:
        _delete(remote, repository, tag)
    except RegistryError as error:
        if error.status in _CANNOT:
            return False
        raise
    return True


def _delete(remote: Remote, repository: str, name: str) -> None:
    request = Request("DELETE", routes.manifest(repository, name))
    what = f"deleting {repository}@{name}" if ":" in name else f"deleting the tag {repository}:{name}"
    with remote.send(request, pull_push_and_delete(repository), what=what):
        pass
