"""The names of a registry's repositories as somebody sees them: listed beside the questions, and searched in memory."""

from __future__ import annotations

__all__ = ["Names", "Shown", "found_in"]

import threading
import time
from collections.abc import Callable, Iterable, Sequence

from boxship.errors import BoxshipError, UnexpectedAnswer
from boxship.value import dataclass

_PATIENCE = 0.25  # seconds that a question waits for the list to be whole
_LONGEST_WAIT = 30.0  # for its first page
_FRESH = 2.0  # seconds in which nobody lists again
_EFFORT = 20  # times as long as listing took, nobody lists again
_MOST = 1_000_000  # names
_ENOUGH = 1000  # names that have the words in them: then those with letters here and there are not looked for
_LONGEST_SEARCH = 255


@dataclass(frozen=True, slots=True)
class Shown:
    """Names, in their order; `complete` is whether these are all."""

    names: Sequence[str]
    complete: bool


class Names:
    """Safe to use from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Condition()
        self._known: tuple[str, ...] = ()
        self._whole = False
        self._coming: list[str] | None = None  # while they are listed
        self._error: BoxshipError | None = None
        self._listed_at, self._took = -1e9, 0.0
        self._found: dict[str, Sequence[str]] = {}

    def shown(self, pages: Callable[[], Iterable[tuple[str, ...]]]) -> Shown:
        """The names: the last whole list, or what has come of the first one; a little is waited for a fresh one.

        `pages` lists them, in a thread of its own. Raises the error that the list came to, where nothing is known.
        """
        with self._lock:
            if self._coming is None and self._is_old():
                self._coming, self._error = [], None
                threading.Thread(target=self._list, args=(pages,), name="boxship-names", daemon=True).start()
            self._lock.wait_for(lambda: self._coming is None, _PATIENCE)
            if not self._whole:
                self._lock.wait_for(lambda: self._coming is None or bool(self._coming), _LONGEST_WAIT)
            return self._what_is_known()

    def search(self, shown: Shown, words: str) -> Sequence[str]:
        """The names in which the words are found, the best first."""
        words = words.lower()[:_LONGEST_SEARCH]
        if not words:
            return shown.names
        if not shown.complete:
            return found_in(shown.names, words)
        with self._lock:
            if (known := self._found.get(words)) is not None:
                return known
        found = found_in(shown.names, words)
        with self._lock:
            if shown.names is self._known:
                self._found[words] = found
                while len(self._found) > 32:
                    del self._found[next(iter(self._found))]
        return found

    def _is_old(self) -> bool:
        return time.monotonic() - self._listed_at > max(_FRESH, _EFFORT * self._took)

    def _what_is_known(self) -> Shown:
        if self._whole:
            return Shown(self._known, complete=True)
        if self._error:
            raise self._error
        if not self._coming:
            why = f"nothing of it has come within {_LONGEST_WAIT:g} s"
            raise UnexpectedAnswer("the list of repositories", why=why, remedy="name a repository")
        return Shown(tuple(self._coming), complete=False)

    def _list(self, pages: Callable[[], Iterable[tuple[str, ...]]]) -> None:
        began = time.monotonic()
        names = list[str]()
        try:
            for page in pages():
                names += page[: _MOST - len(names)]
                with self._lock:
                    self._coming = names
                    self._lock.notify_all()
                if len(names) >= _MOST:
                    break
        except BoxshipError as error:
            with self._lock:
                self._error, self._whole = error, False
        else:
            with self._lock:
                self._known, self._whole, self._found = tuple(sorted(set(names))), True, {}
        finally:
            with self._lock:
                self._listed_at, self._took = time.monotonic(), time.monotonic() - began
                self._coming = None
                self._lock.notify_all()


def found_in(names: Sequence[str], words: str) -> tuple[str, ...]:
    """Those that have the words: at their beginning, at a component's, anywhere, and then letter by letter."""
    has = [name for name in names if words in name]
    component = f"/{words}"
    ranked = sorted(has, key=lambda name: 0 if name.startswith(words) else 1 if component in name else 2)
    if len(ranked) >= _ENOUGH:
        return tuple(ranked)
    known = set(ranked)
    return (*ranked, *(name for name in names if name not in known and _has_letters(name, words)))


def _has_letters(name: str, letters: str) -> bool:
    """Whether the letters stand in the name in their order. A pattern would try all of their places."""
    place = 0
    for letter in letters:
        place = name.find(letter, place) + 1
        if not place:
            return False
    return True
