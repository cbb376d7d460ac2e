"""What an error says at its end: the timeline in a line, and the doctor's command, to be pasted."""

from __future__ import annotations

__all__ = ["doctor_command", "short_timeline"]

import argparse
import shlex
from collections.abc import Iterable, Iterator
from urllib.parse import urlsplit

from boxship.connect.evidence import Evidence
from boxship.event import Event
from boxship.hop import Hop, Layer, Phase, spoken
from boxship.timeline import timeline

_MOST = 8  # waits: of a long story, its end
_SHORTER = {Evidence.SILENT.value: "dropped", "TimedOut": "no answer", "BrokenAnswer": "broken"}
_ALONE = ("insecure", "password_stdin")
_WITH_VALUE = ("ca_file", "cert", "key", "user_agent", "username", "config")
_UNKNOWN = "REPOSITORY"  # no repository has capitals: who pastes it is told which word to replace


def short_timeline(events: Iterable[Event]) -> str:
    """What was waited for, and how long: `names 3 ms, TCP 10.0.0.5:443 dropped 1.00 s`; '' where nothing was."""
    waits = {(phase.layer, phase.start): _said(hop, phase) for hop in timeline(events) for phase in hop.phases}
    words = [said for _, said in sorted(waits.items(), key=lambda wait: wait[0][1])]
    left_out = ["…"] if len(words) > _MOST else []
    return ", ".join((*left_out, *words[-_MOST:]))


def _said(hop: Hop, phase: Phase) -> str:
    failure = _SHORTER.get(phase.failure, phase.failure)
    status = str(hop.status or "") if phase.layer is Layer.FIRST_BYTE else ""
    return " ".join(filter(None, (_subject(hop, phase.layer), failure or status, spoken(phase.ms))))


def _subject(hop: Hop, layer: Layer) -> str:
    if layer is Layer.TCP:
        return f"TCP {hop.address}"
    return f"{hop.method} {urlsplit(hop.url).path}" if layer is Layer.FIRST_BYTE else layer.value


def doctor_command(chosen: argparse.Namespace, reference: str = "") -> str:
    """The command that examines what failed, with the words that decide how it is reached; no secret is among them.

    `reference` is what failed, where the words name several.
    """
    return shlex.join(("boxship", "doctor", *_flags(chosen), reference or _reference(chosen)))


def _reference(chosen: argparse.Namespace) -> str:
    for name in ("reference", "repository"):
        if told := getattr(chosen, name, ""):
            return str(told)
    several = getattr(chosen, "references", None)
    if several:
        return str(several[0])
    place = getattr(chosen, "registry", "") or getattr(chosen, "url", "")
    scheme, mark, rest = place.rpartition("://")
    return f"{scheme}{mark}{rest.partition('/')[0]}/{_UNKNOWN}"


def _flags(chosen: argparse.Namespace) -> Iterator[str]:
    yield from (_flag(name) for name in _ALONE if getattr(chosen, name))
    if chosen.password is not None:
        yield "--password-stdin"  # where nobody reads it
    if chosen.plain_http:
        yield f"--plain-http={chosen.plain_http}"
    for host in chosen.skip_tls_verify or ():
        yield "--skip-tls-verify" if host == "*" else f"--skip-tls-verify={host}"
    if chosen.ip_version:
        yield f"-{chosen.ip_version}"
    yield from _with_values(chosen)


def _with_values(chosen: argparse.Namespace) -> Iterator[str]:
    told = [(_flag(name), value) for name in _WITH_VALUE if (value := getattr(chosen, name))]
    told += [("--resolve", place) for place in chosen.resolve]
    # What stands in a header of one's own may authenticate; of a file, only the name is written.
    told += [("--header", header) for header in chosen.headers if header.startswith("@")]
    for pair in told:
        yield from pair


def _flag(name: str) -> str:
    return f"--{name.replace('_', '-')}"
