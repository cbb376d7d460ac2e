"""A plan done exactly as it is written, or not at all where the registry is not as it was."""

from __future__ import annotations

__all__ = ["apply_plan", "changes"]

from collections.abc import Iterable, Iterator, Mapping

from boxship.client import Client
from boxship.digest import Digest
from boxship.errors import NotFound, PlanOutdated
from boxship.prune.lists import referrers_of, untagged_of
from boxship.prune.plan import Part, Plan, Tag
from boxship.prune.survey import Survey, read_stored, read_tags
from boxship.reference import Reference
from boxship.value import replace


def apply_plan(client: Client, plan: Plan) -> Iterator[str]:
    """Do it, and say each name that is gone; `PlanOutdated`, before anything is done, where it holds no longer.

    Others work at the registry meanwhile: each repository is looked at once more when its turn comes, and each tag.
    """
    _check(client, plan.parts)
    for part in plan.parts:
        if len(plan.parts) > 1:
            _check(client, [part])
        yield from _apply(client, part)


def _check(client: Client, parts: Iterable[Part]) -> None:
    changed = [f"{part.repository}: {words}" for part in parts for words in changes(client, part)]
    if changed:
        raise PlanOutdated("the registry is not as it was when the plan was made", changes=tuple(changed))


def changes(client: Client, part: Part) -> Iterator[str]:
    """What is no longer as the plan has it, in words. What is gone already of what is to go is no change."""
    now = read_tags(client, part.repository)
    going, keep = (*part.remove, *part.untag), {tag.name: tag.digest for tag in part.keep}
    for tag in going:
        if now.get(tag.name, tag.digest) != tag.digest:
            yield f"the tag {tag.name} was {tag.digest}, and is {now[tag.name]}"
    for name, digest in keep.items():
        if now.get(name) != digest:
            yield f"the tag {name} was {digest}, and is {now.get(name, 'gone')}"
    if deleted := {gone.digest for gone in part.delete}:
        staying = {name: digest for name, digest in now.items() if name not in {tag.name for tag in going}}
        loose = set(untagged_of(client, part.repository, older=0.0) or ()) - deleted
        survey = Survey(part.repository, staying, read_stored(client, part.repository, (*staying.values(), *loose)))
        yield from _needed(survey, keep, deleted)
        for digest in loose:
            if needed := survey.closure([digest]) & deleted:
                yield f"{digest}, which has no tag, needs {min(map(str, needed))}, which is to be deleted"
        yield from _referring(client, part, deleted | survey.closure(keep.values()))


def _needed(survey: Survey, keep: Mapping[str, Digest], deleted: set[Digest]) -> Iterator[str]:
    """The tags that stay, or are new, and need what is to be deleted: hands may have changed the plan, too."""
    for name, digest in survey.tags.items():
        if needed := survey.closure([digest]) & deleted:
            yield f"the tag {name} needs {min(map(str, needed))}, which is to be deleted"
        elif name not in keep and (subject := survey.subject(name)) in deleted:
            yield f"the tag {name} goes with {subject}, which is to be deleted"


def _referring(client: Client, part: Part, known: set[Digest]) -> Iterator[str]:
    """What has come since to refer to what is to be deleted."""
    subjects = {gone.digest for gone in part.delete}
    for subject, referrers in (referrers_of(client, part.repository, subjects) or {}).items():
        for referrer in referrers:
            if referrer not in known:
                yield f"{referrer} refers to {subject} since then"


def _apply(client: Client, part: Part) -> Iterator[str]:
    for tag in part.untag:
        yield from _untagged(client, part.repository, tag)
    for gone in part.delete:
        name = part.repository.with_digest(gone.digest)
        try:
            client.delete(name)
        except NotFound:
            continue  # it was gone before
        yield str(name)


def _untagged(client: Client, repository: Reference, tag: Tag) -> Iterator[str]:
    name = replace(repository, tag=tag.name)
    try:
        now = client.digest(name)
        if now != tag.digest:
            changed = f"{repository}: the tag {tag.name} was {tag.digest}, and is {now}"
            raise PlanOutdated("a tag has moved since the plan was begun", changes=(changed,))
        client.untag(name)
    except NotFound:
        return  # it was gone before
    yield str(name)
