"""The errors of a lost race: what was tried, what it showed, the likely cause in plain words, and what to do."""

from __future__ import annotations

__all__ = ["Loss", "absence_words", "evidence_lines", "lost", "needs_consent"]

from collections.abc import Callable, Sequence

from boxship.connect.address import Address
from boxship.connect.attempt import Attempt
from boxship.connect.evidence import Evidence
from boxship.errors import ConnectFailed, PlainNotPermitted, TLSFailed
from boxship.value import dataclass

_CHECK = "check the port, and whether the registry is running"
_CHECK_PROXY = "check the address of the proxy, and whether it is running"
_READABLE = "plain HTTP can be read and changed by anyone on the way"


@dataclass(frozen=True, slots=True)
class Loss:
    """A race in which no candidate is left.

    Attributes:
        site: the host and port, as they are written.
        attempts: everything that was tried.
        now: when it was lost, on the race's clock.
        road: how it was tried, in words with a blank before them: ` through the proxy http://proxy:3128 (HTTPS_PROXY)`.
        spoke_tls: when the host is remembered to have spoken TLS, in words; else empty.
    """

    site: str
    attempts: Sequence[Attempt]
    now: float
    road: str = ""
    spoke_tls: str = ""

    @property
    def proxied(self) -> bool:
        """Whether it is a proxy that was dialled."""
        return self.road.startswith(" through ")

    def showing(self, *kinds: Evidence) -> list[Attempt]:
        """The attempts that ended with one of these."""
        return [attempt for attempt in self.attempts if attempt.evidence in kinds]

    @property
    def what(self) -> str:
        """What failed."""
        return f"cannot connect to {self.site}{self.road}"

    @property
    def remedy_for_silence(self) -> str:
        """What to do about what was dropped, or ''."""
        silent = [attempt for attempt in self.showing(Evidence.SILENT) if not attempt.told_by_proxy]
        if not silent:
            return ""
        return f"most likely a firewall drops packets to {_places(silent)}: have it opened, or check the address"


def lost(loss: Loss) -> ConnectFailed:
    """The error; the most telling cause decides its kind."""
    for cause in _CAUSES:
        error = cause(loss)
        if error:
            break
    else:
        error = ConnectFailed(loss.what, why="no address at which anything is permitted")
    error.evidence = evidence_lines(loss.attempts, loss.now)
    return error


def needs_consent(site: str, what: str, *, attempts: Sequence[Attempt], now: float) -> PlainNotPermitted:
    """The error of what may not go over plain HTTP without somebody's word."""
    return PlainNotPermitted(
        f"{site} answers only over plain HTTP, and {what} is not sent over it without your consent",
        why=_READABLE,
        remedy=f"to consent, write http://{site} or use --plain-http",
        evidence=evidence_lines(attempts, now),
    )


def evidence_lines(attempts: Sequence[Attempt], now: float) -> tuple[str, ...]:
    """A line for each attempt, in the order they began."""
    return tuple(attempt.words(now) for attempt in attempts)


def absence_words(attempts: Sequence[Attempt], now: float) -> str:
    """Why TLS is held to be absent, in one line."""
    shown: dict[tuple[Address, Evidence], str] = {}
    for attempt in attempts:
        if attempt.tls:  # a second try that shows the same has nothing to add
            shown.setdefault((attempt.address, attempt.shows), attempt.words(now))
    return "; ".join(shown.values()) or "TLS is not looked for on that port"


def _proxy(loss: Loss) -> ConnectFailed | None:
    """The proxy's own refusal: it says nothing about the registry."""
    found = loss.showing(Evidence.PROXY)
    return ConnectFailed(loss.what, why=found[0].detail, remedy=found[0].remedy) if found else None


def _bad_tls(loss: Loss) -> ConnectFailed | None:
    spoke = loss.showing(Evidence.SPOKE_TLS)
    if not spoke:
        return None
    what = f"TLS with {loss.site} at {spoke[0].address}{loss.road} failed"
    return TLSFailed(what, why=spoke[0].detail, remedy=spoke[0].remedy)


def _blocked(loss: Loss) -> ConnectFailed | None:
    """The host is known to speak TLS: whatever is seen now is not the host, and plain HTTP is no way out."""
    tried = [attempt for attempt in loss.attempts if attempt.tls]
    if not loss.spoke_tls:
        return None
    if not tried:
        return ConnectFailed(
            loss.what,
            why=f"this host spoke TLS on {loss.spoke_tls} from here: plain HTTP is not guessed any more",
            remedy="write https:// before it, or http:// where that is meant; --refresh forgets what was seen",
        )
    showed = ", ".join(dict.fromkeys(f"{attempt.address} {attempt.shows.value}" for attempt in tried))
    return ConnectFailed(
        loss.what,
        why=f"this host spoke TLS on {loss.spoke_tls} from here; something between you and it blocks that: {showed}",
        remedy="have the port opened; if the host has changed for good, --refresh forgets what was seen",
    )


