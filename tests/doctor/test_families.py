"""IPv6 by itself: each way in which it differs from IPv4, from what the places showed."""

from __future__ import annotations

import errno

import pytest

from boxship.connect.address import Address
from boxship.connect.evidence import Evidence
from boxship.doctor import Status
from boxship.doctor.families import ipv6_check
from boxship.doctor.probe import Probe

SIX, FOUR = Address.of("fd00::1", 443), Address.of("10.0.0.1", 443)


def probe(address: Address, evidence: Evidence, code: int = 0) -> Probe:
    return Probe(address, tls=True, evidence=evidence, code=code, tcp_ms=1.0 if evidence is Evidence.DONE else None)


WORKS = probe(FOUR, Evidence.DONE)
NO_ROUTE = probe(SIX, Evidence.UNREACHABLE, errno.ENETUNREACH)


@pytest.mark.parametrize(
    ("probes", "status", "words"),
    [
        ([probe(SIX, Evidence.DONE), WORKS], Status.OK, "accepts connections over IPv6"),
        ([WORKS], Status.SKIPPED, "none of its addresses is one of IPv6"),
        ([NO_ROUTE, WORKS], Status.WARNING, "no route from here, though the name has fd00::1, while IPv4 works"),
        ([NO_ROUTE], Status.ERROR, "no route from here, though the name has fd00::1"),
        (
            [probe(SIX, Evidence.SILENT), WORKS],
            Status.WARNING,
            "fd00::1: no answer at all (dropped, not refused), while",
        ),
        ([probe(SIX, Evidence.REFUSED)], Status.ERROR, "fd00::1: refused"),
    ],
)
def test_ipv6_is_told_by_itself(probes: list[Probe], status: Status, words: str) -> None:
    (check,) = ipv6_check("reg.test", probes, None)
    assert check.status is status
    assert words in check.words


def test_what_was_not_asked_for_is_not_missed() -> None:
    (check,) = ipv6_check("reg.test", [WORKS], 4)
    assert (check.status, check.words) == (Status.SKIPPED, "not asked for")


@pytest.mark.parametrize(("host", "probes"), [("10.0.0.1", [WORKS]), ("reg.test", [])])
def test_an_address_and_a_name_without_any_say_nothing_of_it(host: str, probes: list[Probe]) -> None:
    assert list(ipv6_check(host, probes, None)) == []
