from __future__ import annotations

import json

import pytest

from boxship.digest import Digest
from boxship.platform import Platform
from boxship.spec.fields import Fields, Malformed, parse_object

DIGEST = Digest.of(b"")


@pytest.mark.parametrize(
    ("raw", "why"),
    [
        (b"", "is not JSON: .* line 1, column 1"),
        (b'{"a": 1,\n}', "is not JSON: .* line 2, column 1"),
        (b"[]", "should be a JSON object, is a list"),
        (b"null", "should be a JSON object, is null"),
        (b"1.5", "should be a JSON object, is a number with a fraction"),
        (b'{"a": "\xff"}', "is not UTF-8"),
        ('{"a": 1}'.encode("utf-16"), "is not UTF-8"),
        ('{"a": 1}'.encode("utf-8-sig"), "is not JSON"),
        (b'{"a":' * 100_000, "nested too deeply"),
        (b'{"a": ' + b"1" * 5000 + b"}", "is not readable"),
        (b'{"a": 1} {"b": 2}', "is not JSON"),
    ],
    ids=["empty", "comma", "list", "null", "number", "latin", "utf-16", "bom", "deep", "digits", "two"],
)
def test_what_is_no_json_object_is_malformed(raw: bytes, why: str) -> None:
    with pytest.raises(Malformed, match=why) as caught:
        parse_object(raw)
    assert caught.value.path == ""


@pytest.mark.parametrize(
    ("read", "value", "path", "why"),
    [
        ("text", 7, "x", "should be a string, is a whole number"),
        ("text", True, "x", "should be a string, is a boolean"),
        ("number", "7", "x", "should be a whole number, is a string"),
        ("number", True, "x", "should be a whole number, is a boolean"),
        ("number", 7.0, "x", "should be a whole number, is a number with a fraction"),
        ("number", -1, "x", "is negative"),
        ("texts", "a", "x", "should be a list, is a string"),
        ("texts", ["a", None], "x[1]", "should be a string, is null"),
        ("mapping", [], "x", "should be an object, is a list"),
        ("mapping", {"a": {"b": "c"}}, "x.a", "should be a string, is an object"),
        ("object", [], "x", "should be an object, is a list"),
        ("objects", {}, "x", "should be a list, is an object"),
        ("objects", [{}, "a"], "x[1]", "should be an object, is a string"),
        ("digest", "sha256:a", "x", "64 hex digits"),
        ("digest", None, "x", "a digest starts with"),
    ],
    ids=str,
)
def test_a_wrong_field_is_named_by_its_path(read: str, value: object, path: str, why: str) -> None:
    fields = Fields({"x": value}, "layers[2]")
    with pytest.raises(Malformed, match=why) as caught:
        list(getattr(fields, read)("x"))
    assert caught.value.path == f"layers[2].{path}"


@pytest.mark.parametrize("fields", [Fields({}), Fields({"x": None})], ids=["absent", "null"])
def test_what_is_absent_or_null_is_empty(fields: Fields) -> None:
    assert not fields.has("x")
    assert (fields.text("x"), fields.number("x"), fields.texts("x"), fields.mapping("x")) == ("", 0, (), {})
    assert (fields.object("x").values, list(fields.objects("x"))) == ({}, [])
    assert (fields.text("x", "default"), fields.number("x", 7)) == ("default", 7)


def test_fields_are_read_as_they_are_written() -> None:
    fields = Fields({"a": "b", "n": 2**63, "l": ["x"], "m": {"k": "v"}, "o": [{"d": str(DIGEST)}]})
    assert (fields.text("a"), fields.number("n"), fields.texts("l")) == ("b", 2**63, ("x",))
    assert fields.mapping("m") == {"k": "v"}
    assert [entry.digest("d") for entry in fields.objects("o")] == [DIGEST]


def test_a_platform_is_read_from_its_four_fields() -> None:
    values = {"os": "windows", "architecture": "amd64", "variant": "v3", "os.version": "10.0", "os.features": ["x"]}
    assert Fields(values).platform() == Platform("windows", "amd64", "v3", "10.0")


def test_half_a_surrogate_pair_becomes_what_can_be_printed() -> None:
    fields = parse_object(rb'{"t": "a\ud800b", "l": ["\udfff"], "m": {"\ud800": "\ud83d\ude00"}}')
    assert fields.text("t") == "a\ufffdb"
    assert fields.texts("l") == ("\ufffd",)
    assert fields.mapping("m") == {"\ufffd": "😀"}


def test_who_reads_may_judge_the_names_of_every_object() -> None:
    seen: list[list[str]] = []

    def judge(pairs: list[tuple[str, object]]) -> dict[str, object]:
        seen.append([name for name, _ in pairs])
        return dict(pairs)

    parse_object(json.dumps({"a": {"b": 1}}).encode(), pairs=judge)
    assert seen == [["b"], ["a"]]
