"""Documents that are changed keep what nobody changes: bytes, order, and what boxship does not know."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as some

from boxship.spec.draft import Draft
from boxship.spec.fields import Malformed

RAW = b'{ "b": 1,\n "config": {"Env": ["A=1"], "unknown": [true, null]}, "a": "\\u00e9" }'


def test_what_is_not_changed_stays_byte_for_byte() -> None:
    draft = Draft(RAW)
    draft.section("config").set("Env", ["A=1"])
    draft.section("new")
    draft.section("config").section("deeper")
    assert draft.raw == RAW


def test_a_change_keeps_order_and_what_is_unknown() -> None:
    draft = Draft(RAW)
    draft.section("config").set("User", "me")
    draft.set("b", None)
    assert draft.raw == '{"config":{"Env":["A=1"],"unknown":[true,null],"User":"me"},"a":"é"}'.encode()


def test_texts_are_set_and_taken_away() -> None:
    draft = Draft(b'{"l":{"a":"1","b":"2"}}')
    draft.update("l", {"a": None, "c": "3"})
    assert json.loads(draft.raw) == {"l": {"b": "2", "c": "3"}}
    draft.update("l", {"b": None, "c": None})
    assert draft.raw == b"{}"


def test_lists_grow_and_their_objects_change() -> None:
    draft = Draft(b'{"manifests":[{"size":1}]}')
    draft.add("manifests", [{"size": 2}])
    for entry in draft.sections("manifests"):
        entry.set("seen", True)
    assert json.loads(draft.raw) == {"manifests": [{"size": 1, "seen": True}, {"size": 2, "seen": True}]}


@pytest.mark.parametrize("raw", [b"", b"[]", b"{", b"\xff"])
def test_what_is_no_object_is_refused(raw: bytes) -> None:
    with pytest.raises(Malformed):
        Draft(raw)


def test_a_section_that_is_something_else_is_refused() -> None:
    with pytest.raises(Malformed, match="config: should be an object, is a string"):
        Draft(b'{"config":"x"}').section("config")


@given(
    some.dictionaries(
        some.text(),
        some.recursive(
            some.none() | some.booleans() | some.integers(-(2**53), 2**53) | some.text(),
            lambda inner: some.lists(inner) | some.dictionaries(some.text(), inner),
            max_leaves=10,
        ),
    )
)
def test_what_is_set_and_set_back_leaves_the_document_alone(values: dict[str, object]) -> None:
    raw = json.dumps(values, indent=3).encode()
    draft = Draft(raw)
    if "x" not in values:
        draft.set("x", "y")
        assert json.loads(draft.raw) == values | {"x": "y"}
        draft.set("x", None)
    assert draft.raw == raw
