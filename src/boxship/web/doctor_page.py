"""The doctor's page: a report in one file, to be attached to a ticket."""

from __future__ import annotations

__all__ = ["doctor_page"]

from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from itertools import groupby

from boxship import __version__
from boxship.doctor.ids import layer_of
from boxship.doctor.report import Check, Remedy, Report, Status
from boxship.web.page import page, text
from boxship.web.timeline_svg import timeline_svg

_LAYERS: Mapping[str, str] = {
    "reference": "Reference",
    "settings": "Settings",
    "secret": "Pull secret",
    "proxy": "Proxy",
    "names": "Names",
    "tcp": "TCP",
    "tls": "TLS",
    "http": "HTTP",
    "clock": "Clock",
    "reach": "Reaching it",
    "auth": "Log-in",
    "content": "Content",
    "limits": "Limits",
}


def doctor_page(report: Report, at: float) -> str:
    """The page of a report that was made at that time, in seconds since the epoch."""
    return page(f"boxship doctor: {report.reference}", "\n".join(("<main>", *_body(report, at), "</main>")))


def _body(report: Report, at: float) -> Iterator[str]:
    yield f'<header><p class="faint">boxship doctor</p><h1>{text(report.reference)}</h1></header>'
    yield f'<section class="verdict {_worst(report).value}"><p>{text(report.verdict)}</p></section>'
    if report.remedies:
        remedies = "".join(map(_remedy, report.remedies))
        yield _section("What to write", f'<div class="remedies">{remedies}</div>')
    if report.timeline:
        yield _section("Timeline", timeline_svg(report.timeline))
    yield _section("Checks", "".join(_groups(report)))
    if report.endpoints:
        endpoints = "\n".join(report.endpoints)
        yield _section("Hosts and ports that were needed", f"<pre>{text(endpoints)}</pre>")
    moment = datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
    yield f"<footer>{text(_counts(report))} in {report.seconds:.1f} s, {moment}, boxship {__version__}</footer>"


def _section(title: str, body: str) -> str:
    return f"<section><h2>{title}</h2>{body}</section>"


def _worst(report: Report) -> Status:
    found = {check.status for check in report.checks}
    return next((status for status in (Status.ERROR, Status.WARNING) if status in found), Status.OK)


def _counts(report: Report) -> str:
    found = Counter(check.status for check in report.checks)
    return ", ".join(f"{found[status]} {status.value}" for status in Status if found[status])


def _remedy(remedy: Remedy) -> str:
    where = f'<p class="faint">{text(remedy.where)}</p>'
    return f"<article><h3>{text(remedy.program)}</h3>{where}<pre>{text(remedy.text)}</pre></article>"


def _groups(report: Report) -> Iterator[str]:
    """The checks of each layer, the layers in the order in which they are gone through."""
    ranks = {layer: rank for rank, layer in enumerate(_LAYERS)}
    ordered = sorted(report.checks, key=lambda check: ranks.get(layer_of(check.id), len(ranks)))
    for layer, checks in groupby(ordered, key=lambda check: layer_of(check.id)):
        yield f"<h3>{text(_LAYERS.get(layer, layer))}</h3>{''.join(map(_check, checks))}"


def _check(check: Check) -> str:
    at = f" <code>{text(check.at)}</code>" if check.at else ""
    took = f' <span class="faint">{check.ms:.0f} ms</span>' if check.ms is not None else ""
    told = f"<p><code>{text(check.id)}</code>{at}: {text(check.words)}{took}</p>"
    if check.evidence:
        told += f"<ul>{''.join(f'<li>{text(line)}</li>' for line in check.evidence)}</ul>"
    if check.remedy and check.status is not Status.OK:
        told += f"<p>Do: {text(check.remedy)}</p>"
    if check.status in (Status.ERROR, Status.WARNING):
        told += f'<p class="faint">More: <code>{text(check.link)}</code></p>'
    return f'<div class="check {check.status.value}"><b>{check.status.value}</b><div>{told}</div></div>'
