"""Ranges of versions as Masterminds/semver and regsync read them: rows of their own tests among others."""

from __future__ import annotations

import pytest

from boxship.errors import InvalidSettings
from boxship.sync.regsync_range import RegsyncRange
from boxship.sync.semver import Range, Versions


@pytest.mark.parametrize(
    ("written", "inside", "outside"),
    [
        (">=1.2, <2", "1.2 1.2.0 1.9.9 v1.5", "1.1.9 2 2.0.0 1.5.0-rc1 latest 1.2-alpine 1.2.3.4"),
        (">=1.2 <2 || ~3.1", "1.3 3.1 3.1.9", "3.2 2.0"),
        (">= 3.12.0", "3.12.0 4.0", "3.11.9"),
        ("^1.2", "1.2 1.9", "1.1 2.0"),
        ("^0.2.3", "0.2.3 0.2.9", "0.3.0 0.2.2"),
        ("^0.0.3", "0.0.3", "0.0.4"),
        ("^0", "0.9", "1.0"),
        ("^0.0", "0.0.9", "0.1.0"),
        ("~1", "1.0 1.9", "2.0"),
        ("~>1.2.3", "1.2.3 1.2.9", "1.3 1.2.2"),
        ("1.2", "1.2.0 1.2.7", "1.3"),
        ("1.2.x", "1.2.0 1.2.7", "1.3"),
        ("*", "0.1 9", "x 1.0.0-rc.1"),
        ("!=1.2", "1.3", "1.2.4"),
        ("!=1.2.3", "1.2.4", "1.2.3"),
        (">1.2", "1.3", "1.2.9"),
        (">1", "2.0", "1.9"),
        ("<1.2", "1.1.9", "1.2.0"),
        ("<=1.2", "1.2.9 1.1", "1.3"),
        ("=1.2.3", "1.2.3 1.2.3+build", "1.2.4"),
        ("1.2 - 1.4.5", "1.2 1.4.5", "1.1 1.4.6"),
        (">=1.0.0-rc.2", "1.0.0-rc.2 1.0.0-rc.10 1.0.0", "1.0.0-rc.1 1.0.0-beta"),
        (">=1.0.0-0, <2", "1.5.0-rc1", "2.0.0"),
        (">=1.0.0-0 || >=3", "1.0.0-rc1 4.0.0-rc1", "0.9"),
    ],
)
def test_a_range_has_these_versions_and_not_those(written: str, inside: str, outside: str) -> None:
    _see(Range.parse(written), inside, outside)


@pytest.mark.parametrize(
    "wrong",
    ["", "x1", ">=", "1.2 || ", ">=1.2 latest", ">=1.2<2", "1.2.3.4", "9" * 100_000],
    ids=lambda text: text[:20],
)
def test_what_is_no_range_is_said(wrong: str) -> None:
    with pytest.raises(InvalidSettings, match="no range of versions"):
        Range.parse(wrong)


@pytest.mark.parametrize(
    ("written", "inside", "outside"),
    [
        (">=1.0.0 <2.0.0", "1.0.0 v1.5.0-alpine v1.2.3-alpine3.21 v2.0.0-alpine", "2.0.0 latest v0.9.0-x"),
        (">=5.0.0", "v6-scratch v5.1-scratch 5", "v5-scratch v4-scratch"),
        (">=2 <5", "v2 v3 v4", "v1 v5"),
        ("^1.2.3", "1.2.3 1.5.0", "2.0.0 1.2.2"),
        ("^0.2.3", "0.2.5", "0.3.0"),
        ("^0.0.3", "0.0.3", "0.0.4"),
        ("~1.2.3", "1.2.5", "1.3.0"),
        ("1.2", "1.2 1.2.0", "1.2.1"),
        (">=10.0.17763.2114", "10.0.17763.2115 10.0.17764", "10.0.17763 10.0.17763.9"),
        (">=1.0.0-rc2", "1.0.0-rc11 1.0.0-rc2 1.0.0", "1.0.0-rc1 1.0.0-rc"),
        ("<=1.0.0-rc.2", "1.0.0-rc.1 0.9", "1.0.0-rc.10 1.0.0"),
    ],
)
def test_regsyncs_ranges_are_other_ones(written: str, inside: str, outside: str) -> None:
    _see(RegsyncRange.parse(written), inside, outside)


@pytest.mark.parametrize("wrong", ["", ">=abc", "invalid range", ">= 1", "9" * 5000], ids=lambda text: text[:20])
def test_what_is_no_range_of_regsyncs_is_said(wrong: str) -> None:
    with pytest.raises(InvalidSettings, match="semverRange"):
        RegsyncRange.parse(wrong)


@pytest.mark.parametrize("tag", ["9" * 5000, f"1.0.0-{'9' * 5000}"], ids=["a number", "a prerelease"])
def test_what_is_too_long_for_a_tag_is_no_version(tag: str) -> None:
    for wanted in (Range.parse(">=1.0.0-0"), RegsyncRange.parse(">=1.0.0-0")):
        assert not wanted.has(tag)


def _see(wanted: Versions, inside: str, outside: str) -> None:
    assert [tag for tag in inside.split() if not wanted.has(tag)] == []
    assert [tag for tag in outside.split() if wanted.has(tag)] == []
