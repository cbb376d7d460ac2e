"""Questions about what there is: repositories, tags, and what tags stand for."""

from __future__ import annotations

__all__ = ["details", "repositories", "tags"]

import itertools
import re
from collections.abc import Iterable, Iterator, Mapping
from copy import copy

from boxship.client import Client
from boxship.connect.deadline import Work, current_work
from boxship.connect.trace import Trace
from boxship.errors import BoxshipError, InvalidInput, UnexpectedAnswer
from boxship.image.inspection import Inspected
from boxship.reference import Reference
from boxship.sync.semver import Key, Version
from boxship.ui import failure
from boxship.ui.asked import Asked
from boxship.value import replace
from boxship.wire.grammar import is_tag

_PAGE = 1000
_MOST_REPOSITORIES, _MOST_TAGS = 1000, 10_000  # in an answer
_MOST_KNOWN = 200_000  # tags of a repository
_MOST_DETAILS = 100
_LONGEST_LIST = 600.0  # seconds for all pages of a list
_JOBS = 2  # documents of an index at a time, of each of several tags
_OF_DIGESTS = ("sha256-", "sha512-")
_NUMBER = re.compile(r"(\d{1,18})")


def repositories(asked: Asked) -> Mapping[str, object]:
    """The repositories that match, the best first."""
    begin, count = asked.number("from", 0, 10**9), asked.number("n", 100, _MOST_REPOSITORIES)
    names = asked.kept.names(asked.asker.key)
    shown = names.shown(lambda: _pages(asked))
    found = names.search(shown, asked.text("match"))
    return {
        "repositories": list(found[begin : begin + count]),
        "matched": len(found),
        "total": len(shown.names),
        "from": begin,
        "complete": shown.complete,
    }


def _pages(asked: Asked) -> Iterator[tuple[str, ...]]:
    """The list, page by page, for as long as it takes: the question may have been answered by then."""
    engine = asked.engine
    current_work.set(Work(timeout=_LONGEST_LIST))  # of the thread that lists
    with engine.client(asked.asker) as client:
        yield from client.catalog(engine.registry, page_size=_PAGE).pages()


def tags(asked: Asked) -> Mapping[str, object]:
    """The repository's tags that match, the highest version first."""
    begin, count = asked.number("from", 0, 10**9), asked.number("n", _PAGE, _MOST_TAGS)
    every = list(itertools.islice(asked.client.tags(asked.repository, page_size=_PAGE), _MOST_KNOWN + 1))
    if len(every) > _MOST_KNOWN:
        raise UnexpectedAnswer(f"the tags of {asked.repository}", why=f"there are more than {_MOST_KNOWN}")
    words = asked.text("match").lower()
    found = [tag for tag in every if words in tag.lower()] if words else every
    return {
        "repository": asked.repository.repository,
        "tags": ordered(found)[begin : begin + count],
        "matched": len(found),
        "total": len(every),
        "from": begin,
    }


def ordered(names: Iterable[str]) -> list[str]:
    """Tags with versions, the highest first; then others, the highest numbers first; then those of digests."""
    versions, others, digests = list[tuple[tuple[Key, str], str]](), list[str](), list[str]()
    for name in names:
        if name.startswith(_OF_DIGESTS):
            digests.append(name)
        elif version := Version.parse(name):
            versions.append(((version.key, name), name))
        else:
            others.append(name)
    return [
        *(name for _, name in sorted(versions, reverse=True)),
        *sorted(others, key=_natural, reverse=True),
        *sorted(digests),
    ]


def _natural(name: str) -> tuple[tuple[int, int, str], ...]:
    """What `pr-9` comes before `pr-10` by."""
    parts = filter(None, _NUMBER.split(name))
    return tuple((1, int(part), part) if part.isdecimal() else (0, 0, part) for part in parts)


def details(asked: Asked) -> None:
    """A line for each tag: what it stands for."""
    repository, names = asked.repository, dict.fromkeys(asked.parameters.get("tag", ()))
    if len(names) > _MOST_DETAILS:
        raise InvalidInput(f"{len(names)} tags", why=f"an answer has {_MOST_DETAILS} at most")
    wrong = next((name for name in names if not is_tag(name)), None)
    if wrong is not None:
        raise InvalidInput(f"tag={wrong!r}"[:200], why="this is no tag")
    found = asked.client.attempt_each(lambda name: _summary(asked, replace(repository, tag=name)), names)
    for name, said in zip(names, found, strict=True):
        if isinstance(said, BoxshipError):
            about = {"repository": repository.repository, "reference": name}
            asked.tell({"tag": name, "error": failure.document(said, about)})
        else:
            asked.tell({"tag": name, **said})


def _summary(asked: Asked, image: Reference) -> dict[str, object]:
    """What the tag stands for, with a story of its own: an error does not tell what became of other tags."""
    whole = current_work.get()
    assert whole
    own = copy(whole)
    own.trace = Trace()
    token = current_work.set(own)
    try:
        return _summed(asked, image)
    finally:
        current_work.reset(token)


def _summed(asked: Asked, image: Reference) -> dict[str, object]:
    """Asked for anew, and read unless its digest is known."""
    digest = asked.client.digest(image)
    known = asked.kept.summaries.get(digest)
    if known is None:
        known = _told(_inspected(asked.client, replace(image, tag=None, digest=digest)))
        asked.kept.summaries.put(digest, known)
    return known


def _inspected(client: Client, image: Reference) -> Inspected:
    return client.inspect(image, jobs=_JOBS)


def _told(one: Inspected) -> dict[str, object]:
    images = list(_images(one))
    return {
        "digest": str(one.digest),
        "created": max((image.created for image in images), default=""),
        "size": one.size,
        "media_type": one.media_type,
        "artifact_type": one.artifact_type,
        "platforms": [str(image.platform) for image in images if _runs(image)],
    }


def _images(one: Inspected) -> Iterator[Inspected]:
    """What an index has in the end, or itself."""
    if not one.is_index:
        yield one
    for image in one.images:
        yield from _images(image)


def _runs(image: Inspected) -> bool:
    """Whether it is for a platform: attestations of buildkit are for `unknown/unknown`."""
    return image.platform is not None and image.platform.os not in ("", "unknown")
