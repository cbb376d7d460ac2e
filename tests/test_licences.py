from __future__ import annotations

from importlib.metadata import Distribution, PathDistribution
from pathlib import Path

import pytest

from tests import licences
from tests.licences import PAGE, UnknownLicence, licence_of, needed, row


def test_the_page_has_what_an_installation_brings_along() -> None:
    rows = [line for line in PAGE.read_text().splitlines() if line.startswith("| ") and "licence" not in line]
    here = [row(each) for each in needed()]
    assert [line for line in here if line not in rows] == [], "new, or another licence: python -m tests.licences"
    names = {each.name for each in needed()} | licences.ELSEWHERE
    assert [line for line in rows if line.split()[1] not in names] == [], "no longer needed"


def described(folder: Path, *lines: str) -> Distribution:
    (folder / "METADATA").write_text("\n".join(["Name: thing", "Version: 1", *lines, ""]))
    return PathDistribution(folder)


@pytest.mark.parametrize(
    ("lines", "licence"),
    [
        (("License-Expression: MIT",), "MIT"),
        (("License: BSD-3-Clause", "Classifier: License :: OSI Approved :: BSD License"), "BSD-3-Clause"),
        (("License: see LICENSE", "Classifier: License :: OSI Approved :: MIT License"), "MIT"),
    ],
)
def test_a_licence_is_what_the_metadata_says(tmp_path: Path, lines: tuple[str, ...], licence: str) -> None:
    assert licence_of(described(tmp_path, *lines)) == licence


@pytest.mark.parametrize("lines", [(), ("License-Expression: AGPL-3.0-only",), ("License: Custom",)])
def test_a_licence_that_nobody_has_looked_at_is_none(tmp_path: Path, lines: tuple[str, ...]) -> None:
    with pytest.raises(UnknownLicence, match="thing"):
        licence_of(described(tmp_path, *lines))
