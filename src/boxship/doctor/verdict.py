"""The verdict: what all the checks together mean, in one paragraph, the most telling cause first. Pure."""

from __future__ import annotations

__all__ = ["Case", "judge"]

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from boxship.connect.address import Permission
from boxship.connect.evidence import Evidence
from boxship.connect.places import permission
from boxship.doctor.content import Contents
from boxship.doctor.probe import Probe
from boxship.doctor.remedies import for_plain_http
from boxship.doctor.report import Remedy
from boxship.doctor.secure import tls_remedies
from boxship.errors import CredentialFailed, NotFound, Refused
from boxship.reference import Reference
from boxship.settings.hosts import Scheme, Site

# At a port that drops: crane, podman and skopeo as measured, docker and containerd by the bound of their dialling.
_OTHERS_WAIT = (
    "There docker and containerd wait 30 s for each try, podman and skopeo 30 s every time, "
    "and crane 155 s where no flag permits plain HTTP."
)


@dataclass(frozen=True, slots=True)
class Case:
    """All that is known: what was asked for, the host's settings, what each place showed, and what came of it."""

    reference: Reference
    site: Site
    probes: Sequence[Probe]
    contents: Contents

    def showing(self, evidence: Evidence, *, tls: bool) -> list[Probe]:
        """The places that showed it."""
        return [probe for probe in self.probes if probe.tls is tls and probe.evidence is evidence]

    @property
    def plain(self) -> list[Probe]:
        """The places where a registry answers over plain HTTP."""
        return self.showing(Evidence.DONE, tls=False)

    def all_tls(self, evidence: Evidence) -> bool:
        """Whether that is what TLS came to everywhere."""
        every = [probe for probe in self.probes if probe.tls]
        return bool(every) and all(probe.evidence is evidence for probe in every)

    @property
    def plain_is_meant(self) -> bool:
        """Whether plain HTTP is what everybody uses there: it was told, or the host is this machine."""
        return self.site.scheme.value is Scheme.HTTP or all(probe.address.ip.is_loopback for probe in self.plain)

    @property
    def plain_is_permitted(self) -> bool:
        """Whether boxship may use plain HTTP at one of those places."""
        if self.site.scheme.value is Scheme.HTTPS:
            return False
        return any(permission(self.site, probe.address) > Permission.NONE for probe in self.plain)


Cause = Callable[[Case], tuple[str, tuple[Remedy, ...]] | None]


def judge(case: Case) -> tuple[str, tuple[Remedy, ...]]:
    """The paragraph, and what to write where."""
    for cause in _CAUSES:
        found = cause(case)
        if found:
            return found
    error = case.contents.error
    if error:
        remedy = f" {_sentence(error.remedy)}." if error.remedy else ""
        return f"{_sentence(error.what)}: {error.why or 'nothing else was found to be wrong'}.{remedy}", ()
    return f"All is well: {case.reference} can be pulled from here.", ()


def _plain_only(case: Case) -> tuple[str, tuple[Remedy, ...]] | None:
    """TLS is nowhere, and a registry answers over plain HTTP: the seed's network, and its relatives."""
    if not case.plain or (case.plain_is_meant and not case.all_tls(Evidence.SILENT)):
        return None
    places = _places(case.plain)
    answers = f"{places} answers as a registry over plain HTTP"
    why = next((words for evidence, words in _ABSENCES.items() if case.all_tls(evidence)), None)
    if why is None:
        return None
    at = _places([probe for probe in case.probes if probe.tls])
    works = "boxship goes on over plain HTTP, as it is permitted here. " if case.plain_is_permitted else ""
    return f"{why.format(at=at, answers=answers)} {works}{_ADVICE}", for_plain_http(case.reference)


