"""How a host may be spoken to and by whom it is believed, from all that flags and files say of it; and what is blocked.

First to last: what is written before the reference, that public registries are https, flags (for hosts that the caller
names), boxship's own file, registries.conf, containerd's hosts.toml, docker's daemon.json. `hosts` has the rules that
need no file.
"""

from __future__ import annotations

__all__ = ["is_host", "named_site", "other_site_of", "scheme_of", "table_of", "trust_of"]

from typing import TYPE_CHECKING

from boxship.errors import InvalidSettings
from boxship.reference import Registry
from boxship.settings.daemon_json import Unsafe
from boxship.settings.ecosystem import Ecosystem
from boxship.settings.hosts import Flags, Pace, Scheme, Site, always_https, site_of
from boxship.settings.sourced import Sourced
from boxship.settings.trust import Trust
from boxship.value import replace

if TYPE_CHECKING:
    from boxship.settings.hosts_toml import Host
    from boxship.settings.registries_conf import Table


def named_site(registry: Registry, repository: str, flags: Flags, files: Ecosystem) -> Site:
    """The site of a registry that the caller names; `InvalidSettings` where it is blocked."""
    table = table_of(registry, repository, files)
    told, host = table.insecure if table else None, _own_host(registry, files)
    if not host:
        return _site(registry, flags, told, files)
    is_plain = host.registry is not None and host.registry.scheme == "http"
    # containerd's word on the scheme comes before docker's, which is not asked then.
    site = _site(registry, flags, Sourced(False, host.source) if told is None and is_plain else told, files)
    site = replace(site, trust=trust_of(host, site.trust, registry))
    return replace(site, scheme=scheme_of(host)) if is_plain and site.scheme.value is Scheme.BY_ADDRESS else site


def _own_host(registry: Registry, files: Ecosystem) -> Host | None:
    """What a hosts.toml says of the registry itself: its last host, if that is it."""
    folder = files.hosts_toml(registry.name)
    last = folder[1].hosts[-1] if folder else None
    return last if last and (last.registry is None or is_host(last.registry, registry)) else None


def _site(registry: Registry, flags: Flags, insecure: Sourced[bool] | None, files: Ecosystem) -> Site:
    """A host under the flags, then boxship's own file, then the others."""
    table = files.table(registry.api)
    told = flags.plain_http or (Sourced(Scheme(table.scheme.value), table.scheme.source) if table.scheme else None)
    site = site_of(registry, replace(flags, plain_http=told), lambda: _unsafe(registry.api, insecure, files))
    certificates = files.certificates(registry.name)
    trust = certificates.into(site.trust) if certificates else site.trust
    if table.tls_min_version and not trust.oldest:
        trust = replace(trust, oldest=table.tls_min_version)
    for _, content in files.registries_yaml:
        if config := content.configs.get(registry.name.lower()):
            trust = config.certificates.into(trust)
            trust = _skipping(trust, config.skip_verify, registry)
            site = replace(site, credential=config.credential)
    preemptive = table.preemptive_auth is not None and table.preemptive_auth.value
    pace = flags.pace or Pace(table.requests_per_second, table.concurrency)
    return replace(site, trust=trust, preemptive=preemptive, pace=None if pace == Pace() else pace)


def other_site_of(registry: Registry, insecure: Sourced[bool] | None, flags: Flags, files: Ecosystem) -> Site:
    """A host that a file names in another's place: the caller's flags are not for it."""
    site = _site(registry, Flags(trust=flags.trust.for_others()), insecure, files)
    return replace(site, named=False)


def _unsafe(registry: Registry, insecure: Sourced[bool] | None, files: Ecosystem) -> Unsafe:
    """What is held to be insecure: registries.conf's word comes before docker's."""
    if insecure is None:
        return files.unsafe
    return Unsafe({registry.name.lower(): insecure.source}) if insecure.value else Unsafe()


def scheme_of(host: Host) -> Sourced[Scheme]:
    """How a host of a hosts.toml is spoken to: TLS is tried first where that is set up, whatever the URL says."""
    registry, has_tls = host.registry, host.skip_verify is not None or bool(host.certificates)
    plain = registry is not None and registry.scheme == "http"
    value = Scheme.AUTO if plain and has_tls and registry and registry.port != 80 else Scheme.HTTP
    return Sourced(value if plain else Scheme.HTTPS, host.source)


def trust_of(host: Host, trust: Trust, registry: Registry) -> Trust:
    """The trust with what a hosts.toml says of the host."""
    return _skipping(host.certificates.into(trust), host.skip_verify, registry)


def _skipping(trust: Trust, said: Sourced[bool] | None, registry: Registry) -> Trust:
    """The trust as a file has it: public registries stay verified."""
    skips = said is not None and said.value and not trust.skipped and not always_https(registry.api.host)
    return trust.skipping(said.source) if said and skips else trust


def is_host(host: Registry, registry: Registry) -> bool:
    """Whether the host of a URL is the registry itself."""
    port = 80 if host.scheme == "http" else 443
    return (host.api.name.lower() == registry.api.name.lower()) or (
        host.host.lower() == registry.api.host.lower() and (host.port or port) == (registry.port or port)
    )


def table_of(registry: Registry, repository: str, files: Ecosystem) -> Table | None:
    """What registries.conf says of the place; `InvalidSettings` where that is that it is blocked."""
    name = f"{registry.name}/{repository}" if repository else registry.name
    table = files.place(name)
    if table and table.blocked and table.blocked.value:
        file, _, line = table.blocked.source.rpartition(":")
        remedy = f"its prefix is {table.prefix.value}; whoever keeps the file may permit it"
        raise InvalidSettings(file, int(line), why=f"{name} is blocked", remedy=remedy)
    return table
