"""An examination from end to end: what can be looked at together is, and the whole has one bound.

A layer that fails does not stop what does not depend on it; what cannot be looked at says why.
"""

from __future__ import annotations

__all__ = ["examine"]

import time
from collections.abc import Iterator
from concurrent.futures import Future
from typing import TYPE_CHECKING

from boxship.client import Client
from boxship.connect.address import Address
from boxship.connect.attempt import Place
from boxship.connect.deadline import Work
from boxship.connect.evidence import Evidence
from boxship.connect.leg import Leg
from boxship.connect.legs import legs_of
from boxship.connect.means import Means
from boxship.connect.places import Atlas
from boxship.connect.question import question
from boxship.doctor.behind_proxy import behind
from boxship.doctor.case import Case
from boxship.doctor.content import Contents, look_at_door, look_inside
from boxship.doctor.families import ipv6_check
from boxship.doctor.handshake import Greeting
from boxship.doctor.looking import Looking
from boxship.doctor.lost import lost_packets
from boxship.doctor.others import Others
from boxship.doctor.probe import Probe, beside_tls, probe
from boxship.doctor.report import Check, Report, Status
from boxship.doctor.settings import proxy_check, settings_checks, unusable
from boxship.doctor.surface import name_check, probe_checks
from boxship.doctor.together import Together
from boxship.doctor.verdict import judge
from boxship.doctor.wanted import Wanted, registry_of
from boxship.errors import InvalidReference, InvalidSettings, NameFailed, TimedOut
from boxship.event import Event, Listener
from boxship.explain.place import Place as Named
from boxship.explain.place import written
from boxship.reference import Reference, Registry
from boxship.settings.hosts import Scheme
from boxship.timeline import timeline

if TYPE_CHECKING:
    import ssl

_WHOLE = 9.5  # seconds for everything
_STEP = 5.0  # for names, and for what all places show
_LATE = 0.3  # for the other family's addresses
_MOST = 8  # addresses that are looked at
_NO_ANSWER = (Evidence.NO_REGISTRY, Evidence.RESET)  # what a port of TLS says to plain HTTP


def examine(reference: Reference | Registry | str, client: Client | None = None) -> Report:
    """Look at every layer on the way to `reference`, with the settings of `client` (by default, this machine's).

    Of a registry by itself (`reg.corp:5000`), what needs a repository is left out.
    Returns within 10 s, whatever the network does, and raises nothing of what it finds.
    """
    began = time.monotonic()
    try:
        wanted = written(reference) if isinstance(reference, str) else reference
    except InvalidReference as error:
        check = Check(id="reference", status=Status.ERROR, words=error.why, remedy=error.remedy)
        return Report(reference=str(reference), verdict=f"This is no reference: {error}.", checks=(check,))
    if client:
        return _examined(wanted, client, began)
    with Client() as own:
        return _examined(wanted, own, began)


def _examined(wanted: Wanted, client: Client, began: float) -> Report:
    checks = [Check(id="reference", status=Status.OK, words=_read_as(wanted))]
    try:
        means = client.means(registry_of(wanted))
        leg = legs_of(means.site, means.proxies)[0]
        checks += (*settings_checks(Named.of(wanted), means), proxy_check(leg, means))
    except InvalidSettings as error:
        return unusable(str(wanted), error, *checks)
    left = max(0.1, round(_WHOLE - (time.monotonic() - began), 1))
    with Together(2 * _MOST + 2, "boxship-doctor") as pool:
        others = Others(means, Work(timeout=left), _greeting)
        journey = Work(timeout=left, listener=_all_of_it(others, means.told.listener))
        inside = pool.submit(_look_in, client, wanted, journey, others)
        narrow = pool.submit(lost_packets, inside, journey, means, wanted, left)
        work = Work(timeout=left)
        # Behind a proxy, what this machine can dial says nothing: the proxy dials.
        looks = behind(means, leg, _greeting(means), work) if leg.proxy else _probes(means, leg, work, pool, checks)
        probes = list(looks)
        contents = inside.result()
        others.close()
    only = means.told.flags.ip_version
    checks += (
        *probe_checks(probes, means.site, _STEP),
        *ipv6_check(means.site.registry.host, [] if leg.proxy else probes, only.value if only else None),
        *filter(None, [narrow.result()]),
        *contents.checks,
    )
    beside = beside_tls(probes)
    telling = [probe for probe in probes if probe not in beside]
    verdict, remedies = judge(Case(wanted, means.site, telling, contents, checks))
    return Report(
        reference=str(wanted),
        verdict=f"Through the proxy {leg.proxy} ({leg.rule}): {verdict}" if leg.proxy else verdict,
        checks=tuple(checks),
        remedies=remedies,
        endpoints=contents.origins,
        timeline=timeline(journey.trace.events),
        seconds=time.monotonic() - began,
    )


