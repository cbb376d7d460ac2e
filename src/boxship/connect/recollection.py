"""What the memory means for a race, and what a race leaves to the memory.

It orders attempts and can forbid plain HTTP; it permits nothing. What is remembered only counts where the settings and
the addresses of today permit it as well.
"""

from __future__ import annotations

__all__ = ["Advice", "Recollection", "advise", "key_for"]

import time
from collections.abc import Sequence
from dataclasses import dataclass

from boxship.connect.address import Address
from boxship.connect.attempt import Place
from boxship.connect.leg import DIRECT, Leg
from boxship.connect.memory import Key, Memory, Remembered, Seen, key_of
from boxship.settings.hosts import always_https

HEAD_START = 0.25  # seconds that a fresh plain endpoint is tried alone: 443 serves within half a second if it is gone
_FRESH = 600.0  # seconds; beside an older one 443 is tried as well
_RENEWED = 86_400.0  # seconds after which what is seen again is written again


@dataclass(frozen=True, slots=True)
class Advice:
    """How to run a race: its places in order, the head start of the first one's plain side, and who says so."""

    places: tuple[Place, ...]
    head_start: float | None = None
    remembered: Remembered | None = None

    @property
    def spoke_tls(self) -> bool:
        """Whether the host is remembered to have spoken TLS: plain HTTP is not guessed."""
        return self.remembered is not None and self.remembered.seen is not Seen.PLAIN


def advise(places: tuple[Place, ...], remembered: Remembered | None, now: float) -> Advice:
    """What follows from what is remembered, `now` in seconds of the epoch."""
    if not remembered:
        return Advice(places)
    if remembered.seen is not Seen.PLAIN:
        secure = tuple(Place(place.tls, None) for place in places if place.tls)
        return Advice(secure or places, None, remembered if secure else None)
    known = [place for place in places if place.plain and str(place.plain) == remembered.address]
    if not known:
        return Advice(places)  # it leads elsewhere now, or nothing permits plain HTTP any more
    fresh = now - remembered.at < _FRESH
    others = (place for place in places if place is not known[0])
    return Advice((known[0], *others), HEAD_START if fresh else 0.0, remembered)


class Recollection:
    """The memory, asked and told in the words of races."""

    def __init__(self, memory: Memory | None, *, refresh: bool = False) -> None:
        """`refresh`: what is remembered is ignored, and replaced by what is found."""
        self._memory, self._refresh = memory, refresh

    def recall(self, leg: Leg, key: Key | None) -> Remembered | None:
        """What is known by that key, if the leg may be run otherwise than it says."""
        if not self._memory or not key or self._refresh or leg.verdict:
            return None
        return self._memory.recall(key, time.time())

    def saw_tls(self, key: Key | None, address: Address, *, verified: bool, known: Remembered | None) -> None:
        """The host spoke TLS; what is known already is not written again every time, and not for the worse."""
        seen = Seen.TLS_VERIFIED if verified else Seen.TLS_SEEN
        if known and known.seen is not Seen.PLAIN and not (verified and known.seen is Seen.TLS_SEEN):
            if time.time() - known.at < _RENEWED:
                return
            seen = known.seen if known.seen is Seen.TLS_VERIFIED and not verified else seen
        self._write(key, address, seen, "")

    def saw_plain(self, key: Key | None, address: Address, evidence: str) -> None:
        """The host answered as a registry over plain HTTP; `evidence`: how TLS was confirmed to be absent, or ''."""
        self._write(key, address, Seen.PLAIN, evidence)

    def forget(self, key: Key | None) -> None:
        """What was remembered does not hold any more."""
        if self._memory and key:
            self._memory.forget(key)

    def _write(self, key: Key | None, address: Address, seen: Seen, evidence: str) -> None:
        if self._memory and key and not (key.road == DIRECT and address.ip.is_loopback):
            self._memory.remember(key, Remembered(seen, time.time(), str(address), evidence))


def key_for(leg: Leg, places: Sequence[Place]) -> Key | None:
    """By what a race is remembered that begins with these places: the same when it ends, whichever of them wins.

    Nothing is kept of hosts that somebody else named, nor of those that are https whatever is remembered.
    """
    registry = leg.site.registry
    first = next((place.tls or place.plain for place in places), None)
    if not first or not leg.site.named or always_https(registry.host):
        return None
    return key_of(registry.host, registry.port, leg.road, first)
