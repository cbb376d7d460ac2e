"""The page's files: small, whole, and with nothing in them that the policy forbids or that asks somebody else."""

from __future__ import annotations

import gzip
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.web.pictures import PICTURES

FOLDER = Path(__file__).parents[2] / "src/boxship/web/page"
FILES = sorted(FOLDER.iterdir())
SCRIPTS = [file for file in FILES if file.suffix == ".js"]
FIRST_VIEW = 100_000  # bytes, compressed, until the list of repositories is seen
_IMPORT = re.compile(r'^(?:import|export) .*?from "\./([^"]+)";$|^import "\./([^"]+)";$', re.MULTILINE | re.DOTALL)
_LATER = re.compile(r'import\("\./([^"]+)"\)')
_FORBIDDEN = re.compile(
    r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|DOMParser|createContextualFragment|\beval\b|new Function"
    r"|setHTMLUnsafe|srcdoc|document\.cookie|sessionStorage|indexedDB"
)
_ELSEWHERE = re.compile(r"(?:https?:)?//[a-z0-9-]+\.[a-z]", re.IGNORECASE)
_NAMESPACE = "http://www.w3.org/2000/svg"


def imports(file: Path) -> Iterator[str]:
    """The names of the modules that it needs at once."""
    for one, other in _IMPORT.findall(file.read_text()):
        yield one or other


def needed(*names: str) -> set[str]:
    """These modules, and all that they need."""
    found = set[str]()
    waiting = list(names)
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting += imports(FOLDER / name)
    return found


def named_in_the_document(what: str) -> set[str]:
    return set(re.findall(rf'{what}="page/([^"]+)"', (FOLDER / "index.html").read_text()))


def test_the_first_view_is_small() -> None:
    first = needed("start.js", "repositories.js") | named_in_the_document("href") | named_in_the_document("src")
    sizes = {name: len(gzip.compress((FOLDER / name).read_bytes())) for name in {*first, "index.html"}}
    assert sum(sizes.values()) < FIRST_VIEW, sizes
    assert len(sizes) > 10


def test_what_the_first_view_needs_is_asked_for_at_once() -> None:
    """A module that the document does not name is asked for when another one has come: a round trip later."""
    document = named_in_the_document("href") | named_in_the_document("src")
    assert needed("start.js", "repositories.js") <= document
    assert {name for name in document if name.endswith(".js")} == needed("start.js", "repositories.js") | {"theme.js"}


def test_every_file_is_there_and_used() -> None:
    names = {file.name for file in FILES}
    later = {name for file in SCRIPTS for name in _LATER.findall(file.read_text())}
    used = needed("start.js", *later) | named_in_the_document("href") | named_in_the_document("src") | {"index.html"}
    assert used == names


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_it_is_short_and_in_ascii_or_utf8_without_surprises(file: Path) -> None:
    text = file.read_text()
    assert len(text.splitlines()) <= 700, "it holds two things"
    assert not [letter for letter in text if not letter.isprintable() and letter != "\n"]


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_it_makes_no_markup_of_words_and_keeps_nothing(file: Path) -> None:
    assert _FORBIDDEN.findall(file.read_text()) == []


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_it_asks_nobody_else(file: Path) -> None:
    assert _ELSEWHERE.findall(file.read_text().replace(_NAMESPACE, "")) == []


def test_the_document_has_no_code_and_no_style_of_its_own() -> None:
    document = (FOLDER / "index.html").read_text()
    assert re.findall(r"<script(?![^>]*\bsrc=)", document) == []
    assert re.findall(r"<style|\bstyle=|\bon[a-z]+=", document) == []
    # Wherever it is served: beside a registry, or below a word that nobody can guess.
    assert re.findall(r'(?:src|href)="/', document) == []


def test_what_is_remembered_is_the_choice_of_colours_alone() -> None:
    stores = {file.name for file in SCRIPTS if "localStorage" in file.read_text()}
    assert stores == {"theme.js", "theme_switch.js"}
    keys = {key for file in SCRIPTS for key in re.findall(r'localStorage\.\w+\("(\w+)"', file.read_text())}
    assert keys == {"theme"}


def test_the_pictures_of_the_docs_are_there_and_small() -> None:
    root = Path(__file__).parents[2]
    pages = "\n".join(page.read_text() for page in (root / "README.md", *(root / "docs").glob("*.md")))
    for name in PICTURES:
        picture = root / f"docs/images/{name}.png"
        assert picture.read_bytes().startswith(b"\x89PNG")
        assert picture.stat().st_size < 150_000
        assert picture.name in pages
