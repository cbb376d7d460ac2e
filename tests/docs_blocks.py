"""The blocks of code in README and docs: which there are, and what is done with each."""

from __future__ import annotations

__all__ = ["PAGES", "ROOT", "SHELLS", "STORIES", "Block", "blocks_of", "label"]

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parent.parent
DOCS = ROOT / "docs"
# What is written by the build of the site has what the parsers say, which other tests hold.
WRITTEN = DOCS / "reference/commands"
PAGES = (ROOT / "README.md", *(page for page in sorted(DOCS.rglob("*.md")) if WRITTEN not in page.parents))
# Pages that are followed from their beginning to their end: what one block makes, the next ones use.
STORIES = (DOCS / "tutorial.md", *(page for page in PAGES if page.parent.name == "how-to"))
SHELLS = ("sh", "console")
_BLOCK = re.compile(
    r"^(?:<!-- not run: (?P<why>.+) -->\n+)?```(?P<language>\S*)[^\n]*\n(?P<text>.*?)^```$"
    r"|(?P<rows>(?:^\|[^\n]*\|\n)+)",
    re.MULTILINE | re.DOTALL,
)
# What stands as code in the last column of a table: `boxship …` is a command, `client.…` is Python.
_CELL = re.compile(r"\| `((?:boxship |[^`]*\b[Cc]lient[.(])[^`]*)` \|$", re.MULTILINE)
_FILE = re.compile(r"# ([\w./-]+\.\w+)\n")


@dataclass(frozen=True, slots=True)
class Block:
    """A block of a page.

    Attributes:
        language: what it is written in; `text` is output.
        why: the reason why it is not run, where the page has one before it.
    """

    page: Path
    number: int
    language: str
    text: str
    why: str

    @property
    def is_python(self) -> bool:
        """Whether it is a program to run."""
        return self.language == "python" and not self.why and not self.file

    @property
    def is_shell(self) -> bool:
        """Whether it has commands to run."""
        return self.language in SHELLS and not self.why

    @property
    def file(self) -> str:
        """The name of the file that it is, if its first line is a comment that says so."""
        named = _FILE.match(self.text)
        return named[1] if named else ""

    @property
    def lines(self) -> list[str]:
        """The commands: of a console, what stands behind its prompts."""
        lines = self.text.replace("\\\n", " ").splitlines()
        if self.language == "sh":
            return [line for line in lines if line and not line.startswith("#")]
        return [line.removeprefix("$ ") for line in lines if line.startswith("$ ")]


def label(page: Path) -> str:
    """What a page is called in the name of a test."""
    return str(page.relative_to(ROOT))


def blocks_of(page: Path) -> Iterator[Block]:
    """The blocks, in the page's order; of a page that is followed, what stands in its tables as well."""
    for number, found in enumerate(_BLOCK.finditer(page.read_text()), 1):
        if not found["rows"]:
            yield Block(page, number, found["language"], found["text"], found["why"] or "")
        elif page in STORIES and (cells := _CELL.findall(found["rows"])):
            yield _table(page, number, cells)


def _table(page: Path, number: int, cells: list[str]) -> Block:
    if cells[0].startswith("boxship "):
        return Block(page, number, "sh", "\n".join(cells), "")
    lines = ("from boxship import Client", "with Client() as client:", *(f"    {cell}" for cell in cells))
    return Block(page, number, "python", "\n".join(lines), "")
