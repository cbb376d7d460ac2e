"""The checks of TLS, from what was seen of it. Pure."""

from __future__ import annotations

__all__ = ["tls_checks", "tls_remedies"]

from collections.abc import Iterator

from boxship.doctor.chain import day
from boxship.doctor.clock import span
from boxship.doctor.remedies import for_authority, for_client
from boxship.doctor.report import Check, Remedy, Status
from boxship.doctor.secured import Secured, cause, client_refused, expired, not_yet, other_name
from boxship.doctor.wanted import Wanted

_DAY = 86400.0
_SOON = 14 * _DAY
_RENEW = "the registry's operator must renew it"


def tls_checks(seen: Secured, at: str, bad: Status) -> Iterator[Check]:
    """Chain, names, expiry, root and client's certificate; `bad` is how bad it is where one is not as it should be."""
    if seen.sent:
        # What is not verified is in nobody's way.
        worst = Status.WARNING if seen.skipped else bad
        yield _chain(seen, at, worst)
        yield _names(seen, at, worst)
        yield _expiry(seen, at, worst)
        yield _root(seen, at, worst)
    if seen.wants_client:
        words, remedy = client_refused(seen)
        yield Check(id="tls.client", status=bad, at=at, words=words, remedy=remedy)
    elif seen.shown and seen.agreed:
        yield Check(id="tls.client", status=Status.OK, at=at, words=f"{seen.shown} is shown where it is asked for")


def tls_remedies(seen: Secured, wanted: Wanted) -> tuple[Remedy, ...]:
    """What to write for each program, where something can be."""
    if seen.untrusted:
        return for_authority(wanted)
    return for_client(wanted) if seen.wants_client else ()


def _chain(seen: Secured, at: str, bad: Status) -> Check:
    evidence = tuple(f"{number}: {certificate}" for number, certificate in enumerate(seen.sent, 1))
    check = Check(id="tls.chain", status=Status.OK, at=at, words=f"{len(seen.sent)} sent", evidence=evidence)
    if seen.incomplete:
        words, remedy = cause(seen)
        return Check(id="tls.chain", status=bad, at=at, words=words, evidence=evidence, remedy=remedy)
    kept_back = [c.subject for c in seen.verified[1:-1] if c not in seen.sent]
    if kept_back:
        words = f"it is sent without {', '.join(kept_back)}, which is known here, and not to every program elsewhere"
        remedy = "the registry's operator must let it send that as well"
        return Check(id="tls.chain", status=Status.WARNING, at=at, words=words, evidence=evidence, remedy=remedy)
    return check


def _names(seen: Secured, at: str, bad: Status) -> Check:
    own = seen.sent[0]
    if seen.other_name or not (own.covers(seen.name) or own.is_named(seen.name)):
        words, remedy = other_name(seen)
        return Check(id="tls.names", status=bad, at=at, words=words, remedy=remedy)
    if not own.names:
        # Go's crypto/x509 since 1.15; docker, containerd, podman and crane are written in Go.
        words = f"{own.common_name}, as common name alone: docker, containerd, podman and crane do not accept that"
        return Check(
            id="tls.names", status=Status.WARNING, at=at, words=words, remedy=_RENEW + " with a subjectAltName"
        )
    return Check(id="tls.names", status=Status.OK, at=at, words=", ".join(own.names))


def _expiry(seen: Secured, at: str, bad: Status) -> Check:
    first, last = min(seen.chain, key=lambda c: c.ends), max(seen.chain, key=lambda c: c.begins)
    left = first.ends - seen.now
    if left < 0 or last.begins > seen.now:
        words, remedy = expired(seen) if left < 0 else not_yet(seen)
        return Check(id="tls.expiry", status=bad, at=at, words=words, remedy=remedy)
    whose = "" if first is seen.own else f", that of {first.subject}"
    words = f"valid for {span(left)} more, until {day(first.ends)}{whose}"
    soon = left < _SOON
    status, remedy = (Status.WARNING, _RENEW) if soon else (Status.OK, "")
    return Check(id="tls.expiry", status=status, at=at, words=words, remedy=remedy)


def _root(seen: Secured, at: str, bad: Status) -> Check:
    top = seen.chain[-1]
    if seen.skipped:
        words = f"nobody vouches for it: certificates are not checked ({seen.skipped})"
        return Check(id="tls.root", status=Status.WARNING, at=at, words=words)
    if seen.incomplete:
        words = f"whether {top.issuer} leads to a trusted authority cannot be said without its certificate"
        return Check(id="tls.root", status=Status.SKIPPED, at=at, words=words)
    if seen.untrusted:
        words, remedy = cause(seen)
        seen_as = (f"SHA-256 of {top.subject}: {top.fingerprint}",)
        return Check(id="tls.root", status=bad, at=at, words=words, evidence=seen_as, remedy=remedy)
    if seen.unjudged:
        words = f"whether {top.issuer} is trusted was not looked at: the handshake ended before"
        return Check(id="tls.root", status=Status.SKIPPED, at=at, words=words)
    name = top.subject if seen.verified else top.issuer
    words = f"{name}, trusted by {seen.root_in}" if seen.root_in else f"{name}, trusted here"
    return Check(id="tls.root", status=Status.OK, at=at, words=words)
