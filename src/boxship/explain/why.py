"""Which credential would be sent, where it is from, and what others would have sent: a helper is really asked."""

from __future__ import annotations

__all__ = ["why"]

import shutil
from collections.abc import Iterator
from contextlib import nullcontext

from boxship.auth.finder import Finder
from boxship.client import Client
from boxship.connect.deadline import Work
from boxship.connect.means import Means
from boxship.errors import CredentialFailed
from boxship.explain.credentials import credential_files_read, credential_setting, described
from boxship.explain.explanation import Explanation
from boxship.explain.place import Place
from boxship.explain.programs import programs
from boxship.explain.setting import Lost, Setting
from boxship.reference import Reference, Registry
from boxship.settings.hosts import Scheme

_SCHEMA = "boxship.auth.why/1"
_OVER = {
    Scheme.HTTPS: "over TLS only",
    Scheme.HTTP: "over plain HTTP, as it was told: it can be read on the way",
    Scheme.AUTO: "over TLS; over plain HTTP once it is certain that there is no TLS: it can be read on the way then",
    Scheme.BY_ADDRESS: "over TLS; over plain HTTP only to loopback addresses",
}
_REALM = (
    "the registry itself, and the token server that it names: over plain HTTP only where that is the same host, "
    "never a link-local or metadata address, and a private one only where the registry's is private, too"
)


def why(place: Reference | Registry | str, client: Client | None = None) -> Explanation:
    """Which credential `client` would send there, and why that one. A helper that fails is a finding."""
    wanted = Place.of(place)
    with nullcontext(client) if client else Client() as asked:
        means = asked.means(wanted.registry, wanted.repository)
    chosen = credential_setting(wanted, means.told)
    answers, findings = _asked(wanted, means)
    settings = (chosen, *answers, *_rules(means), *credential_files_read(means.told), *programs(wanted))
    return Explanation(_SCHEMA, str(wanted), settings, findings)


def _asked(place: Place, means: Means) -> tuple[tuple[Setting, ...], tuple[str, ...]]:
    """What the helper answers, where one is to be asked, and what is wrong with it."""
    told, work = means.told, Work()
    finder = Finder(told.access, told.bounds)
    answers = (finder.ask(found, work) for found in finder.candidates(means.site, place.repository, work))
    try:
        held = next(filter(None, answers), None)
    except CredentialFailed as error:
        return tuple(_helpers(work, "failed")), (str(error),)
    return tuple(_helpers(work, described(held) if held else "nothing")), ()


def _helpers(work: Work, answer: str) -> Iterator[Setting]:
    """Each time that a helper was asked: the program, for what, how long it took, and what it had."""
    for event in work.trace.events:
        if event.name != "HelperDone":
            continue
        program, key = str(event.facts["helper"]), event.facts["key"]
        had = f"failed: {event.facts['error']}" if "error" in event.facts else answer
        had = had if event.facts.get("found", 1) else "nothing"
        where = shutil.which(program) or f"{program}, which is not on PATH"
        yield Setting("helper", f"{had} (asked for {key}, {event.facts['ms']:.0f} ms)", where)


def _rules(means: Means) -> Iterator[Setting]:
    scheme = means.site.scheme
    yield Setting("sent-when", "once it is asked for by a 401, never before", "always")
    networks = ", ".join(str(network) for network in means.site.networks)
    yield Setting("sent-over", f"{_OVER[scheme.value]}{networks and f', and in {networks}'}", scheme.source)
    lost = Lost("everybody else", "redirects and links", "what they lead to gets no credential")
    yield Setting("sent-to", _REALM, "always", (lost,))
