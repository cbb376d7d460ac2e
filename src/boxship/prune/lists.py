"""What registries list besides tags: referrers, and, where they do, manifests without a tag."""

from __future__ import annotations

__all__ = ["raised", "referrers_of", "untagged_of"]

import math
from collections.abc import Iterable, Iterator, Mapping
from functools import partial
from typing import TypeVar

from boxship.client import Client
from boxship.digest import Digest
from boxship.errors import BoxshipError, InvalidReference, Refused, UnexpectedAnswer
from boxship.reference import Reference
from boxship.registry.remote import error_of_response
from boxship.spec.fields import Fields, Malformed, parse_object
from boxship.wire import routes
from boxship.wire.links import next_link
from boxship.wire.target import Target

Found = TypeVar("Found")

_LONGEST = 8 * 1024 * 1024
_MOST_PAGES = 10_000
_NOT_KNOWN = frozenset({400, 404, 405, 406, 501})  # what registries answer to a path that they do not know


def untagged_of(client: Client, repository: Reference, *, older: float) -> tuple[Digest, ...] | None:
    """The manifests without a tag that were pushed so many seconds ago; None where the registry does not list them."""
    what = f"the manifests of {repository} without a tag"
    path = routes.with_query(routes.untagged(repository.repository), older=math.ceil(older))
    try:
        pages = list(_pages(client, repository, path, what))
    except Refused:
        return None  # so some say that they do not know a path: the tags were not refused
    with_names = [page.texts("manifests") for page in pages]
    return tuple(_digest(text, what) for names in with_names for text in names) if pages else None


def referrers_of(
    client: Client, repository: Reference, subjects: Iterable[Digest]
) -> Mapping[Digest, tuple[Digest, ...]] | None:
    """What refers to manifests, as the registry lists it; None where it does not know how: tags do, then."""
    first, *others = subjects
    found = _referrers(client, repository, first)
    if found is None:
        return None
    rest = client.attempt_each(partial(_referrers, client, repository), others)
    return {first: found, **{subject: said or () for subject, said in zip(others, map(raised, rest), strict=True)}}


def _referrers(client: Client, repository: Reference, subject: Digest) -> tuple[Digest, ...] | None:
    what = f"what refers to {subject}"
    pages = list(_pages(client, repository, routes.referrers(repository.repository, subject), what))
    entries = (entry for page in pages for entry in page.objects("manifests"))
    return tuple(_digest(entry.text("digest"), what) for entry in entries) if pages else None


def raised(said: Found | BoxshipError) -> Found:
    """What was found: a plan of half of what is there is none."""
    if isinstance(said, BoxshipError):
        raise said
    return said


def _pages(client: Client, repository: Reference, path: str, what: str) -> Iterator[Fields]:
    for number in range(_MOST_PAGES):
        with client.api("GET", repository.registry, path) as response:
            if not number and response.status in _NOT_KNOWN:
                return
            if response.status != 200:
                raise error_of_response(what, repository.registry, response)
            raw, links = response.read(_LONGEST), response.head.all("link")
        try:
            yield parse_object(raw)
        except Malformed as error:
            if not number:
                return  # a page for people, where such a path is not known
            raise UnexpectedAnswer(what, why=str(error)) from error
        link = next_link(links)
        if not link:
            return
        path = _path(link, repository, path, what)
    raise UnexpectedAnswer(what, why=f"there are more than {_MOST_PAGES} pages of it")


def _path(link: str, repository: Reference, path: str, what: str) -> str:
    here = f"https://{repository.registry.name}{path}"
    try:
        target = Target.parse(link, here)
    except ValueError as error:
        raise UnexpectedAnswer(what, why=f"its next page is nowhere: {error}") from None
    if target.host != Target.parse(here).host:
        raise UnexpectedAnswer(what, why=f"its next page is at another host: {target.registry}")
    return target.path


def _digest(text: str, what: str) -> Digest:
    try:
        return Digest.parse(text)
    except InvalidReference as error:
        raise UnexpectedAnswer(what, why=error.why) from error
