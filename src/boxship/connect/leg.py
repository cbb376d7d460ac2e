"""One race as it is planned: what of a site is tried in it, and through which proxy. `legs` makes the plan."""

from __future__ import annotations

__all__ = ["DIRECT", "PLAIN_PORT", "TLS_PORT", "Leg"]

from typing import TYPE_CHECKING

from boxship.connect.address import Permission
from boxship.connect.verdict import Verdict
from boxship.settings.hosts import Site
from boxship.value import dataclass

if TYPE_CHECKING:
    from boxship.settings.proxies import Proxy

TLS_PORT, PLAIN_PORT = 443, 80
DIRECT = "direct"  # the road without a proxy


@dataclass(frozen=True, slots=True)
class Leg:
    """One race.

    Attributes:
        site: the host.
        tls: whether TLS is tried in it.
        plain: whether plain HTTP is.
        proxy: what it goes through, if anything.
        rule: which rule said so, in words; empty where there is none to say.
        most: what may be said in plain at most, if plain wins.
        verdict: what worked before: nothing else is tried.
    """

    site: Site
    tls: bool
    plain: bool
    proxy: Proxy | None = None
    rule: str = ""
    most: Permission = Permission.FULL
    verdict: Verdict | None = None

    @property
    def told(self) -> bool:
        """Whether its one scheme is certain: connecting is enough."""
        return self.site.told or self.verdict is not None

    @property
    def road(self) -> str:
        """How it goes, for a key and for a trace."""
        return str(self.proxy) if self.proxy else DIRECT

    @property
    def words(self) -> str:
        """How it goes, for an error, with a blank before it; '' where no rule was needed."""
        if self.proxy:
            return f" through the proxy {self.proxy} ({self.rule})"
        return f" without a proxy ({self.rule})" if self.rule else ""
