"""The paths of the distribution specification, as functions of names ("Endpoints", end-1 to end-13)."""

from __future__ import annotations

__all__ = [
    "BASE",
    "CATALOG",
    "blob",
    "manifest",
    "referrers",
    "referrers_tag",
    "tags",
    "untagged",
    "upload",
    "uploads",
    "with_query",
]

from urllib.parse import quote, urlencode

from boxship.digest import Digest

BASE = "/v2/"
CATALOG = "/v2/_catalog"


def tags(repository: str) -> str:
    """Where a repository's tags are listed."""
    return f"/v2/{repository}/tags/list"


def manifest(repository: str, name: str) -> str:
    """Where the manifest with the tag or digest `name` is."""
    return f"/v2/{repository}/manifests/{name}"


def blob(repository: str, digest: Digest) -> str:
    """Where the blob is."""
    return f"/v2/{repository}/blobs/{digest}"


def uploads(repository: str) -> str:
    """Where uploads begin."""
    return f"/v2/{repository}/blobs/uploads/"


def untagged(repository: str) -> str:
    """Where boxship's registry lists manifests without a tag (an extension, as its extensions/README.md has them)."""
    return f"/v2/{repository}/_boxship/untagged"


def upload(repository: str, session: str) -> str:
    """Where the upload `session` goes on."""
    return f"/v2/{repository}/blobs/uploads/{quote(session, safe='')}"


def referrers(repository: str, digest: Digest) -> str:
    """Where the manifests are listed whose subject has `digest`."""
    return f"/v2/{repository}/referrers/{digest}"


def referrers_tag(digest: Digest) -> str:
    """The tag under which clients list the referrers of `digest` in registries that do not ("Referrers Tag Schema")."""
    return f"{digest.algorithm}-{digest.hex[:64]}"


def with_query(path: str, **parameters: str | int | None) -> str:
    """The path with those of the parameters that are not None."""
    given = {name: value for name, value in parameters.items() if value is not None}
    # What the command line was given may hold bytes that are no text, as halves of surrogate pairs.
    return f"{path}?{urlencode(given, errors='surrogatepass')}" if given else path
