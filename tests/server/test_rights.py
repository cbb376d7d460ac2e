"""Patterns match what is written of them, and nothing is granted that nobody wrote."""

from __future__ import annotations

import time
from fnmatch import fnmatchcase

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from boxship.errors import InvalidSettings
from boxship.server.access.rights import EVERYTHING, NOBODY, Grant, Pattern, Right, Rights

MATCHES = [
    ("*", "app", True),
    ("*", "team/app", True),
    ("**", "team/app/tests", True),
    ("app", "app", True),
    ("app", "apps", False),
    ("app", "app/x", False),
    ("app", "x/app", False),
    ("team/*", "team/app", True),
    ("team/*", "team", False),
    ("team/*", "team/app/tests", False),
    ("team/*", "teams/app", False),
    ("team/**", "team/app", True),
    ("team/**", "team/app/tests", True),
    ("team/**", "team", False),
    ("team/**", "team2/app", False),
    ("*/app", "team/app", True),
    ("*/app", "a/b/app", False),
    ("**/app", "a/b/app", True),
    ("**/app", "app", False),
    ("a/**/z", "a/b/c/z", True),
    ("a/**/z", "a/z", False),
    ("team-*/app", "team-1/app", True),
    ("team-*/app", "team-/app", True),
    ("team-*/app", "team/app", False),
    ("a.b/*", "aXb/c", False),
    ("*a*", "banana", True),
    ("*a*", "x/banana", False),
]


@pytest.mark.parametrize(("pattern", "repository", "matches"), MATCHES)
def test_a_pattern_matches_by_component(pattern: str, repository: str, matches: object) -> None:
    assert Pattern.parse(pattern).matches(repository) == matches
    assert str(Pattern.parse(pattern)) == pattern


@pytest.mark.parametrize(
    "text",
    ["", "/", "a/", "/a", "a//b", "Team/*", "a**", "**a", "a/***", "a b", "a?", "[ab]", "../x", "a\n", "-a", "a" * 256],
)
def test_what_is_no_pattern_is_refused(text: str) -> None:
    with pytest.raises(InvalidSettings):
        Pattern.parse(text)


def test_a_pattern_with_too_many_stars_is_refused_and_the_most_take_no_time() -> None:
    with pytest.raises(InvalidSettings):
        Pattern.parse("*a" * 9)
    started = time.monotonic()
    assert not Pattern.parse("*a" * 7 + "*b").matches("a" * 128)
    assert not Pattern.parse("**/" * 3 + "*a*b").matches("/".join(["a" * 7] * 32))
    assert time.monotonic() - started < 5


@given(st.text("ab*", min_size=1, max_size=9), st.text("ab", min_size=1, max_size=9))
def test_stars_stand_for_whatever_makes_it_match(pattern: str, name: str) -> None:
    assume("**" not in pattern and pattern.count("*") <= 8 and pattern != "*")
    assert Pattern.parse(pattern).matches(name) == fnmatchcase(name, pattern)


@given(st.text("ab*/", min_size=1, max_size=12), st.text("ab/", min_size=1, max_size=12))
def test_a_pattern_without_stars_is_the_name_itself(pattern: str, repository: str) -> None:
    try:
        parsed = Pattern.parse(pattern)
    except InvalidSettings:
        return
    if "*" not in pattern:
        assert parsed.matches(repository) == (pattern == repository)
    elif "**" not in pattern and pattern != "*" and parsed.matches(repository):
        assert pattern.count("/") == repository.count("/")


def test_who_may_push_or_delete_may_pull() -> None:
    assert Grant.of("a", Right.PUSH).rights == {Right.PUSH, Right.PULL}
    assert Grant.of("a", Right.CREATE).rights == {Right.CREATE, Right.PULL}
    assert Grant.of("a", Right.DELETE).rights == {Right.DELETE, Right.PULL}
    assert Grant.of("a", Right.PULL).rights == {Right.PULL}


@pytest.mark.parametrize("right", [right for right in Right if right not in (Right.NONE, Right.LOGIN)])
def test_nobody_may_anything(right: Right) -> None:
    assert not NOBODY.may(right, "app")
    assert not Rights().cover_everywhere(right)
    assert NOBODY.may(Right.NONE, "")
    assert NOBODY.may(Right.LOGIN, "")


def test_grants_add_up_and_give_nothing_more() -> None:
    rights = Rights.of([Grant.of("a/*", Right.PUSH), Grant.of("*", Right.PULL)])
    assert rights.cover(Right.PUSH, "a/b")
    assert rights.cover(Right.PULL, "c")
    assert not rights.cover(Right.PUSH, "c")
    assert not rights.cover(Right.DELETE, "a/b")
    assert rights.cover(Right.CATALOG, "")
    assert rights.cover(Right.ANY, "")
    assert rights.cover_everywhere(Right.PULL)
    assert not rights.cover_everywhere(Right.PUSH)


def test_who_may_push_may_push_what_is_new_and_not_the_other_way_round() -> None:
    assert Rights.of([Grant.of("a", Right.PUSH)]).cover(Right.CREATE, "a")
    assert not Rights.of([Grant.of("a", Right.CREATE)]).cover(Right.PUSH, "a")
    assert not Rights.of([Grant.of("a", Right.DELETE)]).cover(Right.CREATE, "a")


def test_every_right_has_a_rule_for_those_who_may_do_everything() -> None:
    assert all(EVERYTHING.cover(right, "team/app") for right in Right)
