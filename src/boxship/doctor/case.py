"""All that is known when a verdict is due: what every cause is judged by. Pure."""

from __future__ import annotations

__all__ = ["Case", "Cause", "Judged", "places", "sentence"]

from collections.abc import Callable, Sequence

from boxship.connect.address import Permission
from boxship.connect.evidence import Evidence
from boxship.connect.places import permission
from boxship.doctor.content import Contents
from boxship.doctor.probe import Probe
from boxship.doctor.report import Check, Remedy, Status
from boxship.doctor.wanted import Wanted
from boxship.settings.hosts import Scheme, Site
from boxship.value import dataclass


@dataclass(frozen=True, slots=True)
class Case:
    """What was asked for, the host's settings, what each place showed, what came of it, and every check of that."""

    wanted: Wanted
    site: Site
    probes: Sequence[Probe]
    contents: Contents
    checks: Sequence[Check]

    def failed(self, name: str) -> Check | None:
        """The first error of a layer, or of a check and what belongs to it."""
        of_it = (check for check in self.checks if f"{check.id}.".startswith(f"{name}."))
        return next((check for check in of_it if check.status is Status.ERROR), None)

    def showing(self, evidence: Evidence, *, tls: bool) -> list[Probe]:
        """The places that showed it."""
        return [probe for probe in self.probes if probe.tls is tls and probe.evidence is evidence]

    @property
    def answered(self) -> bool:
        """Whether a registry answered at any place."""
        return any(probe.is_registry for probe in self.probes)

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


_COMMANDS = frozenset({"boxship", "docker", "openssl", "pip"})  # whose case a shell would not forgive
Judged = tuple[str, tuple[Remedy, ...]]
"""The paragraph, and what to write where."""
Cause = Callable[[Case], Judged | None]
"""Judges a case, where it is that cause's."""


def places(probes: Sequence[Probe]) -> str:
    """Their addresses and ports, each once."""
    return ", ".join(dict.fromkeys(probe.at for probe in probes))


def sentence(words: str) -> str:
    """The words with a capital letter, unless a host, a path, a URL or a command comes first."""
    first = words.partition(" ")[0]
    return words[:1].upper() + words[1:] if first.isalpha() and first not in _COMMANDS else words
