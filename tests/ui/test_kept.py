"""What is kept for later answers is bounded, and what was used last stays."""

from __future__ import annotations

from boxship.ui.kept import Kept, Lately


def test_what_was_used_last_stays() -> None:
    kept = Lately[str, int](2)
    kept.put("a", 1)
    kept.put("b", 2)
    assert kept.get("a") == 1
    kept.put("c", 3)
    assert [kept.get(key) for key in "abc"] == [1, None, 3]


def test_what_weighs_more_takes_more_room() -> None:
    kept = Lately[str, str](10, len)
    kept.put("a", "123456")
    kept.put("a", "1234")
    kept.put("b", "123456")
    assert (kept.get("a"), kept.get("b")) == ("1234", "123456")
    kept.put("c", "1")
    assert (kept.get("a"), kept.get("b"), kept.get("c")) == (None, "123456", "1")
    kept.put("much", "x" * 100)  # more than there is room for is the only one
    assert (kept.get("b"), kept.get("much")) == (None, "x" * 100)


def test_each_asker_has_names_of_their_own() -> None:
    kept = Kept()
    assert kept.names("alice") is kept.names("alice")
    assert kept.names("alice") is not kept.names("bob")
