"""How a place is reached: the scheme, through which proxy, and at which addresses. `trust` has the certificates."""

from __future__ import annotations

__all__ = ["SCHEMES", "proxy_setting", "scheme_setting", "ways"]

import os
from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import Literal

from boxship.connect.leg import PLAIN_PORT, TLS_PORT
from boxship.connect.means import Means
from boxship.errors import InvalidSettings
from boxship.explain.setting import Lost, Setting
from boxship.reference import Registry
from boxship.settings.hosts import Scheme, scheme_rules
from boxship.settings.proxies import Proxies, Proxy
from boxship.settings.sites import is_host, scheme_of
from boxship.settings.sourced import Sourced

SCHEMES: Mapping[Scheme, str] = {
    Scheme.HTTPS: "https only",
    Scheme.HTTP: "plain HTTP only",
    Scheme.AUTO: "TLS preferred, plain HTTP permitted",
    Scheme.BY_ADDRESS: "https; plain HTTP for loopback, and for anonymous reads of private addresses",
}


def ways(registry: Registry, means: Means) -> Iterator[Setting]:
    """Every setting of the way to a registry."""
    yield scheme_setting(registry, means)
    for network in means.site.networks:
        yield Setting("plain-http-network", str(network.value), network.source)
    if means.site.scheme.value is not Scheme.HTTP:
        yield proxy_setting("https", means)
    if means.site.scheme.value is not Scheme.HTTPS:
        yield proxy_setting("http", means)
    yield from _addresses(means)


def scheme_setting(registry: Registry, means: Means) -> Setting:
    """How a registry may be spoken to."""
    held = means.site.scheme
    rules = [rule for rule in scheme_rules(registry, means.told.flags) if rule != held]
    if held.value is not Scheme.BY_ADDRESS and rules and rules[-1].value is Scheme.BY_ADDRESS:
        # Files come before the default, and are asked only where nothing stronger was said.
        rules[-1:-1] = [rule for rule in _of_files(registry, means) if rule.source != held.source]
    lost = (Lost(SCHEMES[rule.value], rule.source, f"{held.source} comes first") for rule in rules)
    return Setting("scheme", SCHEMES[held.value], held.source, tuple(lost))


def _of_files(registry: Registry, means: Means) -> Iterator[Sourced[Scheme]]:
    """What the files say of it, in the order in which they count."""
    files = means.files
    if told := files.table(registry.api).scheme:
        yield Sourced(Scheme(told.value), told.source)
    repository = means.endpoints.writes.repository if means.endpoints else ""
    table = files.containers.table(f"{registry.name}/{repository}".rstrip("/"))
    if table and table.insecure:
        yield Sourced(Scheme.AUTO if table.insecure.value else Scheme.BY_ADDRESS, table.insecure.source)
    folder = files.hosts_toml(registry.name)
    last = folder[1].hosts[-1] if folder else None
    if last and last.registry and is_host(last.registry, registry) and last.registry.scheme == "http":
        yield scheme_of(last)
    with suppress(InvalidSettings):  # it is not needed, and the file is told of among the others
        if source := files.unsafe.source(registry.api):
            yield Sourced(Scheme.AUTO, source)


def proxy_setting(scheme: Literal["https", "http"], means: Means) -> Setting:
    """Which proxy a scheme is spoken through."""
    name, port = f"{scheme}-proxy", means.site.registry.port or (TLS_PORT if scheme == "https" else PLAIN_PORT)
    proxies = means.proxies or Proxies.of(os.environ)
    route = proxies.route(scheme, means.site.registry.host, port)
    lost = (*_passed_over(scheme, route.proxy, route.rule), *_foreign())
    return Setting(name, str(route.proxy) if route.proxy else "none", route.rule, lost)


def _passed_over(scheme: str, proxy: Proxy | None, rule: str) -> Iterator[Lost]:
    """The variables that name another way than the one that is taken."""
    variable = f"{scheme.upper()}_PROXY"
    for name in (variable, variable.lower()):
        written = os.environ.get(name)
        if written and rule != name:
            yield Lost(_shown(written, name), name, f"{rule} comes first")
    exceptions = next((name for name in ("NO_PROXY", "no_proxy") if os.environ.get(name)), "")
    if proxy and exceptions:
        yield Lost(os.environ[exceptions], exceptions, "none of its entries is for this host")


def _foreign() -> Iterator[Lost]:
    for name in ("ALL_PROXY", "all_proxy"):
        if written := os.environ.get(name):
            yield Lost(_shown(written, name), name, "boxship does not read it, as Go's programs do not")


def _shown(written: str, name: str) -> str:
    """The proxy without its log-in."""
    try:
        return str(Proxy.parse(written, name))
    except InvalidSettings:
        return "a proxy that is not understood"


def _addresses(means: Means) -> Iterator[Setting]:
    host, port = means.site.registry.host, means.site.registry.port
    for place in (port,) if port else (TLS_PORT, PLAIN_PORT):
        for address in means.resolver.told(host, place) or ():
            yield Setting("resolve", f"{host}:{place} is dialled at {address}", address.source)
    version = means.told.flags.ip_version
    if version:
        yield Setting("ip-version", f"only IPv{version.value} addresses of names", version.source)
