from __future__ import annotations

import pytest

from boxship.errors import InvalidSettings
from boxship.settings.json_file import parse_settings

TEXT = """{
  "auths": {
    "auths": {"x": 1},
    "a\\"{b": {
      "auth": "{[\\n]}:"
    }
  },
  "list": [{"auth": 1}, {"auth": 2}],

  "Last": "word"
}
"""


@pytest.mark.parametrize(
    ("path", "line"),
    [(("auths",), 2), (("auths", "auths"), 3), (("auths", 'a"{b'), 4), (("auths", 'a"{b', "auth"), 5), (("Last",), 10)],
    ids=str,
)
def test_every_name_has_its_line(path: tuple[str, ...], line: int) -> None:
    section = parse_settings(TEXT, "f")
    for name in path[:-1]:
        section = section.section(name)
    assert section.source(path[-1]) == f"f:{line}"


def test_names_are_found_without_regard_to_case_and_the_exact_one_first() -> None:
    section = parse_settings('{"CredsStore": "a", "credsstore": "b", "x": "c", "X": "d"}', "f")
    assert [section.text(name) for name in ("credsStore", "CredsStore", "x")] == ["b", "a", "c"]


@pytest.mark.parametrize("text", ["", " \n\t", "null", "{}"], ids=repr)
def test_an_empty_file_says_nothing(text: str) -> None:
    section = parse_settings(text, "f")
    assert section.text("credsStore") == ""
    assert list(section.section("auths").sections()) == []


@pytest.mark.parametrize(
    ("text", "line", "why"),
    [
        ('{\n"a": 1,\n}', 3, "is not JSON: .*column"),
        ('{"a": "b" "c"}', 1, "is not JSON"),
        ('{"a": \x01}', 1, "is not JSON"),
        ("[]", 1, "should be a JSON object, is a list"),
        ("7", 1, "should be a JSON object, is a number"),
        ("[" * 100_000, 0, "too deeply"),
        (f'{{"a": {"1" * 5000}}}', 0, "too large"),
        ('{"a": NaN}', 0, "is not JSON"),
    ],
    ids=["comma", "two values", "control", "list", "number", "deep", "digits", "NaN"],
)
def test_what_is_no_json_object_is_refused_with_its_line(text: str, line: int, why: str) -> None:
    with pytest.raises(InvalidSettings, match=why) as caught:
        parse_settings(text, "f")
    assert (caught.value.file, caught.value.line) == ("f", line)


@pytest.mark.parametrize(
    ("value", "is_a"),
    [("1", "a number"), ("1.5", "a number"), ("true", "a boolean"), ("[]", "a list"), ("{}", "an object")],
)
def test_a_field_of_another_type_is_refused_with_its_line(value: str, is_a: str) -> None:
    section = parse_settings(f'{{\n\n"credsStore": {value}}}', "f")
    with pytest.raises(InvalidSettings, match=f"credsStore: should be a string, is {is_a}") as caught:
        section.text("credsStore")
    assert caught.value.line == 3


def test_half_a_surrogate_pair_is_refused() -> None:
    with pytest.raises(InvalidSettings, match="surrogate"):
        parse_settings('{"a": "\\ud800"}', "f").text("a")
