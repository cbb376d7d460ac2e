from __future__ import annotations

import os
import pickle
import re
import time
from collections.abc import Iterator

import pytest

from boxship.event import Event


@pytest.fixture(autouse=True)
def _utc(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with monkeypatch.context() as patch:
        patch.setitem(os.environ, "TZ", "UTC")
        time.tzset()
        yield
    time.tzset()


def test_an_event_is_a_line_in_klogs_shape() -> None:
    event = Event("ConnectStart", "tcp 10.0.0.5:443", 1_700_756_999.5, "dial.py:112")
    assert str(event) == "I1123 16:29:59.500000 dial.py:112] ConnectStart: tcp 10.0.0.5:443"


@pytest.mark.parametrize("at", [0.0, 1e-7, 1_700_756_999.999_999_9, 1_732_000_000.000_001])
def test_a_moment_always_has_six_digits_after_the_point(at: float) -> None:
    line = str(Event("Name", "text", at, "file.py:1", level="W"))
    assert re.fullmatch(r"W\d{4} \d\d:\d\d:\d\d\.\d{6} file\.py:1\] Name: text", line)


def test_a_line_stays_one_line_and_sends_nothing_to_the_terminal() -> None:
    line = str(Event("Answer", "404 \x1b[31mred\r\nI1123 00:00:00.000000 forged] Name: text", 0.0))
    assert line.isprintable()


def test_facts_stand_beside_the_line_and_travel_with_the_event() -> None:
    event = Event("Request", "GET /", 0.0, facts={"status": 200, "headers": (("a", "b"),)})
    assert "200" not in str(event)
    assert pickle.loads(pickle.dumps(event)) == event
    assert event != Event("Request", "GET /", 0.0)
    assert hash(event) == hash(Event("Request", "GET /", 0.0))
    assert dict(Event("Request", "GET /", 0.0).facts) == {}
