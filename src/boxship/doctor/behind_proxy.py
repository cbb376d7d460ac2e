"""A host that a proxy is on the way to: its TLS, looked at through the proxy's tunnel."""

from __future__ import annotations

__all__ = ["behind"]

import ssl
from collections.abc import Iterator

from boxship.connect.deadline import Work
from boxship.connect.evidence import Evidence
from boxship.connect.leg import TLS_PORT, Leg
from boxship.connect.means import Means
from boxship.connect.places import Atlas
from boxship.connect.tunnel import tunnel
from boxship.doctor.entering import Enter, entering
from boxship.doctor.handshake import Greeting
from boxship.doctor.probe import Probe, probe
from boxship.errors import NameFailed, TimedOut
from boxship.reference import Registry
from boxship.settings.proxies import Proxy
from boxship.value import replace

_STEP = 5.0  # seconds for the proxy's name, and for what the host shows
# What tells of the host. Where the proxy leads nowhere, boxship's own way says so.
_OF_HOST = (Evidence.SPOKE_TLS, Evidence.NO_REGISTRY, Evidence.DONE)


def behind(means: Means, leg: Leg, greeting: Greeting, work: Work) -> Iterator[Probe]:
    """What the host shows of TLS, greeted through the leg's proxy; nothing where nothing comes of that."""
    proxy, registry = leg.proxy, means.site.registry
    if not (proxy and leg.tls):
        return
    names = Atlas(means.resolver).names(leg)
    try:
        places = names.first(work, _STEP)
    except (NameFailed, TimedOut):
        return
    finally:
        names.close()
    port = registry.port or TLS_PORT
    target = f"{registry.name.removesuffix(f':{port}')}:{port}"
    through = replace(greeting, enter=_way(means, proxy, registry, port), target=target)
    for address in [address for place in places if (address := place.tls)][:1]:
        found = probe(address, tls=True, greeting=through, until=work.until(_STEP))
        if found.evidence in _OF_HOST:
            yield found


def _way(means: Means, proxy: Proxy, registry: Registry, port: int) -> Enter:
    secured = _to_proxy(means, proxy) if proxy.scheme == "https" else None
    return entering(lambda: tunnel(proxy, registry.host.rstrip("."), port, means.user_agent), secured)


def _to_proxy(means: Means, proxy: Proxy) -> tuple[ssl.SSLContext, str]:
    # A proxy is nobody that a flag names: its certificate is always checked.
    trust = means.site.trust.for_others()
    context = means.contexts.context(trust, named=False)
    means.contexts.load(trust, named=False)
    return context, proxy.host.partition("%")[0]
