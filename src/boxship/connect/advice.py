"""What follows from what is remembered of a host: the order of its places, and whether plain HTTP is out. Pure."""

from __future__ import annotations

__all__ = ["Advice", "advise", "leads_elsewhere"]

from typing import TYPE_CHECKING

from boxship.connect.attempt import Place
from boxship.value import dataclass

if TYPE_CHECKING:
    # Of loopback nothing is remembered: the memory is imported where there is one.
    from boxship.connect.memory import Remembered

HEAD_START = 0.25  # seconds that a fresh plain endpoint is tried alone: 443 serves within half a second if it is gone
_FRESH = 600.0  # seconds; beside an older one 443 is tried as well
_PLAIN = "plain"  # `memory.Seen`'s


@dataclass(frozen=True, slots=True)
class Advice:
    """How to run a race: its places in order, the head start of the first one's plain side, and who says so."""

    places: tuple[Place, ...]
    head_start: float | None = None
    remembered: Remembered | None = None

    @property
    def spoke_tls(self) -> bool:
        """Whether the host is remembered to have spoken TLS: plain HTTP is not guessed."""
        return self.remembered is not None and self.remembered.seen != _PLAIN


def advise(places: tuple[Place, ...], remembered: Remembered | None, now: float, *, told: bool = False) -> Advice:
    """What follows from what is remembered, `now` in seconds of the epoch; `told`: nothing is guessed."""
    if not remembered:
        return Advice(places)
    if remembered.seen != _PLAIN:
        if told and not any(place.tls for place in places):
            return Advice(places)
        # Where there is no TLS to try, behind a proxy's plain side or on port 80, nothing is left.
        return Advice(tuple(Place(place.tls, None) for place in places if place.tls), None, remembered)
    if leads_elsewhere(places, remembered):
        return Advice(places)  # or nothing permits plain HTTP any more
    fresh = now - remembered.at < _FRESH
    # A stable order: the others stay as they are.
    ordered = sorted(places, key=lambda place: not _is_at(place, remembered))
    return Advice(tuple(ordered), HEAD_START if fresh else 0.0, remembered)


def leads_elsewhere(places: tuple[Place, ...], remembered: Remembered) -> bool:
    """Whether a host that is remembered for plain HTTP is at none of the places where it was found."""
    return remembered.seen == _PLAIN and not any(_is_at(place, remembered) for place in places)


def _is_at(place: Place, remembered: Remembered) -> bool:
    return place.plain is not None and str(place.plain) == remembered.address
