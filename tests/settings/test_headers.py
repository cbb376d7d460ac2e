"""Headers of the caller's own: which may be told, and that their values are in no error."""

from __future__ import annotations

import pytest

from boxship.credential import Secret
from boxship.errors import InvalidSettings
from boxship.settings.headers import Header, parse_headers, parse_user_agent
from boxship.settings.sourced import Sourced

MARK = "hunter2"


def test_a_header_is_a_secret_that_remembers_who_told_it() -> None:
    (told,) = parse_headers({"X-Key": MARK})
    assert told == Sourced(Header("X-Key", Secret(MARK)), "flag --header")
    assert MARK not in f"{told} {told!r}"


@pytest.mark.parametrize(
    ("name", "remedy"),
    [
        ("Host", ""),
        ("content-length", ""),
        ("Transfer-Encoding", ""),
        ("Connection", ""),
        ("Authorization", "--username"),
        ("AUTHORIZATION", "--username"),
        ("Proxy-Authorization", "its URL"),
        ("User-Agent", "--user-agent"),
        ("Accept", "can read"),
        ("Accept-Encoding", "can verify"),
        ("Range", "parts"),
        ("If-Range", "parts"),
    ],
)
def test_what_boxship_writes_is_not_told(name: str, remedy: str) -> None:
    with pytest.raises(InvalidSettings) as caught:
        parse_headers({"X-Fine": "1", name: MARK})
    assert name in caught.value.what
    assert remedy in caught.value.remedy
    assert MARK not in str(caught.value)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("X Key", MARK),
        ("", MARK),
        ("X-Key", f"{MARK}\r\nX-Other: 1"),
        ("X-Key", f"{MARK}\0"),
        ("X-Key", f"{MARK}\u20ac"),
    ],
    ids=repr,
)
def test_what_cannot_be_sent_is_refused_without_its_value(name: str, value: str) -> None:
    with pytest.raises(InvalidSettings) as caught:
        parse_headers({name: value})
    error: BaseException | None = caught.value
    while error:
        assert MARK not in f"{error} {error!r}"
        error = error.__cause__


@pytest.mark.parametrize("text", ["", " ", "a\nb", "\u20ac"], ids=repr)
def test_a_name_for_boxship_that_cannot_be_sent_is_refused(text: str) -> None:
    with pytest.raises(InvalidSettings, match="--user-agent"):
        parse_user_agent(text)
