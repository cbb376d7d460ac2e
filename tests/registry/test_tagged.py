"""Several names that are given at once."""

from __future__ import annotations

import json

import pytest

from boxship import Client
from boxship.digest import Digest
from boxship.errors import UnexpectedAnswer
from boxship.media_type import OCI_EMPTY, OCI_MANIFEST
from boxship.reference import Reference
from boxship.registry.manifests import Document
from boxship.registry.repository import Repository
from boxship.testing import Answer, Request, serving

EMPTY = {"mediaType": OCI_EMPTY, "digest": str(Digest.of(b"{}")), "size": 2}
SUBJECT = {"mediaType": OCI_MANIFEST, "digest": str(Digest.of(b"subject")), "size": 7}
RAW = json.dumps(
    {"schemaVersion": 2, "mediaType": OCI_MANIFEST, "config": EMPTY, "layers": [], "subject": SUBJECT}
).encode()


def without_referrers(request: Request) -> Answer:
    """A registry that takes several tags at once, and knows no referrers; the list of them that it has is none."""
    if request.method == "PUT":
        return Answer(201, headers={"OCI-Tag": "a, b"} if request.query else {})
    return Answer(200, b"no list" if "/manifests/sha256-" in request.path else b"{}")


@pytest.mark.parametrize("names", [("a",), ("a", "b")])
def test_a_referrer_that_cannot_be_listed_is_an_error_however_many_names_it_gets(names: tuple[str, ...]) -> None:
    with serving(without_referrers) as server, Client() as client:
        reference = Reference.parse(f"{server.address}/app")
        with client._operations.at(reference.registry) as remote, pytest.raises(UnexpectedAnswer):
            Repository(remote, reference).name(Document(RAW, OCI_MANIFEST, Digest.of(RAW)), names)
