"""The certificate of a registry that speaks TLS: its files are read again when they change.

Who renews certificates writes two files, one after the other, or moves a link: they count when they stay the same for a
second and belong together. Until then, and where they do not, the ones before serve on.
"""

from __future__ import annotations

__all__ = ["CertificateFiles", "outlive_hangup"]

import asyncio
import logging
import signal
import sys
from collections.abc import Callable, Iterable
from pathlib import Path

from boxship.errors import InvalidSettings
from boxship.server.running.exposure import check_tls
from boxship.server.running.stop import on_signals
from boxship.server.watched import State, state_of

_log = logging.getLogger(__name__)

_LOOK_AGAIN = 1.0  # seconds


class CertificateFiles:
    """A certificate and its key, as they were before a server read them: what comes while it begins counts, too."""

    def __init__(self, certificate: Path, key: Path) -> None:
        """Looks at the files. Blocks."""
        self._files = certificate, key
        self._served = _states(self._files)

    async def watch(self, renew: Callable[[], None], *, interval: float = _LOOK_AGAIN) -> None:
        """Call `renew` whenever there is another certificate in these files, until cancelled."""
        seen = self._served
        while True:
            await asyncio.sleep(interval)
            found = await asyncio.to_thread(_states, self._files)
            if found == seen != self._served:
                self._served = found
                # Looked at right before: granian ends the process where it cannot read them.
                if await asyncio.to_thread(_is_right, self._files):
                    renew()
            seen = found


def outlive_hangup() -> None:
    """Let SIGHUP end nothing where no terminal sends it: services are told so to read again what is read anyway."""
    if sys.platform != "win32" and not sys.stdin.isatty():
        on_signals(lambda: None, signal.SIGHUP)


def _is_right(files: tuple[Path, Path]) -> bool:
    certificate, key = files
    try:
        check_tls(certificate, key)
    except InvalidSettings as error:
        _log.error("the certificate stays as it was: %s", error)
        return False
    _log.warning("%s: read again", certificate)
    return True


def _states(files: Iterable[Path]) -> tuple[State | None, ...]:
    return tuple(map(_state, files))


def _state(file: Path) -> State | None:
    try:
        return state_of(file)
    except OSError:  # it is being replaced
        return None
