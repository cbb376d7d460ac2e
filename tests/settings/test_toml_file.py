"""Every name, table and item has the line that it is written in; what is no TOML is said with its line."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from boxship.errors import InvalidSettings
from boxship.settings.toml_file import parse_toml, read_toml

DOCUMENT = '''# a comment with [brackets] and "quotes"
server = "https://a"  # one more = here
list = [
  "first",  # ]
  """long [
text""", 3.5,
  { inner = 'x', "quoted key" = [1, 2] },
]
date = 1979-05-27 07:32:00
a.b."c.d" = true

[host."https://m.corp:5000"]
capabilities = ["pull", "resolve"]
  [host."https://m.corp:5000".header]
    x-one = ["a",
             "b"]
[[registry]]
location = "one"
  [[registry.mirror]]
  location = "m1"
  [[registry.mirror]]
  location = 'm2'
[[registry]]
location = "two"
'''


@pytest.mark.parametrize(
    ("path", "line"),
    [
        (("server",), 2),
        (("list",), 3),
        (("list", "0"), 4),
        (("list", "1"), 5),
        (("list", "2"), 6),
        (("list", "3", "inner"), 7),
        (("list", "3", "quoted key", "1"), 7),
        (("date",), 9),
        (("a", "b", "c.d"), 10),
        (("host", "https://m.corp:5000"), 12),
        (("host", "https://m.corp:5000", "capabilities", "1"), 13),
        (("host", "https://m.corp:5000", "header", "x-one", "1"), 16),
        (("registry",), 17),
        (("registry", "0", "location"), 18),
        (("registry", "0", "mirror", "0", "location"), 20),
        (("registry", "0", "mirror", "1", "location"), 22),
        (("registry", "1"), 23),
        (("registry", "1", "location"), 24),
    ],
)
def test_line(path: tuple[str, ...], line: int) -> None:
    assert parse_toml(DOCUMENT, "f").lines[path] == line


@pytest.mark.parametrize(
    ("text", "line"),
    [("a = 1\nb = \n", 2), ("a = 1\na = 2\n", 2), ('x = """\n\n', 3), ("[a\n", 1), ("= 1", 1), ("a = 1 2", 1)],
)
def test_broken(text: str, line: int) -> None:
    with pytest.raises(InvalidSettings, match="is not TOML") as caught:
        parse_toml(text, "f")
    assert (caught.value.file, caught.value.line) == ("f", line)


def test_too_deep() -> None:
    with pytest.raises(InvalidSettings):
        parse_toml("a = " + "[" * 5000, "f")


def test_marks_of_other_systems(tmp_path: Path) -> None:
    """A byte-order mark and Windows' line ends change nothing."""
    file = tmp_path / "f"
    file.write_bytes(b"\xef\xbb\xbfa = 1\r\nb = 'x'\r\n")
    section = read_toml(file)
    assert (section.source("b"), section.text("b")) == (f"{file}:2", "x")


def test_no_text(tmp_path: Path) -> None:
    (tmp_path / "f").write_bytes(b"a = '\xff'")
    with pytest.raises(InvalidSettings, match="UTF-8"):
        read_toml(tmp_path / "f")


def _written(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, dict):
        return "{" + ", ".join(f"{_quoted(name)} = {_written(inner)}" for name, inner in value.items()) + "}"
    if isinstance(value, list):
        return "[\n" + ",\n".join(_written(item) for item in value) + "]"
    return _quoted(value) if isinstance(value, str) else str(value)


def _quoted(text: str) -> str:
    return (
        '"'
        + "".join(f"\\U{ord(letter):08x}" if letter in '"\\' or ord(letter) < 32 else letter for letter in text)
        + '"'
    )


TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\x7f"), max_size=6)
VALUES = st.recursive(
    st.booleans() | st.integers(-9, 9) | TEXT | st.floats(-9, 9, allow_nan=False).map(lambda number: round(number, 2)),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=8,
)


def _paths(value: object, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, inner in inside:
        yield (*path, str(name))
        yield from _paths(inner, (*path, str(name)))


@given(st.dictionaries(TEXT, VALUES, max_size=4))
def test_everything_has_a_line(document: dict[str, object]) -> None:
    """Whatever is written has a line, and it is one where the name is."""
    text = "\n".join(f"{_quoted(name)} = {_written(value)}" for name, value in document.items())
    assert tomllib.loads(text) == document
    lines = parse_toml(text, "f").lines
    assert set(lines) == set(_paths(document))
