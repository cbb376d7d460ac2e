"""Causes on the way to the host: this machine's limits, a name, packets that are lost, places that are closed. Pure."""

from __future__ import annotations

__all__ = ["AT_ALL", "WAYS", "partly"]

import errno
from collections.abc import Sequence

from boxship.connect.evidence import Evidence
from boxship.doctor.case import Case, Cause, Judged, places, sentence
from boxship.doctor.families import NO_ROUTE
from boxship.doctor.probe import Probe
from boxship.doctor.remedies import for_plain_http
from boxship.doctor.secure import tls_remedies
from boxship.settings.hosts import Scheme

# At a port that drops: crane, podman and skopeo as measured; docker by the bound of its `GET /v2/` (moby's
# PingV2Registry), containerd by that of its dialling (hosts.go).
_OTHERS_WAIT = (
    "There docker waits 15 s for each try (30 s with containerd's image store), containerd, podman and skopeo 30 s, "
    "and crane 155 s where no flag permits plain HTTP. Docker, podman and skopeo wait as long when they are told of "
    "plain HTTP, unless :80 is written after the host."
)


def _own_limit(case: Case) -> Judged | None:
    """This machine opens no more sockets: that says nothing of the host."""
    probe = next((probe for probe in case.probes if probe.evidence is Evidence.LEFT), None)
    if not probe:
        return None
    return f"{case.site.registry.name} was not looked at: {probe.words}. {sentence(probe.remedy)}.", ()


def _unnamed(case: Case) -> Judged | None:
    check = case.failed("names")
    return (f"{sentence(check.words)}. {sentence(check.remedy)}.", ()) if check and not case.probes else None


def _lost_packets(case: Case) -> Judged | None:
    check = case.failed("tcp.mtu")
    if not check:
        return None
    return f"{sentence(check.words)} ({check.at}). {_BLACK_HOLE} {sentence(check.remedy)}.", ()


_BLACK_HOLE = (
    "That is a path MTU black hole: a tunnel or a VPN on the way carries less than this machine or the server "
    "believes, and the ICMP messages that would say so are dropped."
)


def _plain_only(case: Case) -> Judged | None:
    """TLS is nowhere, and a registry answers over plain HTTP: the seed's network, and its relatives."""
    if not case.plain or (case.plain_is_meant and not case.all_tls(Evidence.SILENT)):
        return None
    answers = f"{places(case.plain)} answers as a registry over plain HTTP"
    why = next((words for evidence, words in _ABSENCES.items() if case.all_tls(evidence)), None)
    if why is None:
        return None
    at = places([probe for probe in case.probes if probe.tls])
    works = "boxship goes on over plain HTTP, as it is permitted here. " if case.plain_is_permitted else ""
    return f"{why.format(at=at, answers=answers)} {works}{_ADVICE}", for_plain_http(case.wanted)


_ABSENCES = {
    Evidence.SILENT: (
        "{at} is silently dropped: no SYN-ACK and no RST came to 3 SYNs in 5 s, while {answers}. A host without TLS "
        f"would refuse the connection at once; a firewall or a security group in between drops it. {_OTHERS_WAIT}"
    ),
    Evidence.REFUSED: "{at} refuses connections, while {answers}: this registry has no TLS.",
    Evidence.NOT_TLS: "{at} does not speak TLS, and {answers}.",
    Evidence.UNREACHABLE: "{at} is unreachable, while {answers}.",
    Evidence.RESET: "{at} closes every connection without a byte, while {answers}: something in between cuts TLS.",
    Evidence.MUTE: "{at} accepts connections and says nothing to TLS, while {answers}.",
}
_ADVICE = "Open the way for TLS, or tell every program that plain HTTP is meant; passwords can then be read on the way."


def _untrusted(case: Case) -> Judged | None:
    found = case.showing(Evidence.SPOKE_TLS, tls=True)
    if not found or case.showing(Evidence.DONE, tls=True):
        return None
    probe = found[0]
    remedies = tls_remedies(probe.seen, case.wanted) if probe.seen else ()
    return f"{places(found)} speaks TLS, and not acceptably: {probe.words}. {sentence(probe.remedy)}.", remedies


def _tls_only(case: Case) -> Judged | None:
    """Plain HTTP is told, and TLS is spoken."""
    found = [
        probe for probe in case.probes if probe.tls and (probe.is_registry or probe.evidence is Evidence.SPOKE_TLS)
    ]
    scheme = case.site.scheme
    if scheme.value is not Scheme.HTTP or not found or case.plain:
        return None
    told = f"{places(found)} speaks TLS, and plain HTTP was told ({scheme.source})"
    return f"{told}. Write https://{case.site.registry.name}, or take that setting away.", ()


