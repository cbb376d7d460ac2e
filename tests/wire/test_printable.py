from __future__ import annotations

import pytest

from boxship.wire.printable import LONGEST, printable


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain wörds 😀", "plain wörds 😀"),
        ("a\x1b[31m\x07\r\n\tb\x7f\x9b", "a [31m    b  "),
        ("a\u202eb\u2028c\ud800d\0", "a b c d "),
        ("", ""),
        ("a" * LONGEST, "a" * LONGEST),
        ("a" * (LONGEST + 1), "a" * LONGEST + "…"),
        ("a" * 10_000_000, "a" * LONGEST + "…"),
    ],
    ids=["plain", "control", "unicode", "empty", "full", "long", "huge"],
)
def test_a_strangers_words_are_safe_to_show(text: str, shown: str) -> None:
    assert printable(text) == shown
