"""Manual pages (man-pages(7)), made of what the parsers say: one of boxship, and one of each verb and action."""

from __future__ import annotations

__all__ = ["pages"]

from collections.abc import Iterable, Iterator, Sequence

from boxship import __version__
from boxship.cli.command_page import FILES, STATUSES, CommandPage, command_pages


def pages() -> Iterator[tuple[str, str]]:
    """Each page's file name and text."""
    commands = tuple(command_pages())
    yield "boxship.1", _overview(commands)
    for page in commands:
        yield f"{page.name}.1", _page(page)


def _overview(commands: Sequence[CommandPage]) -> str:
    return "\n".join(
        (
            _title("boxship", "container registries, without the hang"),
            ".SH SYNOPSIS",
            r"\fBboxship\fR \fIVERB\fR [\fIoptions\fR] \fIREFERENCE\fR ...",
            ".SH DESCRIPTION",
            "A client of container registries and a registry. Every wait has a bound, no credential goes where it",
            "should not, and every byte is verified. Each verb has a page of its own, and --help.",
            ".SH VERBS",
            *_tagged((f"{page.name}(1)", page.summary) for page in commands),
            ".SH EXIT STATUS",
            *_tagged((str(status), said) for status, said in STATUSES.items()),
            ".SH FILES",
            *_tagged(FILES.items()),
            "",
        )
    )


def _page(page: CommandPage) -> str:
    return "\n".join(
        (
            _title(page.name, page.summary),
            ".SH SYNOPSIS",
            _text(page.usage),
            ".SH DESCRIPTION",
            _text(page.description),
            ".SH EXAMPLE",
            ".EX",
            _text(page.example),
            ".EE",
            *_groups(page),
            ".SH SEE ALSO",
            r"\fBboxship\fR(1)",
            "",
        )
    )


def _title(name: str, summary: str) -> str:
    return f'.TH "{name.upper()}" "1" "" "boxship {__version__}"\n.SH NAME\n{_text(name)} \\- {_text(summary)}'


def _groups(page: CommandPage) -> Iterator[str]:
    for group in page.groups:
        yield f".SH {_text(group.title.upper())}"
        yield from _tagged(group.entries)


def _tagged(pairs: Iterable[tuple[str, str]]) -> Iterator[str]:
    for name, text in pairs:
        yield f".TP\n\\fB{_text(name)}\\fR\n{_text(text)}"


def _text(text: str) -> str:
    """The text, with nothing in it that troff would take for a request, and hyphens that can be copied."""
    escaped = text.replace("\\", "\\e").replace("-", "\\-")
    return "\n".join(f"\\&{line}" if line.startswith((".", "'")) else line for line in escaped.split("\n"))
