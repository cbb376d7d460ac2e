"""Manual pages, made of what the parsers say."""

from __future__ import annotations

import re
import subprocess
from argparse import SUPPRESS
from pathlib import Path

import pytest

from boxship.cli.manual import pages
from boxship.cli.parsers import parser_of
from tests.cli.running import boxship

PAGES = dict(pages())


def test_every_option_of_a_verb_stands_on_its_page() -> None:
    page = PAGES["boxship-ls.1"].replace("\\-", "-")
    shown = {
        option: action for option, action in parser_of("ls")._option_string_actions.items() if action.help != SUPPRESS
    }
    assert [option for option in shown if option not in page] == []


def test_a_page_of_each_action_and_verb_is_named_by_the_first() -> None:
    named = set(re.findall(r"boxship\\-[a-z\\-]+(?=\(1\))", PAGES["boxship.1"]))
    assert {f"{name.replace(chr(92), '')}.1" for name in named} == set(PAGES) - {"boxship.1"}


def test_nothing_is_taken_for_a_request() -> None:
    requests = {
        line.split(" ")[0] for page in PAGES.values() for line in page.split("\n") if line.startswith((".", "'"))
    }
    assert requests == {".TH", ".SH", ".TP", ".EX", ".EE"}


@pytest.mark.parametrize("words", [("ls",), ("files",), ("files", "cat")])
def test_help_and_pages_have_no_colours(monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...]) -> None:
    """Python 3.14 has them wherever something is built with FORCE_COLOR, as in CI."""
    monkeypatch.setenv("FORCE_COLOR", "1")
    shown = boxship(*words, "--help").output
    assert "\x1b" not in shown
    assert shown.count("usage: ") == 1
    assert not any("\x1b" in page for _, page in pages())


@pytest.mark.parametrize("words", [("--help",), ("--nope", "reg.corp/app")])
def test_the_usage_has_the_arguments(words: tuple[str, ...]) -> None:
    told = boxship("ls", *words)
    assert "usage: boxship ls [options] repository\n" in told.output + told.errors


@pytest.mark.peer("mandoc")
def test_mandoc_reads_every_page(tmp_path: Path) -> None:
    for name, text in PAGES.items():
        (tmp_path / name).write_text(text)
    words = ["mandoc", "-T", "lint", "-W", "warning", *sorted(map(str, tmp_path.iterdir()))]
    done = subprocess.run(words, capture_output=True, text=True, timeout=60, check=False)
    assert [line for line in done.stdout.splitlines() if "missing date" not in line] == []
