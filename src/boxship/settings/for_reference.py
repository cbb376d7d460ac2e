"""Which hosts are asked for a reference, from all that flags and files say: the one precedence (docs/settings.md).

Whose mirrors count, first to last: registries.conf, containerd's hosts.toml, registries.yaml of k3s and rke2, docker's
registry-mirrors (for Docker Hub alone). The first that names any for the repository counts whole: lists are not mixed.
Flags are for the registry that is named, and for no mirror; a scheme before the reference asks that very host alone.
Nothing is ever written to a mirror.
"""

from __future__ import annotations

__all__ = ["asked_by", "for_reference"]

from collections.abc import Callable, Iterator, Mapping

from boxship.errors import InvalidSettings
from boxship.reference import Reference
from boxship.settings.ecosystem import Ecosystem
from boxship.settings.endpoint import EVERYTHING, Endpoint, Endpoints, Need
from boxship.settings.hosts import Flags, Scheme
from boxship.settings.hosts_toml import Host
from boxship.settings.registries_conf import Pulls
from boxship.settings.sites import is_host, named_site, other_site_of, scheme_of, table_of, trust_of
from boxship.settings.sourced import Sourced
from boxship.value import dataclass, replace

_PULLS: dict[Pulls, frozenset[Need]] = {
    "all": EVERYTHING - {"list"},
    "digest-only": frozenset({"digest", "blob"}),
    "tag-only": frozenset({"tag", "blob"}),
}
_PULLED: frozenset[Need] = frozenset({"digest", "blob"})


@dataclass(frozen=True, slots=True)
class _Question:
    """What is asked for, the registry itself as it would be asked, and what there is to answer it from."""

    reference: Reference
    itself: Endpoint
    flags: Flags
    files: Ecosystem


def for_reference(reference: Reference, flags: Flags, files: Ecosystem) -> Endpoints:
    """Who is asked for the repository; `InvalidSettings` where a file blocks it, or is wrong.

    Of `reference`, the registry and the repository count.
    """
    registry, repository = reference.registry, reference.repository
    site = named_site(registry, repository, flags, files)
    table = files.table(registry.api)
    itself = Endpoint(site=site, repository=repository, timeouts=table.timeouts, source="as it is written")
    lists = list(_lists(_Question(reference, itself, flags, files)))
    if registry.scheme:
        why = f"the prefix {registry.scheme}:// asks that very host"
        return Endpoints((itself,), itself, tuple((named, why) for named, _ in lists))
    if not lists:
        return Endpoints((itself,), itself)
    (first, reads), *others = lists
    return Endpoints(reads, itself, tuple((named, f"{first.source} comes first") for named, _ in others))


def asked_by(reference: Reference, flags: Flags, files: Ecosystem) -> Iterator[tuple[str, tuple[Endpoint, ...]]]:
    """Whom each of the other programs would ask, from its own file; the registry alone where that says nothing."""
    site = named_site(reference.registry, reference.repository, flags, files)
    itself = Endpoint(site=site, repository=reference.repository, source="as it is written")
    for program, kind in _KINDS.items():
        yield program, tuple(kind(_Question(reference, itself, flags, files))) or (itself,)


# Who is asked before the registry, from each kind of file: what names them, and them with the registry last.


def _lists(asked: _Question) -> Iterator[tuple[Sourced[str], tuple[Endpoint, ...]]]:
    for kind in _KINDS.values():
        found = tuple(kind(asked))
        if found and found != (asked.itself,):
            words = " then ".join(str(endpoint) for endpoint in found)
            yield Sourced(f"asks {words}", found[0].source), found


def _of_registries_conf(asked: _Question) -> Iterator[Endpoint]:
    reference, files = asked.reference, asked.files
    name = f"{reference.registry.name}/{reference.repository}"
    table = files.place(name)
    if not table or not reference.repository:
        return
    for mirror in table.mirrors:
        made = table.rewritten(name, mirror.location)
        # What is blocked there is blocked as a mirror, too: podman goes on with the next one.
        if not _is_blocked(made, files):
            yield _elsewhere(made, mirror.insecure, mirror.location.source, _PULLS[mirror.pulls], asked)
    made = table.rewritten(name, table.location)
    if made.registry.name.lower() == reference.registry.name.lower() and made.repository == reference.repository:
        yield asked.itself
        return
    table_of(made.registry, made.repository, files)
    yield _elsewhere(made, table.insecure, table.location.source, EVERYTHING, asked)


