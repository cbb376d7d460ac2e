"""Which races a site needs, one after the other, and through which proxy each (rules 1 and 10). Pure."""

from __future__ import annotations

__all__ = ["again", "legs_of"]

from boxship.connect.address import Address, Permission, is_literal
from boxship.connect.leg import DIRECT, PLAIN_PORT, TLS_PORT, Leg
from boxship.connect.places import permission
from boxship.connect.verdict import Verdict
from boxship.settings.hosts import Scheme, Site
from boxship.settings.proxies import Proxies, Route


def legs_of(site: Site, proxies: Proxies) -> tuple[Leg, ...]:
    """The races of a site that is not known yet: all candidates in one, or, behind a proxy, TLS first and alone."""
    scheme, port = site.scheme.value, site.registry.port
    if scheme is Scheme.HTTPS:
        return (Leg(site, tls=True, plain=False, route=_route(proxies, "https", site)),)
    if scheme is Scheme.HTTP:
        return (Leg(site, tls=False, plain=True, route=_route(proxies, "http", site)),)
    secure, bare = _route(proxies, "https", site), _route(proxies, "http", site)
    if not (secure.proxy or bare.proxy):
        return (Leg(site, tls=True, plain=True, route=secure),)
    alone = Leg(site, tls=True, plain=False, route=secure)
    # What a proxy carries in plain can be read there, and it alone says whether TLS is absent: no secret is sent.
    most = min(Permission.READS, _by_name(site, direct=not bare.proxy))
    after = Leg(site, tls=False, plain=True, route=bare, most=most)
    if not most:
        return (alone,)
    return (after,) if port == PLAIN_PORT else (alone, after)  # rule 9: `:80` is plain without a hello


def again(site: Site, verdict: Verdict) -> Leg:
    """The race for one more connection of the kind that worked."""
    route = Route(verdict.proxy, verdict.proxy.rule) if verdict.proxy else DIRECT
    return Leg(site, tls=verdict.tls, plain=not verdict.tls, route=route, most=verdict.permission, verdict=verdict)


def _route(proxies: Proxies, scheme: str, site: Site) -> Route:
    if not (proxies.https or proxies.http):
        return DIRECT
    secure = scheme == "https"
    port = site.registry.port or (TLS_PORT if secure else PLAIN_PORT)
    return proxies.route("https" if secure else "http", site.registry.host, port)


def _by_name(site: Site, *, direct: bool) -> Permission:
    """What may be said in plain, as far as is known without looking the name up: where a proxy dials, nobody does."""
    if is_literal(site.registry.host):
        return permission(site, Address.of(site.registry.host, 0))
    if site.scheme.value is Scheme.BY_ADDRESS:
        return Permission.FULL if direct and site.networks else Permission.NONE
    return Permission.FULL
