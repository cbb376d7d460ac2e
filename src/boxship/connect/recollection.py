"""What the memory means for a race, and what a race leaves to the memory.

It orders attempts and can forbid plain HTTP; it permits nothing. What is remembered only counts where the settings and
the addresses of today permit it as well.
"""

from __future__ import annotations

__all__ = ["Recollection", "default_folder", "key_for"]

import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from boxship.connect.address import Address
from boxship.connect.attempt import Place
from boxship.connect.leg import DIRECT, Leg
from boxship.settings.hosts import always_https

if TYPE_CHECKING:
    from boxship.connect.memory import Key, Memory, Remembered, Seen

# Of loopback nothing is kept: the memory is imported where there is something to keep.
# ruff: noqa: PLC0415

_RENEWED = 86_400.0  # seconds after which what is seen again is written again


class Recollection:
    """The memory, asked and told in the words of races."""

    def __init__(self, folder: Path | None, *, refresh: bool = False) -> None:
        """`folder`: where it is kept; None keeps nothing. `refresh`: what is there is ignored, and replaced."""
        self._folder, self._refresh = folder, refresh

    def recall(self, leg: Leg, key: Key | None) -> Remembered | None:
        """What is known by that key, if the leg may be run otherwise than it says."""
        memory = self._memory(key)
        if not memory or not key or self._refresh or leg.verdict:
            return None
        return memory.recall(key, time.time())

    def saw_tls(self, key: Key | None, address: Address, *, verified: bool, known: Remembered | None) -> None:
        """The host spoke TLS; what is known already is not written again every time, and not for the worse."""
        if not key:
            return
        from boxship.connect.memory import Seen

        seen = Seen.TLS_VERIFIED if verified else Seen.TLS_SEEN
        if known and known.seen is not Seen.PLAIN and not (verified and known.seen is Seen.TLS_SEEN):
            if time.time() - known.at < _RENEWED:
                return
            seen = known.seen if known.seen is Seen.TLS_VERIFIED and not verified else seen
        self._write(key, address, seen, "")

    def saw_plain(self, key: Key | None, address: Address, evidence: str) -> None:
        """The host answered as a registry over plain HTTP; `evidence`: how TLS was confirmed to be absent, or ''."""
        if not key:
            return
        from boxship.connect.memory import Seen

        self._write(key, address, Seen.PLAIN, evidence)

    def forget(self, key: Key | None) -> None:
        """What was remembered does not hold any more."""
        memory = self._memory(key)
        if memory and key:
            memory.forget(key)

    def _write(self, key: Key, address: Address, seen: Seen, evidence: str) -> None:
        from boxship.connect.memory import Remembered

        memory = self._memory(key)
        if memory and not (key.road == DIRECT and address.ip.is_loopback):
            memory.remember(key, Remembered(seen, time.time(), str(address), evidence))

    def _memory(self, key: Key | None) -> Memory | None:
        if not self._folder or not key:
            return None
        from boxship.connect.memory import Memory

        return Memory(self._folder)


def key_for(leg: Leg, places: Sequence[Place]) -> Key | None:
    """By what a race is remembered that begins with these places: the same when it ends, whichever of them wins.

    Nothing is kept of hosts that somebody else named, nor of those that are https whatever is remembered.
    """
    registry = leg.site.registry
    first = next((place.tls or place.plain for place in places), None)
    if not first or not leg.site.named or always_https(registry.host):
        return None
    if leg.road == DIRECT and first.ip.is_loopback:
        return None
    from boxship.connect.memory import key_of

    return key_of(registry.host, registry.port, leg.road, first)


def default_folder(environment: Mapping[str, str], *, system: str = sys.platform) -> Path | None:
    """Where the memory is by default: in the user's cache folder; None where there is none."""
    home = environment.get("HOME", "")
    usual = {
        "win32": environment.get("LOCALAPPDATA", ""),
        "darwin": home and f"{home}/Library/Caches",
    }
    # The XDG Base Directory Specification: a relative path is invalid and is to be ignored.
    folders = (environment.get("XDG_CACHE_HOME", ""), usual.get(system, home and f"{home}/.cache"))
    return next((Path(folder, "boxship", "hosts") for folder in folders if Path(folder).is_absolute()), None)
