"""Documents of registries: manifests, indexes, configurations."""

from __future__ import annotations

__all__ = ["TARGETS"]

from boxship import media_type
from boxship.digest import Digest
from boxship.errors import UnexpectedAnswer
from boxship.registry.manifests import Document, parse_document
from boxship.server.document import Rejected, judge
from boxship.spec.config import Config
from boxship.spec.draft import Draft
from boxship.spec.fields import Malformed
from boxship.spec.index import Index
from fuzz.target import Target, target

_WORDS = (
    "schemaVersion mediaType config layers manifests subject annotations platform digest size urls data artifactType "
    '"sha256:" [] {} null -1 1e999 application/vnd.oci.image.manifest.v1+json application/vnd.oci.image.index.v1+json '
    "application/vnd.oci.empty.v1+json rootfs diff_ids history os architecture \\ud800 \\u0000"
)
_KINDS = (media_type.OCI_MANIFEST, media_type.OCI_INDEX, media_type.DOCKER_MANIFEST, media_type.DOCKER_LIST)


@target(UnexpectedAnswer, longest=8192, words=_WORDS)
def manifest(data: bytes) -> None:
    """A document is a manifest or an index with the very bytes, or `UnexpectedAnswer`; platforms are chosen of it."""
    parsed = parse_document(Document(data, "", Digest.of(data)))
    assert parsed.raw == data
    if isinstance(parsed, Index):
        for platform in parsed.platforms:
            assert parsed.choose(platform) or not platform.os


@target(Malformed, longest=8192, words=_WORDS)
def config(data: bytes) -> None:
    """A configuration is read with the very bytes, or is `Malformed`."""
    assert Config.parse(data).raw == data


@target(Malformed, longest=8192, words=_WORDS)
def draft(data: bytes) -> None:
    """A document that is not changed stays what it was, byte for byte; one that is has the change when it is read."""
    written = Draft(data)
    assert written.raw == data
    written.set("boxship", "was here")
    assert Draft(written.raw).fields.text("boxship") == "was here"


@target(longest=8192, words=_WORDS)
def pushed(data: bytes) -> None:
    """What our registry takes for a manifest, our client takes for one, with the same references."""
    for kind in _KINDS:
        try:
            judged = judge(data, kind)
        except Rejected:
            continue
        parsed = parse_document(Document(data, kind, Digest.of(data)))
        below = parsed.manifests if isinstance(parsed, Index) else parsed.references
        assert {one.digest for one in below} == {one.digest for one in judged.references}


TARGETS: tuple[Target, ...] = (manifest, config, draft, pushed)
