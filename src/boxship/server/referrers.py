"""The referrers of a manifest: what was pushed about it, with it as the subject (distribution-spec, end-12).

`push` keeps beside each manifest what its descriptor says here, so that no manifest is read for a listing.
"""

from __future__ import annotations

__all__ = ["listed", "read"]

import json
from collections.abc import Iterator

from boxship import media_type
from boxship.server.answer import Answer
from boxship.server.names import Referrer
from boxship.server.paging import Page
from boxship.server.registry import Registry
from boxship.server.request import Request
from boxship.wire import routes

# A page is a manifest to its readers, and these need not take larger ones ("Pushing Manifests").
_LARGEST = 4 * 1024 * 1024


async def read(registry: Registry, request: Request) -> Answer:
    """A page of the referrers; what nobody refers to has none, whether it is there or not."""
    subject = request.digest()
    kind = request.parameter("artifactType") or ""
    page = Page.asked(request, registry.settings.page_size)
    found = await registry.names.referrers(
        request.repository, subject, tag=routes.referrers_tag(subject), after=page.last, artifact_type=kind
    )
    return listed(request, page, found)


def listed(request: Request, page: Page, found: Iterator[Referrer]) -> Answer:
    """The answer with a page of what was found, which is in the order of digests, of the right type and the page's."""
    subject, kind = request.digest(), request.parameter("artifactType") or ""
    entries, last = _fill(found, page.size)
    headers = {"content-type": media_type.OCI_INDEX, "cache-control": "no-cache"}
    if kind:
        headers["oci-filters-applied"] = "artifactType"
    if last:
        headers |= page.after(last, routes.referrers(request.repository, subject), artifactType=kind or None)
    return Answer(200, headers, _write_index(entries))


def _fill(found: Iterator[Referrer], most: int) -> tuple[list[str], str]:
    """Descriptors for one page, and the digest that the next page comes after, or '' where there is none."""
    entries: list[str] = []
    size, last = 0, ""
    for referrer in found if most else ():
        entry = _write_descriptor(referrer)
        size += len(entry.encode()) + 1
        # The first is always shown: a listing has to go on.
        if entries and (len(entries) == most or size > _LARGEST - len(_write_index([]))):
            return entries, last
        entries.append(entry)
        last = referrer.digest
    return entries, ""


def _write_descriptor(referrer: Referrer) -> str:
    fields: dict[str, str | int] = {
        "mediaType": referrer.media_type,
        "digest": referrer.digest,
        "size": referrer.size,
    }
    if referrer.artifact_type:
        fields["artifactType"] = referrer.artifact_type
    text = json.dumps(fields, ensure_ascii=False, separators=(",", ":"))
    # Annotations may be megabytes, and are kept as what they are here.
    return f'{text[:-1]},"annotations":{referrer.annotations}}}' if referrer.annotations else text


def _write_index(entries: list[str]) -> bytes:
    text = f'{{"schemaVersion":2,"mediaType":"{media_type.OCI_INDEX}","manifests":[{",".join(entries)}]}}'
    return text.encode()
