"""The site has a place for everything, and its sources lead nowhere wrong. `make docs` builds it whole."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import pytest

from boxship.cli.command_page import STATUSES, command_pages
from boxship.cli.parsers import actions_of
from boxship.cli.verbs import VERBS
from tests.docs_blocks import DOCS, PAGES, ROOT, WRITTEN, label

_FENCED = re.compile(r"^```.*?^```$|`[^`\n]*`", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"\]\(([^)\s]+)\)")
_HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)
_LISTED = re.compile(r"^```\{toctree\}\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_INCLUDED = re.compile(r"^```\{include\} (\S+)$", re.MULTILINE)
_PROMISED = re.compile(r"^\| \[`(boxship[.\w]*)`\]\((\w+\.md)\)", re.MULTILINE)
_LEFT_OUT = re.compile(r":exclude-members: (.*)")
_AUTOMATIC = re.compile(r"^\.\. automodule:: (\S+)\n((?:   :.*\n)*)", re.MULTILINE)


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The pages of commands, as the build writes them."""
    folder = tmp_path_factory.mktemp("docs") / "commands"
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(DOCS / "_site"))
        import_module("commands").write_pages(folder)
        sys.modules.pop("commands")
    return {path.name: path.read_text() for path in folder.iterdir()}


def test_every_verb_has_its_page_with_its_flags(written: dict[str, str]) -> None:
    named = {name for verb in VERBS for name in ([f"{verb}-{action}" for action in actions_of(verb)] or [verb])}
    assert {f"boxship-{name}.md" for name in named} | {"index.md"} == set(written)
    for page in command_pages():
        text = written[f"{page.name}.md"]
        shown = [heading for group in page.groups for heading, _ in group.entries]
        assert [heading for heading in shown if f"\n`{heading}`\n: " not in text] == []
        assert f"({page.name}.md)" in written["index.md"]


def test_every_public_name_is_in_the_reference() -> None:
    folder = DOCS / "reference/python"
    promised = _PROMISED.findall((folder / "index.md").read_text())
    told = [_AUTOMATIC.findall((folder / page).read_text()) for _, page in promised]
    assert [[module for module, _ in found] for found in told] == [[module] for module, _ in promised]
    left_out, there = list[str](), list[str]()
    for ((module, options),) in told:
        names = [name.strip() for line in _LEFT_OUT.findall(options) for name in line.split(",")]
        left_out += names
        there += [name for name in import_module(module).__all__ if name not in names]
        assert "   :members:\n" in options
    # What one page leaves out has its place in another one.
    assert [name for name in left_out if name not in there] == []


def test_every_exit_status_stands_on_its_page() -> None:
    page = (DOCS / "reference/statuses.md").read_text()
    assert [status for status, said in STATUSES.items() if f"| {status} | {said} |" not in page] == []


def test_every_page_is_in_a_table_of_contents() -> None:
    listed = {
        (page.parent / f"{line.strip()}.md").resolve()
        for page in PAGES
        for entries in _LISTED.findall(page.read_text())
        for line in entries.splitlines()
        if line and not line.startswith(":")
    }
    pages = {page for page in PAGES if DOCS in page.parents} - {DOCS / "index.md"}
    assert sorted(label(page) for page in pages - listed) == []


def _slug(heading: str) -> str:
    plain = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading).replace("`", "")
    return re.sub(r"[^\w\- ]", "", plain.lower()).replace(" ", "-")


def _wrong(page: Path) -> Iterator[str]:
    text = page.read_text()
    for link in (*_LINK.findall(_FENCED.sub("", text)), *_INCLUDED.findall(text)):
        path, _, place = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        if "://" in link or WRITTEN in target.parents:
            continue
        if not target.exists():
            yield f"{label(page)}: {link}: no such file"
        elif place and place not in {_slug(heading) for heading in _HEADING.findall(target.read_text())}:
            yield f"{label(page)}: {link}: no such heading"


def test_links_lead_somewhere() -> None:
    pages = (*PAGES, ROOT / "CONTRIBUTING.md", ROOT / "CHANGELOG.md")
    assert [wrong for page in pages for wrong in _wrong(page)] == []


def test_what_is_wrong_with_a_finished_site_is_said(tmp_path: Path) -> None:
    (tmp_path / "good.html").write_text('<a href="other.html#there">x</a><a href="https://elsewhere.test">x</a>')
    (tmp_path / "other.html").write_text(
        '<p id="there"></p><a href="gone.html">x</a><a href="#nowhere">x</a><script src="https://cdn.test/x.js"></script>'
    )
    checked = subprocess.run(
        [sys.executable, DOCS / "_site/links.py", tmp_path], capture_output=True, text=True, timeout=30, check=False
    )
    assert checked.returncode == 1
    assert checked.stderr.splitlines() == [
        "other.html: gone.html leads nowhere",
        "other.html: #nowhere leads nowhere",
        "other.html: https://cdn.test/x.js is fetched and is not here",
    ]
