"""Whether the finished site is whole: `python docs/_site/links.py build/docs`.

Every link leads to a page and a place in it, and nothing is fetched from anywhere else.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

_FETCHING = {"img": "src", "script": "src", "link": "href", "iframe": "src", "source": "src", "form": "action"}


@dataclass
class Page:
    """A page: where it leads, what it fetches, and the places in it that have a name."""

    path: Path
    links: list[str] = field(default_factory=list)
    fetched: list[str] = field(default_factory=list)
    places: set[str] = field(default_factory=set)

    @classmethod
    def read(cls, path: Path) -> Page:
        """The page in a file."""
        page = cls(path)
        reader = _Reader(page)
        reader.feed(path.read_text(encoding="utf-8"))
        reader.close()
        return page


class _Reader(HTMLParser):
    def __init__(self, page: Page) -> None:
        super().__init__()
        self._page = page

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        facts = {name: value or "" for name, value in attrs}
        if "id" in facts:
            self._page.places.add(facts["id"])
        if tag == "a" and "href" in facts:
            self._page.links.append(facts["href"])
        if facts.get(_FETCHING.get(tag, "")):
            self._page.fetched.append(facts[_FETCHING[tag]])


@dataclass(frozen=True)
class Site:
    """A folder of pages."""

    folder: Path

    @cached_property
    def pages(self) -> dict[Path, Page]:
        """All pages by their paths."""
        return {path.resolve(): Page.read(path) for path in sorted(self.folder.rglob("*.html"))}

    def complaints(self) -> Iterator[str]:
        """What is wrong, a line each."""
        for page in self.pages.values():
            name = page.path.relative_to(self.folder)
            yield from (f"{name}: {link} leads nowhere" for link in page.links if not self._there(page, link))
            yield from (
                f"{name}: {url} is fetched and is not here"
                for url in page.fetched
                if urlsplit(url).netloc or not self._there(page, url)
            )

    def _there(self, page: Page, link: str) -> bool:
        parts = urlsplit(link)
        if parts.scheme or parts.netloc:
            return True
        target = (page.path.parent / unquote(parts.path)).resolve() if parts.path else page.path.resolve()
        if target not in self.pages:
            return target.is_file() and not parts.fragment
        return not parts.fragment or unquote(parts.fragment) in self.pages[target].places


def main(folder: Path) -> int:
    """Say what is wrong; 1 where anything is."""
    site = Site(folder)
    complaints = list(site.complaints())
    for complaint in complaints:
        print(complaint, file=sys.stderr)
    print(f"{len(site.pages)} pages, {len(complaints)} links that lead nowhere")
    return int(bool(complaints) or not site.pages)


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
