"""What is kept of tags, and why: rows of rules, and ages as people write them."""

from __future__ import annotations

import pytest

from boxship.errors import InvalidSettings
from boxship.prune.rules import Candidate, Rules, decide, parse_age
from boxship.sync.semver import Range

DAY = 86_400.0
NOW = 1000 * DAY
# Tags with the age of their images in days.
TAGS = {"1.0": 90.0, "1.1": 60.0, "2.0": 30.0, "2.1": 5.0, "pr-7": 1.0, "nightly": 0.5, "unknown": None}


def kept(rules: Rules, in_use: dict[str, str] | None = None) -> str:
    candidates = [Candidate(tag, None if days is None else NOW - days * DAY) for tag, days in TAGS.items()]
    decided = {one.tag: one for one in decide(rules, candidates, in_use or {}, NOW)}
    assert set(decided) == set(TAGS)
    assert all(one.why for one in decided.values())
    return " ".join(tag for tag in TAGS if decided[tag].kept)


@pytest.mark.parametrize(
    ("rules", "expected"),
    [
        (Rules(newest=2), "pr-7 nightly unknown"),
        (Rules(newest=0), "unknown"),
        (Rules(newest=2, semver=Range.parse(">=2")), "2.0 2.1 pr-7 nightly unknown"),
        (Rules(semver=Range.parse(">=2")), "2.0 2.1"),
        (Rules(within=7 * DAY), "2.1 pr-7 nightly unknown"),
        (Rules(within=7 * DAY, newest=4), "2.0 2.1 pr-7 nightly unknown"),
        (Rules(match=("pr-*",)), "1.0 1.1 2.0 2.1 nightly unknown"),
        (Rules(match=("?.*",), newest=1), "2.1 pr-7 nightly unknown"),
        (Rules(newest=1, exclude=("1.*", "pr-*")), "1.0 1.1 pr-7 nightly unknown"),
        (Rules(newest=1, immutable=("1.0",)), "1.0 nightly unknown"),
        (Rules(untagged=True), "1.0 1.1 2.0 2.1 pr-7 nightly unknown"),
    ],
)
def test_a_tag_is_kept_by_any_rule_that_keeps_it(rules: Rules, expected: str) -> None:
    assert kept(rules) == expected


def test_what_is_in_use_is_kept_and_counts_for_nothing_else() -> None:
    assert kept(Rules(newest=1), {"nightly": "k8s.yaml:3", "1.0": "k8s.yaml:9"}) == "1.0 pr-7 nightly unknown"


def test_of_one_age_the_higher_version_is_newer() -> None:
    candidates = [Candidate(tag, NOW) for tag in ("1.10", "1.9", "1.2", "1.10-rc1")]
    assert [one.tag for one in decide(Rules(newest=2), candidates, {}, NOW) if one.kept] == ["1.10", "1.10-rc1"]


def test_rules_that_would_take_everything_are_none() -> None:
    with pytest.raises(InvalidSettings, match="every tag would"):
        Rules(exclude=("a",))


@pytest.mark.parametrize(
    ("text", "seconds"), [("30d", 30 * DAY), ("2w1d", 15 * DAY), ("1d12h", 1.5 * DAY), ("90m", 5400.0), ("0", 0.0)]
)
def test_ages_are_read(text: str, seconds: float) -> None:
    assert parse_age(text) == seconds


@pytest.mark.parametrize("text", ["", "30", "d", "1y", "-1d", "1d 2h", "1h1d", "1d\n", "\n"])
def test_what_is_no_age_is_refused(text: str) -> None:
    with pytest.raises(InvalidSettings):
        parse_age(text)
