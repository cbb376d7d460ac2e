"""Which races a site needs, one after the other, and through which proxy each (rules 1 and 10). Pure."""

from __future__ import annotations

__all__ = ["again", "legs_of"]

from typing import TYPE_CHECKING, Literal

from boxship.connect.address import Address, Permission, is_literal
from boxship.connect.leg import PLAIN_PORT, TLS_PORT, Leg
from boxship.connect.places import permission
from boxship.connect.verdict import Verdict
from boxship.settings.hosts import Scheme, Site
from boxship.value import replace

if TYPE_CHECKING:
    # Where no variable names a proxy, none is needed.
    from boxship.settings.proxies import Proxies


def legs_of(site: Site, proxies: Proxies | None) -> tuple[Leg, ...]:
    """The races of a site that is not known yet: all candidates in one, or, behind a proxy, TLS first and alone."""
    scheme, port = site.scheme.value, site.registry.port
    if scheme is Scheme.HTTPS:
        return (_leg(site, proxies, "https"),)
    if scheme is Scheme.HTTP:
        return (_leg(site, proxies, "http"),)
    alone, after = _leg(site, proxies, "https"), _leg(site, proxies, "http")
    if not (alone.proxy or after.proxy):
        return (replace(alone, plain=True),)
    # What a proxy carries in plain can be read there, and it alone says whether TLS is absent: no secret is sent.
    most = min(Permission.READS, _by_name(site, direct=not after.proxy))
    if not most:
        return (alone,)
    after = replace(after, most=most)
    return (after,) if port == PLAIN_PORT else (alone, after)  # rule 9: `:80` is plain without a hello


def again(site: Site, verdict: Verdict) -> Leg:
    """The race for one more connection of the kind that worked."""
    proxy = verdict.proxy
    return Leg(
        site,
        tls=verdict.tls,
        plain=not verdict.tls,
        proxy=proxy,
        rule=proxy.rule if proxy else "",
        most=verdict.permission,
        verdict=verdict,
    )


def _leg(site: Site, proxies: Proxies | None, scheme: Literal["https", "http"]) -> Leg:
    secure = scheme == "https"
    leg = Leg(site, tls=secure, plain=not secure)
    if proxies is None:
        return leg
    route = proxies.route(scheme, site.registry.host, site.registry.port or (TLS_PORT if secure else PLAIN_PORT))
    return replace(leg, proxy=route.proxy, rule=route.rule)


def _by_name(site: Site, *, direct: bool) -> Permission:
    """What may be said in plain, as far as is known without looking the name up: where a proxy dials, nobody does."""
    if is_literal(site.registry.host):
        return permission(site, Address.of(site.registry.host, 0))
    if site.scheme.value is Scheme.BY_ADDRESS:
        return Permission.FULL if direct and site.networks else Permission.NONE
    return Permission.FULL
