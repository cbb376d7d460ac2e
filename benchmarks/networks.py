"""The networks in which `peers` lists tags: what is on ports 443 and 80 of a host, and how the host is named.

The listeners and the firewall are the tests'; the words for a port are `tests.behaviour.ports`'.
"""

from __future__ import annotations

__all__ = ["NETWORKS", "Site", "laid"]

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.behaviour.ports import SECURED
from tests.behaviour.scene import HOST, Scene
from tests.behaviour.stages import HOLE, LOST, placed
from tests.network.namespace import SERVER, Network


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """A host with two ports; where it has a `hole`, that is the first of its two addresses, and nothing comes back."""

    name: str
    at_443: str
    at_80: str
    host: str = HOST
    hole: bool = False
    permitted: bool = True
    """Whether a flag permits plain HTTP."""

    @property
    def reference(self) -> str:
        """The repository whose tags are listed."""
        return f"{self.host}/app"

    @property
    def speaks_tls(self) -> bool:
        """Whether whoever waits long enough can say everything over TLS."""
        return self.at_443.removesuffix(LOST) in SECURED


NETWORKS = (
    Site(name="443 healthy, 80 asks for a password, too", at_443="TLS", at_80="basic"),
    Site(name="443 dropped, 80 serves", at_443="dropped", at_80="open"),
    Site(name="443 dropped, 80 asks for a password", at_443="dropped", at_80="basic"),
    Site(name="443 refused, 80 serves", at_443="refused", at_80="open"),
    Site(name="443 accepts and never answers, 80 serves", at_443="mute", at_80="open"),
    Site(name="443 accepts and never answers, 80 asks for a password", at_443="mute", at_80="basic"),
    Site(name="443 speaks plain HTTP, 80 serves", at_443="open", at_80="open"),
    Site(name="443 answers TLS after 1 s, 80 asks for a password", at_443="slow TLS", at_80="basic"),
    Site(name="443 answers 503 over TLS, 80 asks for a password", at_443="TLS, 503", at_80="basic"),
    Site(name="443 healthy, its first SYN lost; 80 asks for a password", at_443=f"TLS{LOST}", at_80="basic"),
    Site(
        name="private address, no flag: 443 healthy with an unknown CA, 80 asks for a password",
        at_443="TLS",
        at_80="basic",
        host=SERVER,
        permitted=False,
    ),
    Site(
        name="two addresses, the first black-holed; 443 refused, 80 serves", at_443="refused", at_80="open", hole=True
    ),
    Site(name="both ports dropped", at_443="dropped", at_80="dropped"),
    Site(name="443 refused, 80 stalls in the middle of a body", at_443="refused", at_80="stalls"),
    Site(name="no flag: 443 dropped, 80 serves", at_443="dropped", at_80="open", permitted=False),
)


@contextmanager
def laid(site: Site, materials: Path) -> Iterator[Scene]:
    """The site in a network of its own, with certificates from `materials`; the firewall begins anew."""
    addresses = [HOLE, SERVER] if site.hole else [SERVER]
    places = {f"{SERVER}:443": site.at_443, f"{SERVER}:80": site.at_80}
    with Network(names={HOST: addresses}, addresses=addresses) as network:
        if site.hole:
            network.firewall.drop(address=HOLE)
        with placed(network, materials, places) as scene:
            yield scene
