"""Reading manifests and indexes: the bytes, verified, and the digest that a name resolves to."""

from __future__ import annotations

__all__ = ["Document", "choose_platform", "parse_document", "read_ahead", "read_manifest", "resolve", "resolve_ahead"]

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from boxship import media_type
from boxship.auth.scope import Scope, pull
from boxship.digest import Digest
from boxship.errors import DigestMismatch, InvalidReference, RegistryError, Schema1, UnexpectedAnswer
from boxship.platform import Platform
from boxship.reference import Reference
from boxship.registry.remote import Remote
from boxship.spec.descriptor import Descriptor
from boxship.spec.fields import Malformed, parse_object
from boxship.spec.index import Index
from boxship.spec.manifest import Manifest
from boxship.value import dataclass, field
from boxship.wire import routes
from boxship.wire.message import Head, Request
from boxship.wire.printable import printable

if TYPE_CHECKING:
    from boxship.transport.ahead import Ahead
    from boxship.transport.response import Response

# The specification asks for 4 MiB at least ("Pushing Manifests"); nobody's manifest is near it.
LONGEST_MANIFEST = 8 * 1024 * 1024
_PAGE = "text/html"
_ACCEPT = {"Accept": media_type.ACCEPT_MANIFESTS}


@dataclass(frozen=True, slots=True)
class Document:
    """A manifest's bytes as the registry sent them, their media type, and their digest, which was verified."""

    raw: bytes = field(repr=False)
    media_type: str
    digest: Digest

    @property
    def descriptor(self) -> Descriptor:
        """What points at it."""
        return Descriptor(media_type=self.media_type, digest=self.digest, size=len(self.raw))


def read_manifest(remote: Remote, reference: Reference) -> Document:
    """The manifest that the reference names; `DigestMismatch` where its bytes are not what they were said to be."""
    request, scope, what = _question("GET", reference)
    return remote.take(request, scope, what=what, read=partial(_read, reference))


def read_ahead(remote: Remote, reference: Reference) -> Ahead[Document] | None:
    """The same, asked for now and waited for later; None where asking takes a wait of its own."""
    request, scope, what = _question("GET", reference)
    sent = remote.ahead(request, scope, what=what)
    return sent.then(partial(_read_answer, reference)) if sent else None


def _read_answer(reference: Reference, answer: Callable[[], Response]) -> Document:
    with answer() as response:
        return _read(reference, response)


def _read(reference: Reference, response: Response) -> Document:
    raw, said = response.read(LONGEST_MANIFEST), _said_digest(response.head)
    expected = reference.digest or said
    digest = Digest.of(raw, expected.algorithm if expected else "sha256")
    for promised in (reference.digest, said):
        # The header may be of another algorithm than was asked for: then it says nothing of these bytes.
        if promised and promised.algorithm == digest.algorithm and promised != digest:
            # What is signed is called by what was there before it was.
            if media_type.bare(response.head.get("content-type")).startswith(media_type.DOCKER_SCHEMA_1):
                raise _schema_1(str(reference))
            raise DigestMismatch(f"the manifest {reference}", expected=str(promised), actual=str(digest))
    return Document(raw, _media_type(f"the manifest {reference}", response.head, raw), digest)


def choose_platform(remote: Remote, reference: Reference, document: Document, platform: Platform) -> Document:
    """The manifest that an index has for the platform; a manifest is its own."""
    parsed = parse_document(document)
    if isinstance(parsed, Manifest):
        return document
    chosen = parsed.choose(platform)
    if not chosen:
        offered = printable(", ".join(map(str, parsed.platforms))) or "none"
        raise UnexpectedAnswer(f"{reference} has no manifest for {platform}", why=f"its platforms are {offered}")
    return read_manifest(remote, reference.with_digest(chosen.digest))


def resolve(remote: Remote, reference: Reference) -> Digest:
    """The digest that the reference stands for, by HEAD; by GET where the registry's answer to HEAD does not say it."""
    request, scope, what = _question("HEAD", reference)
    return _resolved(remote, reference, lambda: remote.send(request, scope, what=what))


def resolve_ahead(remote: Remote, reference: Reference) -> Ahead[Digest] | None:
    """The same, asked for now and waited for later; None where asking takes a wait of its own."""
    request, scope, what = _question("HEAD", reference)
    sent = remote.ahead(request, scope, what=what)
    return sent.then(lambda answer: _resolved(remote, reference, answer)) if sent else None


def _question(method: str, reference: Reference) -> tuple[Request, Scope, str]:
    request = Request(method, routes.manifest(reference.repository, reference.name), _ACCEPT)
    return request, pull(reference.repository), f"the manifest {reference}"


def _resolved(remote: Remote, reference: Reference, answer: Callable[[], Response]) -> Digest:
    try:
        with answer() as response:
            said = _said_digest(response.head)
    except RegistryError as error:
        if error.status not in (400, 405, 501):
            raise
        said = None  # some registries and proxies do not take HEAD
    if said is None:
        return read_manifest(remote, reference).digest
    if not reference.digest:
        return said
    if said != reference.digest and said.algorithm == reference.digest.algorithm:
        raise DigestMismatch(f"the manifest {reference}", expected=str(reference.digest), actual=str(said))
    return reference.digest


def parse_document(document: Document) -> Manifest | Index:
    """The manifest or index in a document, or `UnexpectedAnswer` for one that is neither."""
    kind = media_type.bare(document.media_type)
    try:
        if kind in media_type.INDEXES:
            return Index.parse(document.raw, kind)
        if kind in media_type.MANIFESTS:
            return Manifest.parse(document.raw, kind)
        fields = parse_object(document.raw)
        if kind.startswith(media_type.DOCKER_SCHEMA_1) or fields.values.get("schemaVersion") == 1:
            raise _schema_1(str(document.digest))
        return (Index if fields.has("manifests") else Manifest).parse(document.raw, kind)
    except Malformed as error:
        raise _malformed(
            f"the manifest {document.digest} is malformed", error, document.media_type, document.raw
        ) from error


def _schema_1(which: str) -> Schema1:
    why = "it is of Docker's schema 1, which has no configuration, and whose layers are not called by what they are"
    remedy = "push it anew with a program of 2017 or later"
    return Schema1(f"the manifest {which} is not read", why=why, remedy=remedy)


def _said_digest(head: Head) -> Digest | None:
    try:
        return Digest.parse(head.get("docker-content-digest"))
    except InvalidReference:
        return None


def _media_type(what: str, head: Head, raw: bytes) -> str:
    said = media_type.bare(head.get("content-type"))
    if said == _PAGE:
        raise _malformed(f"{what}: the answer is no manifest", "it is a page for people", said, raw)
    if said and said != media_type.JSON:
        return said
    try:
        return parse_object(raw).text("mediaType", said)
    except Malformed as error:
        raise _malformed(f"{what}: the answer is no manifest", error, said, raw) from error


def _malformed(what: str, error: Malformed | str, kind: str, raw: bytes) -> UnexpectedAnswer:
    from boxship.wire.failure import middlebox_words  # noqa: PLC0415 -- seldom needed, see `client`

    page = middlebox_words(kind, raw) if "html" in kind or raw.lstrip()[:1] == b"<" else ""
    return UnexpectedAnswer(what, why=f"{error}: {page}" if page else str(error))
