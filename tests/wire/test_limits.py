"""What answers say of how often one may ask."""

from __future__ import annotations

import pytest

from boxship.wire.limits import Limits, read_limits

NOW = 1_800_000_000.0


@pytest.mark.parametrize(
    ("headers", "found", "words"),
    [
        (
            # docs.docker.com, "How can I check my current rate"
            {
                "ratelimit-limit": "100;w=21600",
                "ratelimit-remaining": "76;w=21600",
                "docker-ratelimit-source": "192.0.2.1",
            },
            Limits(100, 76, 21600, None, "192.0.2.1"),
            "76 of 100 are left of every 6 h, counted for 192.0.2.1",
        ),
        (
            {"ratelimit-limit": "100", "ratelimit-remaining": "50", "ratelimit-reset": "50"},
            Limits(100, 50, 0, 50.0),
            "50 of 100 are left, begun anew in 50 s",
        ),
        (
            {"x-ratelimit-limit": "60", "x-ratelimit-remaining": "0", "x-ratelimit-reset": "1800000120"},
            Limits(60, 0, 0, 120.0),
            "0 of 60 are left, begun anew in 120 s",
        ),
        (
            {"ratelimit-limit": "10;w=90", "ratelimit-remaining": "9;w=90"},
            Limits(10, 9, 90),
            "9 of 10 are left of every 90 s",
        ),
    ],
)
def test_limits(headers: dict[str, str], found: Limits, words: str) -> None:
    told = read_limits(lambda name: headers.get(name, ""), NOW)
    assert told == found
    assert str(told) == words


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"ratelimit-limit": "100;w=21600"},
        {"ratelimit-remaining": "76"},
        {"ratelimit-limit": "many", "ratelimit-remaining": "76"},
        {"ratelimit-limit": "-1", "ratelimit-remaining": "76"},
        {"ratelimit-limit": "9" * 40, "ratelimit-remaining": ""},
    ],
)
def test_nothing(headers: dict[str, str]) -> None:
    assert read_limits(lambda name: headers.get(name, ""), NOW) is None
