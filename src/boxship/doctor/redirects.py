"""Where a registry sends whoever wants its blobs, and what is wrong there: its store is often another host."""

from __future__ import annotations

__all__ = ["redirect_checks", "way_to"]

from collections.abc import Iterator, Sequence

from boxship.doctor.others import Others
from boxship.doctor.report import Check, Status
from boxship.doctor.story import Story
from boxship.doctor.taken import words_of
from boxship.errors import BoxshipError, ConnectFailed, TimedOut, UnexpectedAnswer, Unreachable
from boxship.wire.target import Target


def redirect_checks(story: Story, errors: Sequence[BoxshipError], others: Others) -> Iterator[Check]:
    """Every host that one is sent to; `errors` are what readings ended with."""
    for error in errors:
        if _is_not_followed(error):
            remedy = "ask who runs the registry why it leads there"
            yield Check(id="content.redirect", status=Status.ERROR, words=words_of(error), remedy=remedy)
            return
    for place, sender in {_place(str(facts["to"])): str(facts["from"]) for facts in story.all("Redirect")}.items():
        yield _check(place, sender, next((error for error in errors if _is_about(error, place)), None), others)


def way_to(story: Story, error: BoxshipError) -> str:
    """Where one was sent and did not come to, in words, if that is what the error says; else ''."""
    if _is_not_followed(error):
        return "the redirect, which is not followed"
    places = (_place(str(facts["to"])) for facts in story.all("Redirect"))
    return next((f"the way to {place}" for place in places if _is_about(error, place)), "")


def _check(place: str, sender: str, error: BoxshipError | None, others: Others) -> Check:
    seen, words = others.seen(place), f"{sender} sends there"
    status = Status.OK if seen.all_reached else Status.WARNING
    remedy = ""
    if error:
        status, words = Status.ERROR, words_of(error)
        remedy = error.remedy or "the way there must be open, too"
    return Check(id="content.redirect", status=status, at=place, words=words, evidence=seen.lines, remedy=remedy)


def _is_not_followed(error: BoxshipError) -> bool:
    return isinstance(error, UnexpectedAnswer) and 300 <= error.status < 400


def _place(url: str) -> str:
    """Scheme, host and port: paths of stores are long, and say nothing."""
    return str(Target.parse(url).registry)


def _is_about(error: BoxshipError, place: str) -> bool:
    if not isinstance(error, Unreachable):
        return False
    evidence = error.evidence if isinstance(error, ConnectFailed | TimedOut) else ()
    host = Target.parse(place).registry.name
    return any(host in words for words in (error.what, *evidence))
