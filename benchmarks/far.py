"""docker-registry on another machine, behind a link that carries so much: two network namespaces, and `tc` (root).

What stands at this end of the link talks to itself over its own loopback, as fast as that is.
"""

from __future__ import annotations

__all__ = ["LINKS", "Link", "linked", "obstacle"]

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from programs import registry_settings
from tests.network.namespace import SERVER, Network, network_obstacle
from tests.peers.process import program

_PORT = 5000
# The kernel's token bucket: what it holds is sent at once, and has to be more than a packet and than a tick's worth of
# the link; what is to be sent waits for at most so long, and is dropped then.
_BUCKET = "rate {rate} burst 1mb latency 50ms"


@dataclass(frozen=True, slots=True)
class Link:
    """How many gigabits a second come over it."""

    gigabits: float

    def __str__(self) -> str:
        return f"{self.gigabits:g} Gbit/s"


LINKS = (Link(1), Link(2.5))


@contextmanager
def linked(link: Link, folder: Path) -> Iterator[tuple[Network, str]]:
    """docker-registry over that folder at the far end, and its address; `Network.run` runs programs at this end."""
    upstream = f"{SERVER}:{_PORT}"
    config = folder / "far.yml"
    config.write_text(registry_settings(folder, upstream))
    with Network(addresses=[SERVER]) as network:
        _narrow(network, link)
        network.start(["docker-registry", "serve", str(config)], ports=[_PORT])
        yield network, upstream


def _narrow(network: Network, link: Link) -> None:
    """Bound what comes from the far end."""
    bucket = _BUCKET.format(rate=f"{link.gigabits * 1000:.0f}mbit").split()
    argv = [program("tc") or "tc", "-n", network.server, "qdisc", "add", "dev", "wire", "root", "tbf", *bucket]
    subprocess.run(argv, check=True, capture_output=True, text=True)


@cache
def obstacle() -> str | None:
    """Return what keeps this machine from having such a link, or None."""
    if why := network_obstacle():
        return why
    try:
        with Network(addresses=[SERVER]) as network:
            _narrow(network, LINKS[0])
    except (OSError, subprocess.CalledProcessError) as error:
        return f"tc cannot bound a link here ({error})"
    return None
