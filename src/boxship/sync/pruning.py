"""A true mirror: what else the target has, in the repositories that are written and in those that left the source.

What is deleted is not had again: where it is not certain that something is wanted no more, it stays.
"""

from __future__ import annotations

__all__ = ["superfluous"]

import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress

from boxship.companions import about
from boxship.errors import BoxshipError, InvalidReference, NotFound, UnexpectedAnswer
from boxship.reference import DEFAULT_TAG, Reference, Registry
from boxship.sync.clients import Clients
from boxship.sync.plan import Do, Step, key
from boxship.sync.planning import Failed, Pair, Planned
from boxship.sync.wish import Wish
from boxship.value import replace

_WHOLE = "{repository}"
_NAME = "boxship-name"
_Places = Mapping[tuple[str, str], Reference]


def superfluous(wishes: Iterable[Wish], found: Iterable[Pair], clients: Clients) -> Iterator[Planned]:
    """The tags that are to go. No source is pruned, and nothing that goes with images, or was kept of them."""
    wishes, found = tuple(wishes), tuple(found)
    wanted = {key(name) for pair in found for name in _names(pair)}
    written = _places(pair.target for pair in found)
    sources = _places((*(pair.source for pair in found), *(one.source for one in wishes if _is_image(one))))
    left = _left(wishes, {**written, **_places(map(_target, filter(_is_image, wishes)))}, clients)
    for here in (*(written[place] for place in sorted(written.keys() - sources.keys())), *left):
        if isinstance(here, Failed):
            yield here
        elif _place(here) not in sources:
            yield from _others(here, wanted, clients)


def _others(here: Reference, wanted: set[tuple[str, str, str]], clients: Clients) -> Iterator[Planned]:
    client = clients.at(here.registry)
    try:
        for tag in client.tags(here):
            name = replace(here, tag=tag)
            if key(name) not in wanted and not about(tag):
                yield Step(do=Do.UNTAG, source=None, target=name, digest=None, was=client.digest(name))
    except NotFound:
        return  # nothing was ever copied there
    except BoxshipError as error:
        yield Failed(here, error)


def _names(pair: Pair) -> Iterator[Reference]:
    """The name that is written, and what that is called from then on which it stood for."""
    yield pair.target
    if pair.wish.backup:
        yield pair.wish.backup.beside(pair.target)


def _is_image(wish: Wish) -> bool:
    return isinstance(wish.source, Reference)


def _target(wish: Wish) -> Reference:
    source = wish.source if isinstance(wish.source, Reference) else Reference(wish.source, _NAME)
    return wish.target.target(replace(source, tag=source.tag or DEFAULT_TAG))


def _place(name: Reference) -> tuple[str, str]:
    return key(name)[:2]


def _places(names: Iterable[Reference | Registry]) -> _Places:
    """The repositories, each once however it is spelled."""
    return {_place(name): Reference(name.registry, name.repository) for name in names if isinstance(name, Reference)}


def _left(wishes: Iterable[Wish], written: _Places, clients: Clients) -> Iterator[Reference | Failed]:
    """Repositories of a registry's mirror that no source has any more: those whose names the target would fill."""
    mirrors = [(wish, wish.source) for wish in wishes if isinstance(wish.source, Registry)]
    seen = set(written)
    for wish, source in mirrors:
        try:
            seen |= _filled(wish, source, clients)
        except BoxshipError as error:
            yield Failed(source, error)
            return  # what that has may be any of them
    for wish, source in mirrors:
        try:
            for here in _others_below(wish, clients):
                if _place(here) not in seen:
                    seen.add(_place(here))
                    yield here
        except BoxshipError as error:
            yield Failed(source, error)


def _filled(wish: Wish, source: Registry, clients: Clients) -> set[tuple[str, str]]:
    """The repositories that those of a source are brought to, if anything of them is wanted."""
    found = set[tuple[str, str]]()
    for name in _listed(source, clients):
        with suppress(InvalidReference):  # none can be there, then
            found.add(_place(wish.target.target(Reference(source, name, DEFAULT_TAG))))
    return found


def _others_below(wish: Wish, clients: Clients) -> Iterator[Reference]:
    """The repositories that the target has where the wish's are brought to."""
    if wish.target.text.count(_WHOLE) != 1:
        return
    before = _target(wish)
    form = re.compile(re.escape(before.repository).replace(re.escape(_NAME), "(.+)", 1))
    for name in clients.at(before.registry).catalog(before.registry):
        match = form.fullmatch(name)
        if match and wish.repositories.has(match[1]):
            yield Reference(before.registry, name)


def _listed(source: Registry, clients: Clients) -> frozenset[str]:
    """The repositories of the source; one that lists none may just show none to us."""
    names = frozenset(clients.at(source).catalog(source))
    if not names:
        why = "all that was copied from there would go"
        raise UnexpectedAnswer(f"{source} lists no repository", why=why, remedy="look there, or leave out --prune")
    return names
