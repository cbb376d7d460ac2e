"""Checks of what is found before anything of the user's is asked: names, and each place."""

from __future__ import annotations

__all__ = ["name_check", "probe_checks"]

from collections.abc import Iterator, Sequence

from boxship.connect.address import Address, Permission
from boxship.connect.evidence import Evidence
from boxship.connect.places import permission
from boxship.doctor.clock import clock_check
from boxship.doctor.page import page_check, told_by
from boxship.doctor.probe import Probe, beside_tls
from boxship.doctor.report import Check, Status
from boxship.doctor.secure import tls_checks
from boxship.settings.hosts import Site

# How many SYNs a system sends in 5 s: at once, after 1 s, after 3 s (RFC 6298, 2.1 and 5.5).
_SILENT = "no SYN-ACK and no RST to 3 SYNs in {seconds:.0f} s: the packets are dropped, not refused"


def name_check(site: Site, addresses: Sequence[Address], ms: float) -> Check:
    """The addresses of the host's name."""
    return Check(
        id="names",
        status=Status.OK,
        at=site.registry.host,
        words=", ".join(dict.fromkeys(str(address.ip) for address in addresses)),
        ms=ms,
    )


def probe_checks(probes: Sequence[Probe], site: Site, bound: float) -> Iterator[Check]:
    """What each place showed, layer by layer; how bad it is depends on whether another one works."""
    # Who speaks TLS, however badly, is spoken to over TLS.
    secure = any(probe.evidence is Evidence.SPOKE_TLS for probe in probes)
    works = any(probe.is_registry and (probe.tls or _permitted(probe, site)) for probe in probes) and not secure
    bad = Status.WARNING if works else Status.ERROR
    beside = beside_tls(probes)
    seen: set[Address] = set()
    told: set[tuple[str, Status, str]] = set()
    for probe in probes:
        # A written port is looked at both ways, and is one place.
        if probe.address not in seen:
            yield _tcp(probe, bad, bound)
        seen.add(probe.address)
        if probe.tls:
            yield _tls(probe, bad)
        # Most often, every address of a host has the same certificate.
        for check in tls_checks(probe.seen, probe.at, bad) if probe.seen else ():
            if (same := (check.id, check.status, check.words)) not in told:
                told.add(same)
                yield check
        if probe in beside:
            yield _beside_tls(probe)
            continue
        yield _http(probe, bad)
        if page := page_check(probe, bad):
            yield page
    yield from _clock(probes)


def _clock(probes: Sequence[Probe]) -> Iterator[Check]:
    """The clock that is furthest from this machine's; before it, one that a certificate is valid by."""
    found = [(probe, probe.skew) for probe in probes if probe.skew is not None]
    if found:
        probe, skew = max(found, key=lambda told: (_blames_clock(told[0]), abs(told[1])))
        yield clock_check(probe.at, skew, to_blame=_blames_clock(probe))


def _blames_clock(probe: Probe) -> bool:
    return probe.seen is not None and probe.seen.clock_to_blame


def _permitted(probe: Probe, site: Site) -> bool:
    return permission(site, probe.address) > Permission.NONE


def _tcp(probe: Probe, bad: Status, bound: float) -> Check:
    at = str(probe.address)
    if probe.connected:
        words = f"open: the proxy on the way to {probe.target}" if probe.target else "open"
        return Check(id="tcp", status=Status.OK, at=at, words=words, ms=probe.tcp_ms)
    if probe.evidence is Evidence.SILENT:
        words = "silent"
        return Check(id="tcp", status=bad, at=at, words=words, evidence=(_SILENT.format(seconds=bound),))
    if probe.evidence is Evidence.LEFT:
        return Check(id="tcp", status=bad, at=at, words=probe.words, remedy=probe.remedy)
    detail = f" ({probe.words})" if probe.evidence is Evidence.UNREACHABLE else ""
    return Check(id="tcp", status=bad, at=at, words=f"{probe.evidence.value}{detail}")


def _tls(probe: Probe, bad: Status) -> Check:
    at = probe.at
    if not probe.connected:
        return Check(id="tls", status=Status.SKIPPED, at=at, words="there is no connection")
    if probe.tls_ms is not None:
        return Check(id="tls", status=Status.OK, at=at, words=probe.tls_story, ms=probe.tls_ms)
    if probe.evidence is not Evidence.SPOKE_TLS:
        words = ": ".join(filter(None, (probe.evidence.value, probe.words)))
        return Check(id="tls", status=bad, at=at, words=words)
    own_words = (probe.seen.said,) if probe.seen and probe.seen.said not in ("", probe.words) else ()
    return Check(id="tls", status=bad, at=at, words=probe.words, evidence=own_words, remedy=probe.remedy)


def _beside_tls(probe: Probe) -> Check:
    words = "TLS is spoken there, and plain HTTP need not be"
    return Check(id="http", status=Status.SKIPPED, at=f"http://{probe.at}", words=words)


def _http(probe: Probe, bad: Status) -> Check:
    at = f"{'https' if probe.tls else 'http'}://{probe.at}"
    if not probe.connected or (probe.tls and probe.tls_ms is None):
        return Check(id="http", status=Status.SKIPPED, at=at, words="nothing to ask over")
    if probe.is_registry:
        words, told = f"a registry: {probe.words}", told_by(probe.answer.head) if probe.answer else ()
        return Check(id="http", status=Status.OK, at=at, words=words, ms=probe.http_ms, evidence=told)
    words = "no answer to GET /v2/" if probe.answer is None else probe.words
    moved = probe.answer is not None and probe.answer.moved is not None
    return Check(id="http", status=Status.OK if moved else bad, at=at, words=words, ms=probe.http_ms)
