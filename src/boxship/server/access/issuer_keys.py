"""Where the keys of an OIDC issuer come from: a file, or the issuer itself (OpenID Connect Discovery 1.0, 4)."""

from __future__ import annotations

__all__ = ["FetchedKeys", "FileKeys", "Issuer"]

import asyncio
import logging
import time
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from boxship.errors import BoxshipError
from boxship.server.access.jwks import Key, Keys, parse_keys
from boxship.server.watched import Watched

_log = logging.getLogger(__name__)

_FLOOR = 60.0  # seconds from one question to the next, whatever names of keys strangers make up
_FRESH = 3600.0  # seconds after which is asked again, beside the requests
_OLDEST = 24 * 3600.0  # seconds that keys count while the issuer cannot be asked


class Issuer(Protocol):
    """An issuer as settings name it; a plain value, which workers get as it is."""

    @property
    def url(self) -> str:
        """What its tokens have for `iss`."""

    @property
    def file(self) -> str:
        """A file of its keys; '' where it is asked."""

    def fetch(self) -> str:
        """Its keys, as it says them now; a `BoxshipError` where it does not. Blocks for a bounded time."""


class FileKeys:
    """The keys in a file, which is read again when it changes."""

    def __init__(self, file: Path) -> None:
        """`InvalidSettings` where there are none. Blocks."""
        self._keys = Watched(file, parse_keys)

    async def find(self, name: str | None) -> Key | None:
        """The key of that name."""
        return (await self._keys.value()).find(name)


class FetchedKeys:
    """The keys that an issuer says; it is asked when a token comes, and seldom."""

    def __init__(self, issuer: Issuer, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._issuer, self._clock = issuer, clock
        self._keys: Keys | None = None
        self._known = self._asked = -_OLDEST
        self._asking: asyncio.Task[None] | None = None

    async def find(self, name: str | None) -> Key | None:
        """The key of that name; the issuer is asked for one that is not known, at most once a minute."""
        found = self._found(name)
        age = self._clock() - self._known
        if (not found or age > _FRESH) and self._clock() - self._asked >= _FLOOR:
            self._asked = self._clock()
            self._asking = asyncio.create_task(self._ask())
        if not found and self._asking:
            # Many wait for one answer; who goes away does not end it for the others.
            await asyncio.shield(self._asking)
            found = self._found(name)
        return found

    def _found(self, name: str | None) -> Key | None:
        is_known = self._keys and self._clock() - self._known < _OLDEST
        return self._keys.find(name) if self._keys and is_known else None

    async def _ask(self) -> None:
        try:
            keys = parse_keys(await asyncio.to_thread(self._issuer.fetch), self._issuer.url)
        except BoxshipError as error:
            _log.error("the keys of %s stay as they were: %s", self._issuer.url, error)
        else:
            self._keys, self._known = keys, self._clock()
