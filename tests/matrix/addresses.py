"""Where the rows of a lab are: each has a name and addresses of its own, and its proxy has one."""

from __future__ import annotations

__all__ = ["DOMAIN", "Laid", "lay"]

import itertools
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from tests.matrix.row import PROXY_PORT, Host, Port, Row, Said

DOMAIN = "rows.test"
_NEAR = (*range(2, 100), *range(101, 128))  # without the name server's address and the client's
# RFC 6724, rule 9: a system puts addresses first that begin as its own does. To .100 all of these are alike, and keep
# the order of the hosts file.
_FAR = range(128, 254)


@dataclass(frozen=True, slots=True, kw_only=True)
class Laid:
    """A row in a lab: the addresses of its hosts, and how its registry is named."""

    row: Row
    addresses: tuple[str, ...]
    name: str
    proxy: str = ""
    """The proxy's address, where there is one."""

    @property
    def registry(self) -> str:
        """As a user writes it."""
        host = self.name
        if self.row.said in (Said.PRIVATE, Said.LOOPBACK):
            host = f"[{self.addresses[0]}]" if ":" in self.addresses[0] else self.addresses[0]
        return host if self.row.port is None else f"{host}:{self.row.port}"

    @property
    def places(self) -> Iterator[tuple[str, int, Port]]:
        """Each port at its address."""
        for address, host in zip(self.addresses, self.row.hosts, strict=True):
            for number, port in host.ports.items():
                yield address, number, port
        if self.row.proxy:
            yield self.proxy, PROXY_PORT, self.row.proxy.port

    @property
    def proxies(self) -> Mapping[str, str]:
        """What the environment says of the proxy."""
        proxy = self.row.proxy
        if not proxy:
            return {}
        variables = dict.fromkeys(proxy.variables, f"{proxy.scheme}://{self.proxy}:{PROXY_PORT}")
        return variables | ({"NO_PROXY": DOMAIN} if proxy.excepted else {})

    @property
    def here(self) -> bool:
        """Whether it is on the client's own machine."""
        return self.row.said is Said.LOOPBACK


def lay(rows: Iterable[Row]) -> tuple[Laid, ...]:
    """Give each row addresses and a name of its own."""
    near, far = iter(_NEAR), iter(_FAR)
    alone = itertools.chain(near, far)
    return tuple(
        Laid(
            row=row,
            addresses=tuple(_address(row, host, next(far if len(row.hosts) > 1 else alone)) for host in row.hosts),
            name=f"r{n}.{DOMAIN}",
            proxy=f"10.99.0.{next(alone)}" if row.proxy else "",
        )
        for n, row in enumerate(rows)
    )


def _address(row: Row, host: Host, number: int) -> str:
    if row.said is Said.LOOPBACK:
        return f"127.0.1.{number}"
    if host.version == 6:
        return f"fd00::1:{number}" if host.routed else f"fd77::{number}"
    return f"10.99.0.{number}"
