"""Passwords: bcrypt in a few threads, for as many as can wait, and not twice for what was right a moment ago.

Which hash belongs to a user is `users`'s and `htpasswd`'s to know. A password itself is never kept.
"""

from __future__ import annotations

__all__ = ["LONGEST", "Overloaded", "Passwords", "hash_password", "is_hash", "load_bcrypt"]

import asyncio
import hashlib
import re
import secrets
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from types import ModuleType

from boxship.credential import Secret
from boxship.errors import MissingExtra

LONGEST = 72  # bytes; bcrypt sees no more of a password
_COST = 12  # a quarter of a second
_HIGHEST_COST = 16  # several seconds: more would let a log-in block others
_HASH = re.compile(r"\$2[aby]\$(\d\d)\$[./A-Za-z0-9]{53}")

_THREADS = 2
_MOST_WAITING = 32
_MOST_OF_CLIENT = 4  # of these and those at work: who guesses leaves places for others
_MOST_OF_THIS_MACHINE = 16  # a proxy of this machine brings the passwords of many
_REMEMBERED = 60.0  # seconds
_MOST_REMEMBERED = 4096

# Told the password and the hash, says whether they belong together; takes its time.
Compare = Callable[[bytes, bytes], bool]


class Overloaded(Exception):
    """Too many passwords are being checked, or too many of one client."""


class Passwords:
    """Checks passwords; one for a process and its event loop."""

    def __init__(self, *, compare: Compare | None = None, clock: Callable[[], float] = time.monotonic) -> None:
        self._compare = compare or _bcrypt_compare
        self._clock = clock
        self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="passwords")
        # What is remembered is worth nothing to who reads it: this key is in no other place.
        self._key = secrets.token_bytes(32)
        self._right: dict[bytes, float] = {}
        self._checks: dict[bytes, asyncio.Future[bool]] = {}
        self._clients: Counter[str] = Counter()

    async def check(
        self, user: str, password: Secret, stored: str | None, *, like: str | None = None, client: str = ""
    ) -> bool:
        """Whether `password` is the one whose hash is `stored`, None for a user that there is not.

        That costs the same work, as with the hash `like`: how long it takes tells nobody which users there are.
        `client` is whom it counts for, '' a program of this machine. Raises `Overloaded`. What was wrong is not
        remembered.
        """
        key = self._digest(user, password, stored or "")
        if self._right.get(key, 0.0) > self._clock():
            return True
        # A client's parallel requests bring the same password, which is checked once for all.
        running = self._checks.get(key)
        if not running:
            running = self._start(key, client, partial(self._compare_all, password, stored, like))
        # One of those who wait may go away.
        right = await asyncio.shield(running)
        if right:
            self._remember(key)
        return right

    def close(self) -> None:
        """Let no thread outlive this."""
        self._threads.shutdown(cancel_futures=True)

    def _start(self, key: bytes, client: str, compare: Callable[[], bool]) -> asyncio.Future[bool]:
        most = _MOST_OF_CLIENT if client else _MOST_OF_THIS_MACHINE
        if len(self._checks) >= _MOST_WAITING + _THREADS or self._clients[client] >= most:
            raise Overloaded
        running = asyncio.get_running_loop().run_in_executor(self._threads, compare)
        self._checks[key] = running
        self._clients[client] += 1
        running.add_done_callback(lambda _: self._done(key, client))
        return running

    def _done(self, key: bytes, client: str) -> None:
        self._checks.pop(key, None)
        self._clients[client] -= 1
        if not self._clients[client]:
            del self._clients[client]

    def _compare_all(self, password: Secret, stored: str | None, like: str | None) -> bool:
        given = password.reveal().encode()[:LONGEST]
        same = self._compare(given, (stored or _nobody(like)).encode())
        return same and stored is not None

    def _remember(self, key: bytes) -> None:
        now = self._clock()
        if len(self._right) >= _MOST_REMEMBERED:
            self._right = {known: until for known, until in self._right.items() if until > now}
        if len(self._right) < _MOST_REMEMBERED:
            self._right[key] = now + _REMEMBERED

    def _digest(self, user: str, password: Secret, stored: str) -> bytes:
        # The hash is a part, so that a new password takes effect at once. No part but the last has a NUL in it.
        content = f"{stored}\0{user}\0{password.reveal()}".encode()
        return hashlib.blake2b(content, key=self._key).digest()


def hash_password(password: Secret, *, cost: int = _COST) -> str:
    """The hash to keep of a password of at most `LONGEST` bytes."""
    bcrypt = load_bcrypt()
    hashed: bytes = bcrypt.hashpw(password.reveal().encode(), bcrypt.gensalt(cost))
    return hashed.decode()


def is_hash(text: str) -> bool:
    """Whether `text` is a bcrypt hash that can be checked in reasonable time."""
    found = _HASH.fullmatch(text)
    return found is not None and 4 <= int(found[1]) <= _HIGHEST_COST


def load_bcrypt() -> ModuleType:
    """The library, or `MissingExtra`."""
    try:
        import bcrypt  # noqa: PLC0415 - an extra
    except ModuleNotFoundError as error:
        raise MissingExtra("server", "passwords") from error
    return bcrypt


def _bcrypt_compare(password: bytes, stored: bytes) -> bool:
    return bool(load_bcrypt().checkpw(password, stored))


def _nobody(like: str | None) -> str:
    """A hash that no password has, and that costs what `like` does."""
    found = _HASH.fullmatch(like or "")
    return f"$2b${found[1] if found else f'{_COST:02}'}${'.' * 53}"
