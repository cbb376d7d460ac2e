"""A page of each command, written from what its parser says before Sphinx reads the pages."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from boxship.cli.command_page import CommandPage, command_pages

if TYPE_CHECKING:
    from sphinx.application import Sphinx

_FOLDER = "reference/commands"


def setup(app: Sphinx) -> dict[str, bool]:
    """Have the pages written when a build begins."""
    app.connect("builder-inited", lambda app: write_pages(Path(app.srcdir, _FOLDER)))
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def write_pages(folder: Path) -> None:
    """Write each page that is another than before, and take away those of commands that are gone."""
    commands = tuple(command_pages())
    pages = {"index.md": _overview(commands), **{f"{page.name}.md": _page(page) for page in commands}}
    folder.mkdir(exist_ok=True)
    for path in folder.iterdir():
        if path.name not in pages:
            path.unlink()
    for name, text in pages.items():
        path = folder / name
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")


def _overview(pages: Sequence[CommandPage]) -> str:
    return "\n".join(
        (
            "# Commands",
            "",
            "Every verb has `--help`, which says the same, and a manual page (`man boxship-ls`).",
            "",
            *_table("command", "", ((f"[`{' '.join(page.words)}`]({page.name}.md)", page.summary) for page in pages)),
            "",
            "```{toctree}",
            ":hidden:",
            "",
            *(f"{' '.join(page.words)} <{page.name}>" for page in pages),
            "```",
            "",
        )
    )


def _table(left: str, right: str, rows: Iterator[tuple[str, str]]) -> Iterator[str]:
    yield f"| {left} | {right} |"
    yield "|---|---|"
    yield from (f"| {name} | {said} |" for name, said in rows)


def _page(page: CommandPage) -> str:
    return "\n".join(
        (
            f"# boxship {' '.join(page.words)}",
            "",
            _text(page.description),
            "",
            "```text",
            page.usage,
            "```",
            "",
            "For example:",
            "",
            "```text",
            page.example,
            "```",
            *_groups(page),
            "",
        )
    )


def _groups(page: CommandPage) -> Iterator[str]:
    for group in page.groups:
        yield f"\n## {_text(group.title.capitalize())}\n"
        for name, said in group.entries:
            yield f"`{name}`\n: {_text(said) or '&nbsp;'}\n"


def _text(text: str) -> str:
    """The text, with nothing in it that Markdown would take for more than that, and on one line."""
    return "".join(f"\\{sign}" if sign in "\\`*_{}[]<>#|~$:" else sign for sign in " ".join(text.split()))