def _read_as(wanted: Wanted) -> str:
    if isinstance(wanted, Registry):
        return f"{wanted.name}, a registry; write {wanted.name}/REPOSITORY to have an image looked at, too"
    return f"{wanted.repository} at {wanted.registry.name}"


def _look_in(client: Client, wanted: Wanted, work: Work, others: Others) -> Contents:
    if isinstance(wanted, Registry):
        return look_at_door(client, wanted, work, others)
    return look_inside(client, wanted, work, others)


def _all_of_it(others: Others, listener: Listener | None) -> Listener:
    """Who is told also what is costly to tell: the timeline and the checks of the content are made of it."""

    def hear(event: Event) -> None:
        others.hear(event)
        if listener:
            listener(event)

    return hear


def _probes(means: Means, leg: Leg, work: Work, pool: Together, checks: list[Check]) -> Iterator[Probe]:
    """Look the host up, and then at all of its places at once."""
    site = means.site
    names, looking = Atlas(means.resolver).names(leg), Looking(means.told.listener)
    begun = time.monotonic()
    try:
        with looking.at("names", site.registry.host):
            names.first(work, _STEP)
            places = names.settled(work, _LATE)[:_MOST]
    except (NameFailed, TimedOut) as error:
        words = f"{error.what}: {error.why}"
        checks.append(Check(id="names", status=Status.ERROR, at=site.registry.host, words=words, remedy=error.remedy))
        return
    finally:
        names.close()
    ms = (time.monotonic() - begun) * 1000
    looked_at = [look for place in places for look in _looks(place, leg)]
    checks.append(name_check(site, [address for address, _ in looked_at], ms))
    greeting, until = _greeting(means), work.until(_STEP)

    def look(address: Address, *, tls: bool) -> Probe:
        with looking.at("TLS" if tls else "plain HTTP", str(address)):
            return probe(address, tls=tls, greeting=greeting, until=until)

    running: list[Future[Probe]] = [pool.submit(look, address, tls=tls) for address, tls in looked_at]
    for future in running:
        found = future.result()
        yield found
        # Told to be plain: TLS is looked for where a written port gave no registry's answer, and is often the answer.
        if site.scheme.value is Scheme.HTTP and site.registry.port and found.evidence in _NO_ANSWER:
            yield look(found.address, tls=True)


def _looks(place: Place, leg: Leg) -> Iterator[tuple[Address, bool]]:
    """Where TLS and plain HTTP are looked for: at a written port, both.

    Port 80 is looked at even where nothing permits plain HTTP: with the host's name, and nothing of the user's.
    """
    if place.tls:
        yield place.tls, True
    plain = place.plain or place.probe or (place.tls if leg.site.registry.port else None)
    if plain:
        yield plain, False


def _greeting(means: Means) -> Greeting:
    site = means.site

    def context() -> ssl.SSLContext:
        made = means.contexts.context(site.trust, named=site.named)
        means.contexts.load(site.trust, named=site.named)
        return made

    name, host = site.registry.host.partition("%")[0].rstrip("."), site.registry.name
    verifies = means.contexts.verifies(site.trust, named=site.named)
    skipped = "" if verifies else site.trust.skipped or "the client's own context"
    return Greeting(name, host, context, question(host, means.user_agent), site.trust, skipped)
