"""Whoever answers in a registry's place: a portal, a proxy, another server; and what a head tells of that. Pure."""

from __future__ import annotations

__all__ = ["page_check", "told_by"]

from urllib.parse import urlsplit

from boxship.connect.evidence import Evidence
from boxship.connect.tunnel_failure import is_of_proxy, status_words
from boxship.doctor.probe import Probe
from boxship.doctor.report import Check, Status
from boxship.wire.message import Head
from boxship.wire.printable import printable
from boxship.wire.shown import shown_headers

# What tells who answers, and who stands in between.
_TELLING = ("docker-distribution-api-version", "server", "via", "x-squid-error")


def told_by(head: Head) -> tuple[str, ...]:
    """The headers that tell who answers."""
    shown = shown_headers(pair for pair in head.pairs() if pair[0] in _TELLING)
    return tuple(f"{name}: {value}" for name, value in shown)


def page_check(probe: Probe, bad: Status) -> Check | None:
    """What is answered instead, where it is meant for people."""
    answer = probe.answer
    if probe.evidence is not Evidence.NO_REGISTRY or answer is None or answer.moved or not answer.head.status:
        return None
    words, remedy = _kind(answer.head)
    if not words:
        return None
    at = f"{'https' if probe.tls else 'http'}://{probe.address}"
    return Check(id="http.page", status=bad, at=at, words=words, evidence=told_by(answer.head), remedy=remedy)


def _kind(head: Head) -> tuple[str, str]:
    """What it is, and what to do about it; empty where it is no page."""
    if is_of_proxy(head) or _is_denied_by_proxy(head):
        who = printable(head.get("via") or head.get("server"))
        words = f"a proxy in between answers itself, {status_words(head)}{f': {who}' if who else ''}"
        return words, "ask who runs the proxy to let this host pass, or go around it"
    if 300 <= head.status < 400:
        place = _place(head.get("location"))
        words = f"it sends everybody to {place or 'another path'}, as a captive portal does"
        return words, f"open {place} in a browser and sign in" if place else "check the host and the port"
    if "html" in head.get("content-type").lower():
        return f"a page for people, with status {head.status}", "open it in a browser: a portal wants a log-in first"
    return "", ""


def _is_denied_by_proxy(head: Head) -> bool:
    return bool(head.get("via")) and head.status in (403, 502, 503, 504)


def _place(location: str) -> str:
    """Scheme and host of where a portal sends to, without what may authenticate."""
    try:
        parts = urlsplit(location)
    except ValueError:
        return ""
    return printable(f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}") if parts.netloc else ""
