"""What was done, how often, with which errors, and which promises were broken. Safe to use from several threads."""

from __future__ import annotations

__all__ = ["Tally"]

import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.client import HTTPException

from boxship.errors import BoxshipError, ContentMismatch, RegistryError
from soak.ledger import Broken
from soak.pushing import Refused

_LONGEST = 120.0  # seconds for one deed, whose every wait has a bound
_MOST = 50  # broken promises that are worth being read


@dataclass(slots=True)
class Tally:
    """The counts."""

    done: Counter[str] = field(default_factory=Counter)
    failed: Counter[str] = field(default_factory=Counter)
    broken: list[str] = field(default_factory=list)
    slowest: float = 0.0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @contextmanager
    def deed(self, name: str) -> Iterator[None]:
        """Do something that may fail for the faults on its way; what is no such failure is a broken promise."""
        began = time.monotonic()
        try:
            yield
        except Exception as error:  # noqa: BLE001 -- each of them is judged
            self._judge(name, error)
        else:
            with self._lock:
                self.done[name] += 1
        took = time.monotonic() - began
        with self._lock:
            self.slowest = max(self.slowest, took)
        if took > _LONGEST:
            self.breaks(f"{name} took {took:.0f} s")

    def breaks(self, words: str) -> None:
        """A promise is broken."""
        with self._lock:
            if len(self.broken) < _MOST:
                self.broken.append(words)

    def _judge(self, name: str, error: Exception) -> None:
        kind = type(error).__name__
        status = getattr(error, "status", 0) if isinstance(error, Refused | RegistryError) else 0
        code = error.code if isinstance(error, Refused) else ""
        with self._lock:
            self.failed[" ".join(filter(None, (f"{name}: {kind}", str(status or ""), code)))] += 1
        if isinstance(error, ContentMismatch):
            self.breaks(f"wrong bytes: {name}: {error}")
        elif isinstance(error, Broken):
            self.breaks(f"{name}: {error}")
        elif status >= 500 and status != 503:
            self.breaks(f"a fault of the registry's: {name}: {error}")
        elif not isinstance(error, BoxshipError | Refused | OSError | HTTPException):
            self.breaks(f"{name}: {kind}: {error}")
