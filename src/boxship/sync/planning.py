"""Making a plan: the names are listed, and both sides asked by HEAD what each of them stands for."""

from __future__ import annotations

__all__ = ["Failed", "Pair", "Planned", "pairs", "plan", "present", "right"]

from collections.abc import Callable, Iterable, Iterator

from boxship.digest import Digest
from boxship.errors import BoxshipError, InvalidSettings, NotFound, Refused
from boxship.platform import Platform
from boxship.reference import Reference, Registry
from boxship.sync.clients import Clients
from boxship.sync.looking import alone, created, lacks_companions
from boxship.sync.plan import Do, Step, key
from boxship.sync.state import State
from boxship.sync.wish import Wish
from boxship.value import dataclass


@dataclass(frozen=True, slots=True)
class Pair:
    """A name in the source, and what it is to be called."""

    source: Reference
    target: Reference
    wish: Wish


@dataclass(frozen=True, slots=True)
class Failed:
    """What could not be looked up, or done."""

    reference: Reference | Registry
    error: BoxshipError


Planned = Step | Failed


def pairs(wishes: Iterable[Wish], clients: Clients) -> Iterator[Pair | Failed]:
    """Every name that is wanted, once. What cannot be listed is said, and the rest goes on; no target is two things."""
    firsts = dict[tuple[str, str, str], Pair]()
    for found in _all_pairs(wishes, clients):
        first = firsts.setdefault(key(found.target), found) if isinstance(found, Pair) else found
        if first is found:
            yield found
        elif isinstance(found, Pair) and isinstance(first, Pair) and (why := _apart(first, found)):
            yield Failed(found.target, InvalidSettings(f"target {found.target}", why=why, remedy=_REMEDY))


_REMEDY = "{registry} and {repository} in the target tell them apart"


def _apart(first: Pair, second: Pair) -> str:
    """Why two entries do not want the same; '' where they do."""
    if key(first.source) != key(second.source):
        return f"{first.source} and {second.source} would both be it"
    if first.wish.made != second.wish.made:
        return f"two entries make different things of {first.source}"
    return ""


def _all_pairs(wishes: Iterable[Wish], clients: Clients) -> Iterator[Pair | Failed]:
    listed = list[tuple[Wish, Reference]]()
    for wish in wishes:
        for found in _repositories(wish, clients):
            if isinstance(found, Failed):
                yield found
            else:
                listed.append((wish, found))
    if not listed:
        return
    asker = clients.at(listed[0][1].registry)
    named = asker.attempt_each(lambda one: [*_names(one[1], one[0], clients)], listed)
    for (wish, repository), names in zip(listed, named, strict=True):
        if isinstance(names, BoxshipError):
            yield Failed(repository, names)
        else:
            yield from _paired(wish, names)


def _paired(wish: Wish, names: Iterable[Reference]) -> Iterator[Pair | Failed]:
    for source in names:
        try:
            yield Pair(source, wish.target.target(source), wish)
        except BoxshipError as error:
            yield Failed(source, error)


def _repositories(wish: Wish, clients: Clients) -> Iterator[Reference | Failed]:
    if isinstance(wish.source, Reference):
        yield wish.source
        return
    registry = wish.source
    try:
        for name in clients.at(registry).catalog(registry):
            if wish.repositories.has(name):
                yield Reference(registry, name)
    except BoxshipError as error:
        yield Failed(registry, error)


def _names(repository: Reference, wish: Wish, clients: Clients) -> Iterator[Reference]:
    if repository.tag or repository.digest:
        yield repository
        return
    for tag in clients.at(repository.registry).tags(repository):
        if wish.tags.has(tag):
            yield Reference(repository.registry, repository.repository, tag)


def plan(found: Iterable[Pair], clients: Clients, state: State) -> Iterator[Planned]:
    """What is to be done, in the names' order; images of other dates than are wanted are left out."""
    wanted = list(found)
    if not wanted:
        return
    asker = clients.at(wanted[0].source.registry)
    steps = asker.attempt_each(lambda pair: _step(pair, clients, state), wanted)
    taken = {key(pair.target) for pair in wanted}
    for pair, step in zip(wanted, steps, strict=True):
        if isinstance(step, BoxshipError):
            yield Failed(pair.source, step)
        elif step and step.backup and key(step.backup) in taken:
            what, why = f"backup {step.backup}", f"another image is to be it, and what {step.target} was would be lost"
            yield Failed(step.target, InvalidSettings(what, why=why, remedy="{tag} in it tells them apart"))
        elif step:
            taken.update({key(step.backup)} if step.backup else ())
            yield step


def _step(pair: Pair, clients: Clients, state: State) -> Step | None:
    wish = pair.wish
    digest = pair.source.digest or clients.at(pair.source.registry).digest(pair.source)
    image = pair.source.with_digest(digest)
    if wish.tags.dates and not wish.tags.dates.has(_remembered(state.created, state.note_created, image, clients)):
        return None
    was = present(pair.target, clients)
    same = was is not None and was == right(image, wish.platforms, was, clients, state, filter_them=wish.filtered)
    if same and (wish.referrers or wish.cosign):
        assert was
        same = not lacks_companions(pair.source, pair.target, was, wish, clients)
    return Step(
        do=Do.NOTHING if same else Do.COPY,
        source=pair.source,
        target=pair.target,
        digest=digest,
        was=was,
        platforms=wish.platforms,
        filtered=wish.filtered,
        referrers=wish.referrers,
        cosign=wish.cosign,
        backup=wish.backup.beside(pair.target) if wish.backup and was and not same else None,
        waiting=wish.waiting,
    )


def present(target: Reference, clients: Clients) -> Digest | None:
    """What the name stands for in the target; None for nothing."""
    try:
        return clients.at(target.registry).digest(target)
    except (NotFound, Refused):  # some registries let nobody look into a repository before it is there
        return None


def _remembered(
    known: Callable[[Digest], str | None], note: Callable[[Digest, str], None], image: Reference, clients: Clients
) -> str:
    assert image.digest
    told = known(image.digest)
    if told is None:
        told = created(image, clients)
        note(image.digest, told)
    return told


def right(
    image: Reference, platforms: tuple[Platform, ...], was: Digest, clients: Clients, state: State, *, filter_them: bool
) -> Digest:
    """What the image is to be in the target; it is read where that may be another than it is in the source."""
    digest = image.digest
    assert digest
    if not platforms or (was == digest and not filter_them and len(platforms) > 1):
        return digest
    known = state.copied(digest, platforms, filtered=filter_them)
    if known is None:
        known = alone(image, platforms, clients, filter_them=filter_them)
        state.note_copied(digest, platforms, known, filtered=filter_them)
    return known