def _finding(loss: Loss) -> ConnectFailed | None:
    """Nothing permits plain HTTP, and port 80 has said that it is a registry."""
    found, tried = loss.showing(Evidence.PLAIN_REGISTRY), [a for a in loss.attempts if a.tls]
    if not found:
        return None
    silent = all(attempt.evidence is Evidence.SILENT for attempt in tried)
    showed = ", ".join(dict.fromkeys(f"{attempt.address} {attempt.shows.value}" for attempt in tried))
    secure = f"{_places(tried)} is silently dropped, most likely by a firewall" if silent else showed
    opened = f"have {_places(tried)} opened" if silent else "have TLS put right there"
    return PlainNotPermitted(
        f"cannot connect to {loss.site} over TLS",
        why=f"{secure}; {found[0].address} answers as a registry over plain HTTP, which nothing permits",
        remedy=f"{opened}; or permit plain HTTP, which can be read and changed by anyone on the way: write"
        f" http://{loss.site}, or use --plain-http (--plain-http=auto prefers TLS), or list the host in"
        " insecure-registries of docker's daemon.json",
    )


def _impostor(loss: Loss) -> ConnectFailed | None:
    found = [attempt for attempt in loss.showing(Evidence.NO_REGISTRY) if not attempt.probe]
    if not found:
        return None
    return ConnectFailed(
        loss.what,
        why=f"{found[0].address} answers, but not as a registry (a captive portal or proxy?): {found[0].detail}",
        remedy=loss.remedy_for_silence or "check the address, and whether this network asks for a log-in first",
    )


def _neither(loss: Loss) -> ConnectFailed | None:
    """No TLS, and plain HTTP was permitted and tried: consent is not what is missing."""
    found, plain = loss.showing(Evidence.NOT_TLS), [a for a in loss.attempts if not (a.tls or a.probe)]
    if not found or not plain:
        return None
    showed = "; ".join(f"{attempt.address} {attempt.shows.value}" for attempt in plain)
    return ConnectFailed(
        loss.what,
        why=f"{found[0].address} does not speak TLS, and where plain HTTP was tried: {showed}",
        remedy=loss.remedy_for_silence or _CHECK,
    )


def _plain_only(loss: Loss) -> ConnectFailed | None:
    found = loss.showing(Evidence.NOT_TLS)
    if not found:
        return None
    return PlainNotPermitted(
        f"{found[0].address} does not speak TLS",
        why=f"{found[0].detail or 'its first bytes are no TLS record'}, and nothing permits plain HTTP for {loss.site}",
        remedy=f"if it is to be plain HTTP, which anyone on the way can read and change, write http://{loss.site}"
        " or use --plain-http",
    )


def _mute(loss: Loss) -> ConnectFailed | None:
    found = [attempt for attempt in loss.showing(Evidence.MUTE) if not attempt.probe]
    if not found:
        return None
    return ConnectFailed(
        loss.what,
        why=f"{found[0].address} accepts the connection and says nothing",
        remedy="the program there hangs, or a firewall lets only the first packets through",
    )


def _dropped(loss: Loss) -> ConnectFailed | None:
    silent = loss.showing(Evidence.SILENT)
    if not silent:
        return None
    told = [attempt for attempt in silent if attempt.told_by_proxy]
    if told:
        remedy = _advice(told) or "check whether the proxy works"
        return ConnectFailed(loss.what, why=_details(told), remedy=remedy)
    said = _details(silent)
    dropped = f"{_places(silent)} did not answer: dropped, not refused"
    return ConnectFailed(loss.what, why=f"{dropped} ({said})" if said else dropped, remedy=loss.remedy_for_silence)


def _refused(loss: Loss) -> ConnectFailed | None:
    found = loss.showing(Evidence.REFUSED, Evidence.RESET, Evidence.UNREACHABLE)
    if not found:
        return None
    told = [attempt for attempt in found if attempt.told_by_proxy]
    if told:
        return ConnectFailed(loss.what, why=_details(told), remedy=_advice(told) or _CHECK)
    words = ", ".join(f"{attempt.address} {attempt.shows.value}" for attempt in found)
    return ConnectFailed(loss.what, why=words, remedy=_CHECK_PROXY if loss.proxied else _CHECK)


# In this order: what a peer said tells more than what it did not say.
_CAUSES: tuple[Callable[[Loss], ConnectFailed | None], ...] = (
    _proxy,
    _bad_tls,
    _blocked,
    _finding,
    _impostor,
    _neither,
    _plain_only,
    _mute,
    _dropped,
    _refused,
)


def _details(attempts: Sequence[Attempt]) -> str:
    return "; ".join(dict.fromkeys(attempt.detail for attempt in attempts if attempt.detail))


def _advice(attempts: Sequence[Attempt]) -> str:
    return next((attempt.remedy for attempt in attempts if attempt.remedy), "")


def _places(attempts: Sequence[Attempt]) -> str:
    return ", ".join(dict.fromkeys(str(attempt.address) for attempt in attempts))