def _no_registry(case: Case) -> Judged | None:
    for tls in (True, False):
        found = [
            probe for probe in case.showing(Evidence.NO_REGISTRY, tls=tls) if not (probe.answer and probe.answer.moved)
        ]
        if found and not case.answered:
            words = f"{places(found)} answers, but not as a registry: {found[0].words.rstrip('.')}."
            return f"{words} It is a captive portal, a proxy in between, or another server; ask who runs it.", ()
    return None


def _nowhere(case: Case) -> Judged | None:
    """No place was reached at all, each for the same reason."""
    if not case.probes:
        return None
    every = {probe.evidence for probe in case.probes}
    if every <= _THERE and (hanging := [probe for probe in case.probes if probe.evidence is Evidence.MUTE]):
        return _NOWHERE[Evidence.MUTE].format(at=places(hanging)), ()
    if every == {Evidence.UNREACHABLE}:
        return _no_route(case.probes), ()
    words = _NOWHERE.get(next(iter(every))) if len(every) == 1 else None
    if words is None and every <= {Evidence.SILENT, Evidence.UNREACHABLE, Evidence.REFUSED}:
        words = "{at} cannot be reached: " + "; ".join(f"{p.address} {p.evidence.value}" for p in case.probes) + "."
    return (words.format(at=places(case.probes), port=_port(case.probes)), ()) if words else None


def _port(probes: Sequence[Probe]) -> int:
    """The port that has to be open: that of TLS, where it is not written."""
    return probes[0].address.sockaddr[1]


def _no_route(probes: Sequence[Probe]) -> str:
    at = places(probes)
    if all(probe.code in NO_ROUTE for probe in probes):
        return f"No route leads from here to {at}: check this machine's network, its VPN and its IPv6."
    if all(probe.code == errno.EINVAL and probe.address.ip.is_link_local for probe in probes):
        return f"{at} cannot be dialled: a link-local address has an interface. Write [{probes[0].address.ip}%eth0]."
    return (
        f"{at} cannot be reached: a router or a firewall on the way prohibits it and says so (ICMP), or nobody in the "
        f"host's network has that address ({probes[0].words}). Check the address, and let the firewall pass port "
        f"{_port(probes)}."
    )


# Somebody is there; who does not speak TLS, or cuts it off, may still be a registry in plain.
_THERE = {Evidence.MUTE, Evidence.NOT_TLS, Evidence.RESET}
_NOWHERE = {
    Evidence.SILENT: (
        "Nothing at {at} answers: no SYN-ACK and no RST to 3 SYNs in 5 s. The packets are dropped by a firewall on "
        "the way, or the host is down, or the name leads to the wrong address (a VPN that is off?). Let the firewall "
        "pass port {port}."
    ),
    Evidence.REFUSED: (
        "{at} refuses connections: the host is there, and no registry listens. Check the port, and whether it runs."
    ),
    Evidence.MUTE: (
        "{at} accepts connections, and no answer to GET /v2/ comes: the registry hangs, or a proxy in between does."
    ),
    Evidence.RESET: (
        "{at} closes every connection without a byte: something in between cuts them, or the server is broken."
    ),
}


def partly(case: Case) -> str:
    """What does not work of a host that does, behind "can be pulled": addresses where nothing answers; '' for none."""
    works = {probe.tls for probe in case.probes if probe.is_registry}
    dead = [probe for probe in case.probes if probe.tls in works and not probe.connected]
    without_route = [probe for probe in dead if probe.code in NO_ROUTE]
    closed = [probe for probe in dead if probe not in without_route]
    words = ""
    if closed:
        each = ", ".join(f"{probe.address} ({probe.evidence.value})" for probe in closed)
        which = "over IPv6" if all(probe.address.ip.version == 6 for probe in closed) else "at every address"
        words = f", but not {which}: {each}. Programs that try that first wait or fail: mend it, or take it out of DNS."
    if without_route:
        words += (
            f"{'' if words else '.'} There is no route from here to {places(without_route)}, though the name has it."
        )
    return words


# What makes all else that was seen mean nothing; and what the places showed, the most telling first.
AT_ALL: tuple[Cause, ...] = (_own_limit, _unnamed, _lost_packets)
WAYS: tuple[Cause, ...] = (_plain_only, _tls_only, _untrusted, _no_registry, _nowhere)
