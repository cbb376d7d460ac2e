"""A list of names as its reader sees it: one by one, or page by page. Asking for pages is `pages`'s work."""

from __future__ import annotations

__all__ = ["Listing"]

from collections.abc import Iterator
from typing import Self


class Listing:
    """Names, one by one, or by `pages` as the registry sends them. Iterate once."""

    def __init__(self, source: Iterator[tuple[str, ...]]) -> None:
        self._pages = source
        self._page: Iterator[str] = iter(())

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> str:
        while True:  # a registry that filters what it shows may send any number of empty pages
            for name in self._page:
                return name
            self._page = iter(next(self._pages))

    def pages(self) -> Iterator[tuple[str, ...]]:
        """The rest, page by page."""
        rest = tuple(self._page)
        if rest:
            yield rest
        yield from self._pages
