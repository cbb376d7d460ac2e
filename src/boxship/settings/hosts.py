"""What is known of a host before it is dialled: which scheme was told or permitted, which trust, and who said so.

Flags apply to hosts that the caller names, never to token servers or redirect targets; so do settings files, of which
flags have the last word.
"""

from __future__ import annotations

__all__ = ["Flags", "Pace", "Scheme", "Site", "always_https", "other_site", "scheme_rules", "site_of"]

import enum
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from boxship.reference import Registry
from boxship.settings.sourced import IPVersion, Sourced
from boxship.settings.trust import Trust
from boxship.value import dataclass, replace

if TYPE_CHECKING:
    # Most registries that are named need no look at it.
    from boxship.credential import Credential
    from boxship.settings.daemon_json import Network, Unsafe
    from boxship.settings.headers import Header


class Scheme(enum.Enum):
    """How a host may be spoken to."""

    HTTPS = "https"
    HTTP = "http"
    AUTO = "auto"
    """TLS preferred; plain permitted, secrets included once TLS is known to be absent."""
    BY_ADDRESS = "by address"
    """Nothing was said: https, but for loopback addresses and private literals."""


# Registries that are known to speak TLS stay verified https whatever flags say; only a written `http://` overrides.
_PUBLIC = frozenset(
    {
        "docker.io",
        "registry-1.docker.io",
        "auth.docker.io",
        "ghcr.io",
        "quay.io",
        "gcr.io",
        "registry.k8s.io",
        "mcr.microsoft.com",
        "public.ecr.aws",
        "registry.gitlab.com",
    }
)
_PUBLIC_DOMAINS = (".pkg.dev", ".gcr.io", ".azurecr.io", ".amazonaws.com")


@dataclass(frozen=True, slots=True)
class Pace:
    """How many requests a host is sent in a second, and how many are under way there at a time, at most."""

    per_second: Sourced[float] | None = None
    at_a_time: Sourced[int] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Flags:
    """What the caller says of the hosts that it names, each value with the flag that says so."""

    plain_http: Sourced[Scheme] | None = None
    skip_verify: Sourced[frozenset[str] | bool] = Sourced(False, "default")
    """Hosts (in lower case, with a port for that alone) whose certificates are not checked, or True for all named."""
    trust: Trust
    headers: tuple[Sourced[Header], ...] = ()
    """Sent with every request to them."""
    user_agent: Sourced[str] | None = None
    """What boxship calls itself instead of its name; to everybody."""
    ip_version: Sourced[IPVersion] | None = None
    """The only kind of address that a name has; everybody's."""
    pace: Pace | None = None
    """How fast they are asked, whatever files say."""


@dataclass(frozen=True, slots=True)
class Site:
    """A host, and what is permitted there. Equal sites share verdicts, connections and nothing else."""

    registry: Registry
    scheme: Sourced[Scheme]
    trust: Trust
    named: bool
    """Whether the caller named it: its flags and its own TLS context apply."""
    networks: tuple[Sourced[Network], ...] = ()
    """Where settings permit plain HTTP: the addresses in them, not the name."""
    credential: Credential | None = None
    """What a file of settings of the host itself has for it, after all files of credentials."""
    preemptive: bool = False
    """Whether settings say that a credential is sent there before it is asked for."""
    pace: Pace | None = None
    """How fast it is asked, where settings bound that."""

    def __hash__(self) -> int:
        # Sites are keys of what is known of them: all fields of all fields would be hashed several times in a request.
        return hash(self.registry.host)

    @property
    def told(self) -> bool:
        """Whether there is only one scheme to try."""
        return self.scheme.value in (Scheme.HTTPS, Scheme.HTTP)

    def __str__(self) -> str:
        return self.registry.name


def site_of(registry: Registry, flags: Flags, unsafe: Callable[[], Unsafe] | None = None) -> Site:
    """The site of a registry that the caller names.

    `unsafe` gives what settings files hold to be insecure; it is asked where no flag says how to speak to the host.
    """
    api = registry.api
    public = always_https(api.host)
    names = {api.name.lower(), replace(api, port=None).name.lower()}
    told = flags.skip_verify.value
    skip = told if isinstance(told, bool) else not names.isdisjoint(told)
    trust = flags.trust.skipping(flags.skip_verify.source) if skip and not public else flags.trust
    site = Site(api, next(scheme_rules(registry, flags)), trust, named=True)
    return _with_files(site, unsafe()) if unsafe and site.scheme.value is Scheme.BY_ADDRESS else site


def _with_files(site: Site, unsafe: Unsafe) -> Site:
    """The site under docker's meaning of insecure: plain HTTP is permitted, and certificates are not checked."""
    source = unsafe.source(site.registry)
    if source:
        trust = site.trust if site.trust.skip_verify else site.trust.skipping(source)
        return replace(site, scheme=Sourced(Scheme.AUTO, source), trust=trust)
    return replace(site, networks=unsafe.networks) if unsafe.networks else site


def other_site(registry: Registry, trust: Trust) -> Site:
    """The site of a host that somebody else named in a URL (which told the scheme)."""
    scheme = Scheme(registry.scheme) if registry.scheme else Scheme.HTTPS
    return Site(registry, Sourced(scheme, "the URL"), trust, named=False)


def scheme_rules(registry: Registry, flags: Flags) -> Iterator[Sourced[Scheme]]:
    """All that is said of how to speak to a host before settings files are asked: the first one holds."""
    if registry.scheme:
        yield Sourced(Scheme(registry.scheme), f"the prefix {registry.scheme}://")
    if always_https(registry.api.host):
        yield Sourced(Scheme.HTTPS, "a public registry")
    if registry.port == 443:
        yield Sourced(Scheme.HTTPS, "port 443")
    if flags.plain_http:
        yield flags.plain_http
    yield Sourced(Scheme.BY_ADDRESS, "default")


def always_https(host: str) -> bool:
    """Whether a host is one of the public registries that flags do not apply to."""
    name = host.lower().rstrip(".")
    return name in _PUBLIC or name.endswith(_PUBLIC_DOMAINS)
