"""Causes behind the first answer: who one is, what is asked for, and other hosts that a registry sends to. Pure."""

from __future__ import annotations

__all__ = ["CAUSES", "SILENCE", "told"]

from boxship.connect.deadline import OPERATION
from boxship.doctor.case import Case, Cause, Judged, sentence
from boxship.errors import (
    BoxshipError,
    BrokenAnswer,
    ContentMismatch,
    CredentialFailed,
    NotFound,
    RateLimited,
    Refused,
    RegistryError,
    TimedOut,
    Unreachable,
)

_TROUBLE = 500
_NO_BLOB = "does not send what it consists of"


def _elsewhere(case: Case) -> Judged | None:
    """The registry answers, and another host that it sends to does not."""
    error = case.contents.error
    if not (isinstance(error, Unreachable) and case.answered) or isinstance(error, BrokenAnswer):
        return None
    if case.failed("content") and not case.failed("content.manifest"):
        way = "sends to another place for blobs, which is in the way" if case.failed("content.redirect") else _NO_BLOB
        start = f"The registry answers and has the manifest, and {way}"
    elif case.failed("auth"):
        start = "The registry answers and wants a token, and the server that gives tokens is in the way"
    else:
        return None
    return f"{start}. {told(error)}", ()


def _denied(case: Case) -> Judged | None:
    error = case.contents.error
    if not isinstance(error, Refused | CredentialFailed):
        return None
    if case.failed("content.blob"):
        return f"The registry answers and has the manifest, and a blob is refused. {told(error)}", ()
    return f"The registry answers, and does not let you in. {told(error)}", ()


def _absent(case: Case) -> Judged | None:
    error = case.contents.error
    if not isinstance(error, NotFound):
        return None
    return f"The registry answers and lets you in; what is asked for is not there. {told(error)}", ()


def _damaged(case: Case) -> Judged | None:
    """What comes is not what it should be."""
    error, check = case.contents.error, case.failed("content")
    if not (check and isinstance(error, BrokenAnswer | ContentMismatch)) or (case.probes and not case.answered):
        return None
    what = "the manifest" if case.failed("content.manifest") else "a blob"
    return f"The registry answers, and {what} comes damaged. {told(error)}", ()


def _limited(case: Case) -> Judged | None:
    error = case.contents.error
    if not isinstance(error, RateLimited):
        return None
    return f"The registry answers, and lets nobody ask more for now. {told(error)}", ()


def _in_trouble(case: Case) -> Judged | None:
    error = case.contents.error
    if not (isinstance(error, RegistryError) and error.status >= _TROUBLE):
        return None
    return f"The registry answers that it is in trouble itself: who runs it finds why in its log. {told(error)}", ()


def _stuck(case: Case) -> Judged | None:
    """All the time went by with something that does not answer."""
    error = case.contents.error
    if not (isinstance(error, TimedOut) and error.phase == OPERATION):
        return None
    remedy = sentence(error.remedy or "ask who runs that: it hangs, or something before it swallows what is sent")
    return f"It does not go on, within the {error.seconds:.0f} s of an examination: {error.why}. {remedy}.", ()


def told(error: BoxshipError) -> str:
    """The error in sentences."""
    why = f": {error.why}." if error.why else "."
    remedy = f" {sentence(error.remedy)}." if error.remedy else ""
    return f"{sentence(error.what)}{why}{remedy}"


# What a registry says is said over a way that works.
SILENCE: tuple[Cause, ...] = (_stuck,)
CAUSES: tuple[Cause, ...] = (_elsewhere, _denied, _absent, _damaged, _in_trouble, _limited)