_ABSENCES = {
    Evidence.SILENT: (
        "{at} is silently dropped: no SYN-ACK and no RST came in 5 s, while {answers}. A host without TLS would refuse "
        f"the connection at once; a firewall or a security group in between drops it. {_OTHERS_WAIT}"
    ),
    Evidence.REFUSED: "{at} refuses connections, while {answers}: this registry has no TLS.",
    Evidence.NOT_TLS: "{at} does not speak TLS, and {answers}.",
    Evidence.UNREACHABLE: "{at} is unreachable, while {answers}.",
    Evidence.RESET: "{at} closes every connection without a byte, while {answers}: something in between cuts TLS.",
    Evidence.MUTE: "{at} accepts connections and says nothing to TLS, while {answers}.",
}
_ADVICE = "Open the way for TLS, or tell every program that plain HTTP is meant; passwords can then be read on the way."


def _untrusted(case: Case) -> tuple[str, tuple[Remedy, ...]] | None:
    found = case.showing(Evidence.SPOKE_TLS, tls=True)
    if not found or case.showing(Evidence.DONE, tls=True):
        return None
    probe = found[0]
    remedies = tls_remedies(probe.seen, case.reference) if probe.seen else ()
    return f"{_places(found)} speaks TLS, and not acceptably: {probe.words}. {_sentence(probe.remedy)}.", remedies


def _no_registry(case: Case) -> tuple[str, tuple[Remedy, ...]] | None:
    for tls in (True, False):
        found = [
            probe for probe in case.showing(Evidence.NO_REGISTRY, tls=tls) if not (probe.answer and probe.answer.moved)
        ]
        if found and not any(probe.is_registry for probe in case.probes):
            words = f"{_places(found)} answers, but not as a registry: {found[0].words}."
            return f"{words} It is a captive portal, a proxy in between, or another server; ask who runs it.", ()
    return None


def _nothing(case: Case) -> tuple[str, tuple[Remedy, ...]] | None:
    """No place was reached at all, each for the same reason."""
    if not case.probes:
        return None
    every = {probe.evidence for probe in case.probes}
    words = _NOWHERE.get(next(iter(every))) if len(every) == 1 else None
    if words is None and every <= {Evidence.SILENT, Evidence.UNREACHABLE, Evidence.REFUSED}:
        words = "{at} cannot be reached: " + "; ".join(f"{p.address} {p.evidence.value}" for p in case.probes) + "."
    return (words.format(at=_places(case.probes)), ()) if words else None


_NOWHERE = {
    Evidence.SILENT: (
        "Nothing at {at} answers: no SYN-ACK and no RST in 5 s. The packets are dropped by a firewall on the way, or "
        "the host is down, or the name leads to the wrong address (a VPN that is off?). Let the firewall pass port 443."
    ),
    Evidence.REFUSED: (
        "{at} refuses connections: the host is there, and no registry listens. Check the port, and whether it runs."
    ),
    Evidence.UNREACHABLE: "No route leads to {at}: check this machine's network, its VPN and its IPv6.",
    Evidence.MUTE: "{at} accepts connections and says nothing: the registry hangs, or a proxy in between does.",
    Evidence.RESET: (
        "{at} closes every connection without a byte: something in between cuts them, or the server is broken."
    ),
}


def _denied(case: Case) -> tuple[str, tuple[Remedy, ...]] | None:
    error = case.contents.error
    if isinstance(error, Refused | CredentialFailed):
        remedy = f" {_sentence(error.remedy)}." if error.remedy else ""
        words = f"{_sentence(error.what)}: {error.why}.{remedy}"
        return f"The registry answers, and does not let you in. {words}", ()
    if isinstance(error, NotFound):
        words = f"The registry answers and lets you in; what is asked for is not there. {_sentence(error.what)}"
        return f"{words}: {error.why}." if error.why else f"{words}.", ()
    return None


# The most telling first: what a registry says is said over a way that works.
_CAUSES: tuple[Cause, ...] = (_denied, _plain_only, _untrusted, _no_registry, _nothing)


def _places(probes: Sequence[Probe]) -> str:
    return ", ".join(dict.fromkeys(str(probe.address) for probe in probes))


def _sentence(words: str) -> str:
    return words[:1].upper() + words[1:]
