"""Lists and pairs as crane's scripts write them (pflag's StringSlice and StringToString)."""

from __future__ import annotations

import pytest

from boxship.cli.options import verb_first
from boxship.cli.words import listed, pairs, several
from boxship.errors import InvalidInput


@pytest.mark.parametrize(
    ("texts", "words"),
    [
        (["a,b", "c"], ("a", "b", "c")),
        (['"/a,b",c'], ("/a,b", "c")),
        (['"say ""hi"""'], ('say "hi"',)),
        ([""], ()),
        (["a,,b"], ("a", "", "b")),
    ],
)
def test_a_list_has_commas_and_quotes(texts: list[str], words: tuple[str, ...]) -> None:
    assert listed(texts) == words


@pytest.mark.parametrize(
    ("texts", "found"),
    [
        (["a=b,c=d"], {"a": "b", "c": "d"}),
        (["a=b,c"], {"a": "b,c"}),
        (["a=b=c"], {"a": "b=c"}),
        (['"a=b,c"'], {"a": "b,c"}),
        (['"a=b=c,d",e=f'], {"a": "b=c,d", "e": "f"}),
        (["a="], {"a": ""}),
    ],
)
def test_one_equal_is_one_pair_whatever_its_value_has(texts: list[str], found: dict[str, str]) -> None:
    assert pairs(several(texts), "--label") == found


@pytest.mark.parametrize("texts", [["a"], ["=b"], ["a=b=c,d"], ["a=b=c\nd=e"]])
def test_what_is_no_pair_is_said(texts: list[str]) -> None:
    with pytest.raises(InvalidInput):
        pairs(several(texts), "--label")


@pytest.mark.parametrize(
    ("words", "first"),
    [
        ("--insecure digest a", "digest a --insecure"),
        ("--platform linux/arm64 -v digest a", "digest a --platform linux/arm64 -v"),
        ("--platform=linux/arm64 digest a -- b", "digest a --platform=linux/arm64 -- b"),
        ("digest --insecure a", "digest --insecure a"),
        ("--version", "--version"),
        ("--platform", "--platform"),
        ("-v", "-v"),
    ],
)
def test_options_in_front_of_the_verb_go_behind_it(words: str, first: str) -> None:
    assert verb_first(words.split()) == first.split()
