"""The differences that docs/crane.md lists are these, and the only ones."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.crane.answers import name_of
from tests.crane.differences import DIFFERENCES
from tests.crane.stage import Stage

PAGE = (Path(__file__).parents[2] / "docs" / "crane.md").read_text()


def test_the_page_lists_each_with_its_reason() -> None:
    assert re.findall(r"^- \*\*(.+?)\*\*: ", PAGE, re.MULTILINE) == list(DIFFERENCES)


@pytest.mark.parametrize("words", DIFFERENCES)
def test_boxship_and_crane_differ_in_it(stage: Stage, words: str, monkeypatch: pytest.MonkeyPatch) -> None:
    part = stage.part(name_of(words))
    monkeypatch.setenv("HOME", str(part.here))
    assert DIFFERENCES[words](part) is (stage.name == "boxship")
