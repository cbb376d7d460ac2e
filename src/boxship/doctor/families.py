"""IPv6 by itself, beside IPv4: a host that works over one of them alone works for some programs only. Pure."""

from __future__ import annotations

__all__ = ["NO_ROUTE", "ipv6_check"]

import errno
from collections.abc import Iterator, Sequence

from boxship.connect.address import is_literal
from boxship.doctor.probe import Probe
from boxship.doctor.report import Check, Status

NO_ROUTE = (errno.ENETUNREACH, errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT)
"""What the system says where no packet leaves this machine."""


def ipv6_check(host: str, probes: Sequence[Probe], only: int | None) -> Iterator[Check]:
    """How the host's name fares over IPv6; `only`: the version of IP whose addresses are wanted."""
    if not probes or is_literal(host):
        return
    six = [probe for probe in probes if probe.address.ip.version == 6]
    if not six:
        words = "not asked for" if only == 4 else "none of its addresses is one of IPv6"
        yield Check(id="tcp.ipv6", status=Status.SKIPPED, at=host, words=words)
        return
    if any(probe.connected for probe in six):
        yield Check(id="tcp.ipv6", status=Status.OK, at=host, words="it accepts connections over IPv6")
        return
    works = any(probe.connected for probe in probes)
    bad, beside = (Status.WARNING, ", while IPv4 works") if works else (Status.ERROR, "")
    if all(probe.code in NO_ROUTE for probe in six):
        words = f"no route from here, though the name has {_addresses(six)}{beside}"
        remedy = "set IPv6 up here, or use -4: programs that only try the first address fail"
    else:
        words = f"{_addresses(six)}: {six[0].evidence.value}{beside}"
        remedy = "mend the way over IPv6, or take the address out of DNS: programs try it first (RFC 6724)"
    yield Check(id="tcp.ipv6", status=bad, at=host, words=words, remedy=remedy)


def _addresses(probes: Sequence[Probe]) -> str:
    return ", ".join(dict.fromkeys(str(probe.address.ip) for probe in probes))