def _elsewhere(
    made: Reference, insecure: Sourced[bool] | None, source: str, serves: frozenset[Need], asked: _Question
) -> Endpoint:
    site = other_site_of(made.registry, insecure, asked.flags, asked.files)
    timeouts = asked.files.table(made.registry.api).timeouts
    return Endpoint(site=site, repository=made.repository, serves=serves, timeouts=timeouts, source=source)


def _of_hosts_toml(asked: _Question) -> Iterator[Endpoint]:
    reference, files, itself = asked.reference, asked.files, asked.itself
    folder = files.hosts_toml(reference.registry.name)
    if not folder:
        return
    *mirrors, last = folder[1].hosts
    for host in mirrors:
        yield _of_host(host, asked)
    if last.registry is None or is_host(last.registry, reference.registry):
        changed = last.base != "/v2" or last.headers or last.dial_timeout
        timeouts = {**itself.timeouts, **_dialling(last)}
        own = replace(itself, base=last.base, headers=last.headers, timeouts=timeouts, source=last.source)
        yield own if changed else itself
    else:
        yield replace(_of_host(last, asked), serves=_served(last) | {"list"})


def _of_host(host: Host, asked: _Question) -> Endpoint:
    assert host.registry
    site = other_site_of(host.registry, None, asked.flags, asked.files)
    scheme = scheme_of(host)
    if scheme.value is Scheme.AUTO:
        site = replace(site, registry=replace(site.registry, scheme=None))
    timeouts = {**asked.files.table(host.registry.api).timeouts, **_dialling(host)}
    return Endpoint(
        site=replace(site, scheme=scheme, trust=trust_of(host, site.trust, host.registry)),
        repository=asked.reference.repository,
        base=host.base,
        namespace=asked.reference.registry.name,
        headers=host.headers,
        serves=_served(host),
        timeouts=timeouts,
        source=host.source,
    )


def _of_registries_yaml(asked: _Question) -> Iterator[Endpoint]:
    reference, files = asked.reference, asked.files
    for _, content in files.registries_yaml:
        endpoints = content.endpoints(reference.registry.name)
        for endpoint in endpoints:
            site = other_site_of(endpoint.registry, None, asked.flags, asked.files)
            yield Endpoint(
                site=replace(site, scheme=Sourced(Scheme(endpoint.registry.scheme), endpoint.source)),
                repository=endpoint.rewritten(reference.repository),
                base=endpoint.base,
                namespace=reference.registry.name,
                serves=EVERYTHING - {"list"},
                timeouts=files.table(endpoint.registry.api).timeouts,
                source=endpoint.source,
            )
        if endpoints:
            yield asked.itself
            return


def _of_daemon_json(asked: _Question) -> Iterator[Endpoint]:
    reference, files = asked.reference, asked.files
    if not reference.registry.is_docker_hub:
        return
    mirrors = files.unsafe.mirrors
    for mirror in mirrors:
        registry, path = mirror.value
        site = other_site_of(registry, None, asked.flags, asked.files)
        yield Endpoint(
            site=replace(site, scheme=Sourced(Scheme(registry.scheme), mirror.source)),
            repository=reference.repository,
            base=f"{path}/v2",
            serves=EVERYTHING - {"list"},
            timeouts=files.table(registry.api).timeouts,
            source=mirror.source,
        )
    if mirrors:
        yield asked.itself


def _served(host: Host) -> frozenset[Need]:
    if "pull" not in host.capabilities:
        return frozenset()
    # Who is asked for a tag is asked for what it names: resolve alone is not enough.
    return _PULLED | {"tag"} if "resolve" in host.capabilities else _PULLED


def _dialling(host: Host) -> dict[str, Sourced[float]]:
    return {"connect": host.dial_timeout, "connect_all": host.dial_timeout} if host.dial_timeout else {}


# By the program that reads it, in the order in which they count here.
_KINDS: Mapping[str, Callable[[_Question], Iterator[Endpoint]]] = {
    "podman": _of_registries_conf,
    "containerd": _of_hosts_toml,
    "k3s": _of_registries_yaml,
    "docker": _of_daemon_json,
}


def _is_blocked(reference: Reference, files: Ecosystem) -> bool:
    try:
        table_of(reference.registry, reference.repository, files)
    except InvalidSettings:
        return True
    return False
