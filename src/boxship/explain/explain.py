"""Every effective setting of a place, gathered: how it is reached, what it is sent, what is remembered, how long."""

from __future__ import annotations

__all__ = ["explain"]

import time
from collections.abc import Iterator
from contextlib import nullcontext

from boxship.client import Client
from boxship.connect.means import Means
from boxship.connect.memory import Memory
from boxship.explain.credentials import credential_files_read, credential_setting
from boxship.explain.endpoints import endpoints, paces, programs_ask
from boxship.explain.explanation import Explanation
from boxship.explain.files import files
from boxship.explain.place import Place
from boxship.explain.setting import Lost, Setting
from boxship.explain.short_name import short_name
from boxship.explain.trust import trust
from boxship.explain.ways import ways
from boxship.reference import Reference, Registry
from boxship.seconds import told_by
from boxship.value import fields
from boxship.wire.message import USER_AGENT

_SCHEMA = "boxship.explain/1"


def explain(place: Reference | Registry | str, client: Client | None = None) -> Explanation:
    """The settings that `client` (by default, one without a word of its own) has for a place. Nothing is dialled.

    `InvalidReference` is raised for what is none, `InvalidSettings` for a file that no verb could go on with.
    """
    wanted = Place.of(place)
    with nullcontext(client) if client else Client() as asked:
        means = asked.means(wanted.registry, wanted.repository)
    taken = tuple(short_name(place)) if isinstance(place, str) and wanted.repository else ()
    return Explanation(_SCHEMA, str(wanted), (*_settings(wanted, means), *taken))


def _settings(place: Place, means: Means) -> Iterator[Setting]:
    yield _registry(place, means)
    yield from ways(place.registry, means)
    yield from trust(means)
    yield from endpoints(means)
    yield from paces(means)
    yield credential_setting(place, means.told)
    yield from credential_files_read(means.told)
    yield from _sent(means)
    yield from _remembered(place, means)
    yield from _bounds(means)
    yield from files()
    yield from programs_ask(place, means)


def _registry(place: Place, means: Means) -> Setting:
    api = means.site.registry.name
    name = place.registry.name
    return Setting("registry", name if api == name else f"{name}, whose API is at {api}", "as it is written")


def _sent(means: Means) -> Iterator[Setting]:
    for header in means.told.flags.headers:
        yield Setting("header", header.value.name, header.source)
    told = means.told.flags.user_agent
    lost = (Lost(USER_AGENT, "default", f"{told.source} comes first"),) if told else ()
    yield Setting("user-agent", means.user_agent, told.source if told else "default", lost)


def _remembered(place: Place, means: Means) -> Iterator[Setting]:
    """Where it is kept how hosts were reached, and what is there of this one."""
    folder = means.told.memory
    if not folder:
        yield Setting("memory", "none", "memory=None, or a machine without a folder for caches")
        return
    refreshed = (Lost("what is there", str(folder), "flag --refresh ignores it"),) if means.told.refresh else ()
    yield Setting("memory", str(folder), "default", refreshed)
    for key, what in Memory(folder).known(place.registry.host):
        port = f":{key.port}" if key.port else ""
        here = f", from {key.here}" if key.here else ""
        when = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(what.at))
        words = f"{key.host}{port} was {what.seen.value} at {what.address} on {when}, {key.road}{here}"
        yield Setting("remembered", f"{words}{what.evidence and f' ({what.evidence})'}", str(folder))


def _bounds(means: Means) -> Iterator[Setting]:
    timeout = means.told.timeout
    yield Setting("timeout", f"{timeout:g} s" if timeout else "none", "flag --timeout" if timeout else "default")
    bounds = means.told.bounds
    for field in fields(bounds):
        seconds: float = getattr(bounds, field.name)
        source = told_by(seconds)
        lost = (Lost(f"{field.default:g} s", "default", f"{source} comes first"),) if source else ()
        yield Setting(f"bound-{field.name.replace('_', '-')}", f"{seconds:g} s", source or "default", lost)
