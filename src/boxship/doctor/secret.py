"""An examination as the cluster would come there: with the credentials of a pull secret, and no other.

The kubelet tries every entry that matches the image, one after the other, until one is let in; where none matches, it
asks without any.
"""

from __future__ import annotations

__all__ = ["examine_with_secret"]

import time
from collections.abc import Callable
from contextlib import AbstractContextManager

from boxship.client import Client
from boxship.credential import Credential
from boxship.doctor.examine import examine
from boxship.doctor.report import Check, Report, Status
from boxship.doctor.wanted import Wanted
from boxship.errors import InvalidReference
from boxship.explain.place import Place, written
from boxship.reference import Reference, Registry
from boxship.settings.kubelet import Entry
from boxship.settings.pull_secret import Secrets, read_secrets
from boxship.value import replace

# Makes a client that sends this credential and no other.
Connect = Callable[[Credential], AbstractContextManager[Client]]

_MOST = 5.0  # seconds after which no further entry is tried
_INSIDE = ("auth", "content")


def examine_with_secret(reference: Reference | Registry | str, secret: str, connect: Connect) -> Report:
    """Examine the way to `reference` with the pull secrets in the text `secret` (YAML or JSON).

    What is wrong with them is a finding of the check `secret`; the rest is looked at all the same.
    """
    secrets = read_secrets(secret)
    try:
        wanted = written(reference) if isinstance(reference, str) else reference
    except InvalidReference:
        return examine(reference)  # which says what is wrong with it
    place = Place.of(wanted)
    matching = secrets.keyring.matching(place.registry, place.repository)
    report, tried = _tried(wanted, matching, connect)
    check = _check(secrets, place, tried, refused=_refused(report))
    words = f"With this secret, {check.words}." if secrets.names else f"The secret {_nothing(secrets)}."
    verdict = f"{words} {report.verdict}" if check.status is not Status.OK else report.verdict
    return replace(report, verdict=verdict, checks=(report.checks[0], check, *report.checks[1:]))


def _tried(wanted: Wanted, matching: tuple[Entry, ...], connect: Connect) -> tuple[Report, tuple[Entry, ...]]:
    """What came of the last entry that was tried, and all that were."""
    began = time.monotonic()
    nobody = Credential.anonymous(source="no entry of the pull secret is for this image")
    tried: tuple[Entry, ...] = ()
    for credential in [entry.credential for entry in matching] or [nobody]:
        with connect(credential) as client:
            report = examine(wanted, client)
        tried = matching[: len(tried) + 1]
        if not _refused(report) or time.monotonic() - began > _MOST:
            break
    return replace(report, seconds=time.monotonic() - began), tried


def _refused(report: Report) -> bool:
    """Whether another credential might have come further."""
    return any(check.status is Status.ERROR and check.id.partition(".")[0] in _INSIDE for check in report.checks)


def _nothing(secrets: Secrets) -> str:
    return f"gives the kubelet nothing: {'; '.join(secrets.complaints)}"


def _check(secrets: Secrets, place: Place, tried: tuple[Entry, ...], *, refused: bool) -> Check:
    evidence = (*secrets.complaints, *secrets.passed_over)
    if not secrets.names:
        words = f"it {_nothing(secrets)}"
        return Check(id="secret", status=Status.ERROR, words=words, remedy=_REMEDY.format(place.registry.name))
    if not tried:
        named = f"{place.registry.name}/{place.repository}".rstrip("/")
        words = f"none of its entries is for {named}, so none is sent"
        why = (*secrets.keyring.why_none(place.registry, place.repository), *evidence)
        status = Status.ERROR if refused or secrets.complaints else Status.WARNING
        remedy = _REMEDY.format(place.registry.name)
        return Check(id="secret", status=status, words=words, evidence=why, remedy=remedy)
    passed = tuple(f"{entry} was not let in, and the next one was tried" for entry in tried[:-1])
    words = f"the entry {tried[-1]} is for it"
    if secrets.complaints:
        words = "; ".join((words, *secrets.complaints))
    status = Status.ERROR if secrets.complaints else Status.OK
    return Check(id="secret", status=status, words=words, evidence=(*passed, *secrets.passed_over))


_REMEDY = "kubectl create secret docker-registry NAME --docker-server={} --docker-username=USER --docker-password=…"
