"""One race as it is planned: what of a site is tried in it, and through which proxy. `legs` makes the plan."""

from __future__ import annotations

__all__ = ["DIRECT", "PLAIN_PORT", "TLS_PORT", "Leg"]

from dataclasses import dataclass

from boxship.connect.address import Permission
from boxship.connect.verdict import Verdict
from boxship.settings.hosts import Site
from boxship.settings.proxies import Proxy, Route

TLS_PORT, PLAIN_PORT = 443, 80

DIRECT = Route(None, "")


@dataclass(frozen=True, slots=True)
class Leg:
    """One race.

    Attributes:
        site: the host.
        tls: whether TLS is tried in it.
        plain: whether plain HTTP is.
        route: the proxy that it goes through, or none, and the rule that said so.
        most: what may be said in plain at most, if plain wins.
        verdict: what worked before: nothing else is tried.
    """

    site: Site
    tls: bool
    plain: bool
    route: Route = DIRECT
    most: Permission = Permission.FULL
    verdict: Verdict | None = None

    @property
    def proxy(self) -> Proxy | None:
        """What it goes through."""
        return self.route.proxy

    @property
    def told(self) -> bool:
        """Whether its one scheme is certain: connecting is enough."""
        return self.site.told or self.verdict is not None

    @property
    def road(self) -> str:
        """How it goes, for a key and for a trace."""
        return str(self.proxy) if self.proxy else "direct"

    @property
    def words(self) -> str:
        """How it goes, for an error, with a blank before it; '' where no rule was needed."""
        if self.proxy:
            return f" through the proxy {self.proxy} ({self.route.rule})"
        return f" without a proxy ({self.route.rule})" if self.route.rule else ""
