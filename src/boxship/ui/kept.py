"""What answers leave for later ones: by digest, what does not change; by asker, the names of repositories.

A digest says nothing of who may see what it names: a manifest may refer to a layer that its repository does not have.
"""

from __future__ import annotations

__all__ = ["Kept", "Lately"]

import threading
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

from boxship.digest import Digest
from boxship.image.listing import Listing
from boxship.ui.names import Names

Key = TypeVar("Key", bound=Hashable)
Value = TypeVar("Value")

_MOST_SUMMARIES = 20_000
_MOST_ASKERS = 16  # whose lists of repositories are held
_MOST_ENTRIES = 300_000  # of layers, each some 400 bytes


class Lately(Generic[Key, Value]):
    """The values that were used last, as many as weigh `most` together. Safe to use from several threads."""

    def __init__(self, most: int, weight: Callable[[Value], int] = lambda _: 1) -> None:
        self._most, self._weight = most, weight
        self._lock = threading.Lock()
        self._values: dict[Key, Value] = {}
        self._total = 0

    def get(self, key: Key) -> Value | None:
        """The value, if it is kept."""
        with self._lock:
            value = self._values.pop(key, None)
            if value is not None:
                self._values[key] = value
            return value

    def put(self, key: Key, value: Value) -> None:
        """Keep a value, and let go of others."""
        with self._lock:
            self._drop(key)
            self._values[key] = value
            self._total += self._weight(value)
            while self._total > self._most and len(self._values) > 1:
                self._drop(next(iter(self._values)))

    def _drop(self, key: Key) -> None:
        if (old := self._values.pop(key, None)) is not None:
            self._total -= self._weight(old)


class Kept:
    """All that is kept.

    Attributes:
        summaries: of images that whoever asks is known to see.
        listings: what layers have, by the repository that they were read from.
    """

    def __init__(self) -> None:
        self.summaries = Lately[Digest, dict[str, object]](_MOST_SUMMARIES)
        self.listings = Lately[tuple[str, Digest], Listing](_MOST_ENTRIES, lambda listing: len(listing.entries) + 1)
        self._names = Lately[str, Names](_MOST_ASKERS)
        self._lock = threading.Lock()

    def names(self, key: str) -> Names:
        """The names of repositories that an asker sees."""
        with self._lock:
            names = self._names.get(key) or Names()
            self._names.put(key, names)
            return names
