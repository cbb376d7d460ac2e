"""The errors of a lost race: what was tried, what it showed, the likely cause in plain words, and what to do."""

from __future__ import annotations

__all__ = ["absence_words", "lost", "needs_consent"]

from collections.abc import Callable, Sequence

from boxship.connect.attempt import Attempt
from boxship.connect.evidence import Evidence
from boxship.errors import ConnectFailed, PlainNotPermitted, TLSFailed

_Cause = Callable[[str, Sequence[Attempt]], ConnectFailed | None]
_CHECK = "check the port, and whether the registry is running"


def lost(site: str, attempts: Sequence[Attempt], now: float) -> ConnectFailed:
    """The error of a race in which no candidate is left; the most telling cause decides its kind."""
    for cause in _CAUSES:
        error = cause(site, attempts)
        if error:
            error.evidence = evidence_lines(attempts, now)
            return error
    return ConnectFailed(f"cannot connect to {site}", why="no address", evidence=evidence_lines(attempts, now))


def needs_consent(site: str, what: str, *, attempts: Sequence[Attempt], now: float) -> PlainNotPermitted:
    """The error of what may not go over plain HTTP without somebody's word."""
    return PlainNotPermitted(
        f"{site} answers only over plain HTTP, and {what} is not sent over it without your consent",
        why="plain HTTP can be read and changed by anyone on the way",
        remedy=f"to consent, write http://{site} or use --plain-http",
        evidence=evidence_lines(attempts, now),
    )


def evidence_lines(attempts: Sequence[Attempt], now: float) -> tuple[str, ...]:
    """A line for each attempt, in the order they began."""
    return tuple(attempt.words(now) for attempt in attempts)


def absence_words(attempts: Sequence[Attempt], now: float) -> str:
    """Why TLS is held to be absent, in one line."""
    return "; ".join(dict.fromkeys(a.words(now) for a in attempts if a.tls))


def _with(attempts: Sequence[Attempt], *kinds: Evidence) -> list[Attempt]:
    return [attempt for attempt in attempts if attempt.evidence in kinds]


def _bad_tls(site: str, attempts: Sequence[Attempt]) -> ConnectFailed | None:
    spoke = _with(attempts, Evidence.SPOKE_TLS)
    if not spoke:
        return None
    return TLSFailed(f"TLS with {site} at {spoke[0].address} failed", why=spoke[0].detail, remedy=spoke[0].remedy)


def _impostor(site: str, attempts: Sequence[Attempt]) -> ConnectFailed | None:
    found = _with(attempts, Evidence.NO_REGISTRY)
    if not found:
        return None
    return ConnectFailed(
        f"cannot connect to {site}",
        why=f"{found[0].address} answers, but not as a registry (a captive portal or proxy?): {found[0].detail}",
        remedy=_remedy_for_silence(attempts) or "check the address, and whether this network asks for a log-in first",
    )


def _neither(site: str, attempts: Sequence[Attempt]) -> ConnectFailed | None:
    """No TLS, and plain HTTP was permitted and tried: consent is not what is missing."""
    found, plain = _with(attempts, Evidence.NOT_TLS), [attempt for attempt in attempts if not attempt.tls]
    if not found or not plain:
        return None
    showed = "; ".join(f"{attempt.address} {attempt.shows.value}" for attempt in plain)
    return ConnectFailed(
        f"cannot connect to {site}",
        why=f"{found[0].address} does not speak TLS, and where plain HTTP was tried: {showed}",
        remedy=_remedy_for_silence(attempts) or _CHECK,
    )


def _plain_only(site: str, attempts: Sequence[Attempt]) -> ConnectFailed | None:
    found = _with(attempts, Evidence.NOT_TLS)
    if not found:
        return None
    return PlainNotPermitted(
        f"{found[0].address} does not speak TLS",
        why=f"{found[0].detail or 'its first bytes are no TLS record'}, and nothing permits plain HTTP for {site}",
        remedy=f"if it is to be plain HTTP, which anyone on the way can read and change, write http://{site}"
        " or use --plain-http",
    )


def _mute(site: str, attempts: Sequence[Attempt]) -> ConnectFailed | None:
    found = _with(attempts, Evidence.MUTE)
    if not found:
        return None
    return ConnectFailed(
        f"cannot connect to {site}",
        why=f"{found[0].address} accepts the connection and says nothing",
        remedy="the program there hangs, or a firewall lets only the first packets through",
    )


def _dropped(site: str, attempts: Sequence[Attempt]) -> ConnectFailed | None:
    silent = _with(attempts, Evidence.SILENT)
    if not silent:
        return None
    return ConnectFailed(
        f"cannot connect to {site}",
        why=f"{_places(silent)} did not answer: dropped, not refused",
        remedy=_remedy_for_silence(attempts),
    )


def _refused(site: str, attempts: Sequence[Attempt]) -> ConnectFailed | None:
    found = _with(attempts, Evidence.REFUSED, Evidence.RESET, Evidence.UNREACHABLE)
    if not found:
        return None
    words = ", ".join(f"{attempt.address} {attempt.evidence.value}" for attempt in found if attempt.evidence)
    return ConnectFailed(f"cannot connect to {site}", why=words, remedy=_CHECK)


# In this order: what a peer said tells more than what it did not say.
_CAUSES: tuple[_Cause, ...] = (_bad_tls, _impostor, _neither, _plain_only, _mute, _dropped, _refused)


def _places(attempts: Sequence[Attempt]) -> str:
    return ", ".join(dict.fromkeys(str(attempt.address) for attempt in attempts))


def _remedy_for_silence(attempts: Sequence[Attempt]) -> str:
    silent = _with(attempts, Evidence.SILENT)
    if not silent:
        return ""
    return f"most likely a firewall drops packets to {_places(silent)}: have it opened, or check the address"
