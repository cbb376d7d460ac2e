"""What refers to a manifest as its subject: signatures, attestations, bills of materials ("Listing Referrers").

A registry that does not list them has them listed by its clients, under a tag of its own ("Referrers Tag Schema").
"""

from __future__ import annotations

__all__ = ["list_referrer", "referrers"]

import json

from boxship import media_type
from boxship.auth.scope import Scope, pull, pull_and_push
from boxship.digest import Digest
from boxship.errors import NotFound, RegistryError, UnexpectedAnswer
from boxship.registry.manifests import LONGEST_MANIFEST, Document, parse_document
from boxship.registry.pages import next_page
from boxship.registry.publish import put_manifest
from boxship.registry.remote import Remote
from boxship.spec.descriptor import Descriptor
from boxship.spec.fields import Fields, Malformed, parse_object
from boxship.spec.index import Index
from boxship.spec.manifest import Manifest
from boxship.wire import routes
from boxship.wire.message import Request

_NOT_KNOWN = frozenset({400, 404, 405, 406, 501})  # what registries answer to a path that they do not know
_NOTHING = b'{"schemaVersion":2,"mediaType":"%s","manifests":[]}' % media_type.OCI_INDEX.encode()
_MOST_PAGES = 1000


def referrers(remote: Remote, repository: str, subject: Digest) -> tuple[Descriptor, ...]:
    """What refers to the subject, as the registry lists it; where it does not know how, as its tag does."""
    remote, path, found = remote.for_lists(repository), routes.referrers(repository, subject), list[Descriptor]()
    what = f"what refers to {subject}"
    for number in range(_MOST_PAGES):
        try:
            listed, path = _page(remote, repository, path, what)
        except (RegistryError, Malformed) as error:
            if not number and _knows_no_referrers(error):
                return _descriptors(_tagged(remote, repository, subject, pull(repository)))
            raise _wrong(what, error) from error
        found += listed
        if not path:
            return tuple(found)
    raise UnexpectedAnswer(what, why=f"there are more than {_MOST_PAGES} pages of it")


def list_referrer(remote: Remote, repository: str, referrer: Document) -> None:
    """Have the subject's tag list what refers to it: for a registry that does not do so itself.

    Others may write the same list at the same time: registries know no condition for that.
    """
    parsed = parse_document(referrer)
    if not parsed.subject:
        return
    subject = parsed.subject.digest
    listed = _tagged(remote, repository, subject, pull_and_push(repository))
    if any(known.digest == referrer.digest for known in _descriptors(listed)):
        return
    entries = [*(entry.values for entry in listed.objects("manifests")), _entry(referrer, parsed)]
    raw = json.dumps({**listed.values, "manifests": entries}, separators=(",", ":")).encode()
    put_manifest(remote, repository, raw, media_type.OCI_INDEX, routes.referrers_tag(subject))


def _page(remote: Remote, repository: str, path: str, what: str) -> tuple[tuple[Descriptor, ...], str]:
    request = Request("GET", path, {"Accept": media_type.OCI_INDEX})
    with remote.send(request, pull(repository), what=what) as response:
        raw = response.read(LONGEST_MANIFEST)
    return Index.parse(raw).manifests, next_page(remote, path, response.head.all("link"), what)


def _knows_no_referrers(error: RegistryError | Malformed) -> bool:
    # Some answer with a page for people, where they know no such path.
    return isinstance(error, Malformed) or error.status in _NOT_KNOWN


def _tagged(remote: Remote, repository: str, subject: Digest, scope: Scope) -> Fields:
    """The list under the subject's tag, an index; an empty one where there is none."""
    tag = routes.referrers_tag(subject)
    what = f"the referrers' tag {tag}"
    request = Request("GET", routes.manifest(repository, tag), {"Accept": media_type.ACCEPT_MANIFESTS})
    try:
        with remote.send(request, scope, what=what) as response:
            raw = response.read(LONGEST_MANIFEST)
    except NotFound:
        raw = _NOTHING
    try:
        listed = parse_object(raw)
        Index.parse(raw)  # whatever else has that name is not to be overwritten
    except Malformed as error:
        raise _wrong(what, error) from error
    return listed


def _descriptors(listed: Fields) -> tuple[Descriptor, ...]:
    return tuple(Descriptor.read(entry) for entry in listed.objects("manifests"))


def _entry(referrer: Document, parsed: Manifest | Index) -> dict[str, object]:
    kind = parsed.artifact_type or (parsed.config.media_type if isinstance(parsed, Manifest) else "")
    entry: dict[str, object] = {
        "mediaType": referrer.media_type,
        "digest": str(referrer.digest),
        "size": len(referrer.raw),
    }
    if kind:
        entry["artifactType"] = kind
    if parsed.annotations:
        entry["annotations"] = dict(parsed.annotations)
    return entry


def _wrong(what: str, error: RegistryError | Malformed) -> RegistryError:
    return error if isinstance(error, RegistryError) else UnexpectedAnswer(what, why=str(error))
