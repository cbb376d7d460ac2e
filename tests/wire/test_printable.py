from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

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


PAIR = base64.b64encode(b"alice:hunter2").decode()
JWT = f"eyJhbGciOi.{PAIR.rstrip('=')}.x-1_"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (f"you sent {{'authorization': 'Basic {PAIR}'}}", "you sent {'authorization': 'Basic (removed)'}"),
        (f"Authorization: bearer {JWT}\nHost: x", "Authorization: bearer (removed) Host: x"),
        (f"BASIC  {PAIR[:17]}", "BASIC  (removed)"),
        (f"{'a' * 280} Basic {PAIR}", f"{'a' * 280} Basic (removed)"[:LONGEST]),
        *[
            (words, words)
            for words in (
                "Basic authentication is required",
                "use a Bearer token",
                'Bearer realm="https://auth.corp/token",service="reg.corp"',
                'Basic realm="reg.corp"',
                "bearer authentication-is-required-here",
                "Basic",
            )
        ],
    ],
)
def test_what_authenticated_the_request_is_not_repeated(text: str, shown: str) -> None:
    assert printable(text) == shown


@given(st.text(max_size=40), st.text(min_size=1, max_size=40))
def test_no_password_is_repeated(user: str, password: str) -> None:
    sent = base64.b64encode(f"{user.replace(':', '')}:{password}".encode()).decode()
    assert sent not in printable(f"unknown user: Basic {sent}")
