from __future__ import annotations

import time
from collections.abc import Callable
from email.utils import formatdate

import pytest

from boxship import Client
from boxship.errors import RateLimited, UnexpectedAnswer
from boxship.testing import Answer, ScriptedRegistry, failure, in_turn, rate_limited, serving
from boxship.transport.retry import LONGEST_RETRY_AFTER, MAX_ATTEMPTS, delay, retry_after, worth_retrying
from tests.transport.reaching import tags, told

GOOD = ScriptedRegistry()
NOW = 1_700_000_000.0


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("7", 7.0),
        (" 7 ", 7.0),
        ("0", 0.0),
        ("9" * 400, 1e9),
        ("9" * 5000, 1e9),
        (formatdate(NOW + 30, usegmt=True), 30.0),
        (formatdate(NOW - 30, usegmt=True), 0.0),
        ("Tue, 14 Nov 2023 22:14:00", 40.0),
        ("-1", None),
        ("1.5", None),
        ("soon", None),
        ("", None),
        ("٣", None),
        ("Tue, 99 Nov 2023 22:14:00 GMT", None),
        ("Tue, 14 Nov 99999 22:14:00 GMT", None),
        ("Tue, 14 Nov 2023 22:14:00 +9999999999", None),
        ("Tue, 14 Nov 2023 22:14:00 +99999999999999999999", None),
        ("Tue, 14 Nov 2023 22:14:99999999999999999999 GMT", None),
    ],
    ids=lambda value: str(value)[:40],
)
def test_retry_after_is_read(value: str, seconds: float | None) -> None:
    assert retry_after(value, NOW) == seconds


@pytest.mark.parametrize(
    ("attempt", "wait", "jitter", "seconds"),
    [
        (1, None, 0.0, 0.3),
        (2, None, 0.0, 0.6),
        (1, 5.0, 0.0, 5.0),
        (1, 0.0, 0.0, 0.3),
        (1, LONGEST_RETRY_AFTER, 0.0, 60.0),
        (1, LONGEST_RETRY_AFTER + 0.1, 0.0, None),
        (MAX_ATTEMPTS, None, 0.0, None),
        (MAX_ATTEMPTS, 1.0, 0.0, None),
    ],
)
def test_the_wait_before_the_next_attempt(attempt: int, wait: float | None, jitter: float, seconds: float) -> None:
    assert delay(attempt, wait, jitter=jitter) == seconds


@pytest.mark.parametrize(("status", "expected"), [(408, True), (429, True), (500, True), (503, True), (504, True)])
def test_statuses_that_pass_are_worth_another_attempt(status: int, expected: bool) -> None:  # noqa: FBT001 -- a row
    assert worth_retrying(status) is expected


@pytest.mark.parametrize("status", [200, 307, 400, 401, 403, 404, 405, 416, 501, 505])
def test_statuses_that_stay_are_not(status: int) -> None:
    assert not worth_retrying(status)


@pytest.mark.parametrize("status", [408, 503])
def test_a_server_in_trouble_is_asked_up_to_three_times(status: int) -> None:
    with serving(in_turn(Answer(status), Answer(status), GOOD)) as server, Client() as client:
        assert tags(client, server) == ["latest", "v1", "v2"]
        assert len(server.requests) == 3


def test_a_server_that_stays_in_trouble_is_an_error_after_the_third() -> None:
    with serving(failure(503, "UNAVAILABLE", "later")) as server, Client() as client:
        with pytest.raises(UnexpectedAnswer, match="UNAVAILABLE: later") as caught:
            tags(client, server)
        assert (len(server.requests), caught.value.status, caught.value.exit_status) == (3, 503, 1)


def _in_a_moment() -> str:
    return formatdate(time.time() + 1.9, usegmt=True)


@pytest.mark.parametrize("value", [lambda: "1", _in_a_moment], ids=["seconds", "date"])
@pytest.mark.parametrize("status", [429, 503])
def test_the_wait_that_is_asked_for_is_kept(value: Callable[[], str], status: int) -> None:
    busy = failure(status, "TOOMANYREQUESTS", headers={"Retry-After": value()})
    with serving(in_turn(busy, GOOD)) as server, Client() as client:
        began = time.monotonic()
        tags(client, server)
        assert 0.8 <= time.monotonic() - began < 3
        assert len(server.requests) == 2


@pytest.mark.parametrize("status", [429, 503])
def test_a_long_wait_is_the_callers_to_decide(status: int) -> None:
    busy = failure(status, "TOOMANYREQUESTS", "slow down", headers={"Retry-After": "3600"})
    with serving(busy) as server, Client() as client:
        with pytest.raises(RateLimited, match="slow down") as caught:
            tags(client, server)
        assert len(server.requests) == 1
    assert (caught.value.retry_after, caught.value.exit_status, caught.value.status) == (3600.0, 7, status)
    assert "in 3600 s" in caught.value.remedy


@pytest.mark.parametrize("asked", ["", "soon"], ids=["none", "no-time"])
def test_a_limit_without_a_time_is_still_one(asked: str) -> None:
    with serving(rate_limited(asked)) as server, Client() as client:
        with pytest.raises(RateLimited) as caught:
            tags(client, server)
        assert (len(server.requests), caught.value.retry_after) == (3, 0.0)


@pytest.mark.parametrize("method", ["POST", "DELETE"])
def test_what_changes_something_is_sent_once(method: str) -> None:
    with serving(Answer(503)) as server, Client() as client:
        with client.api(method, told(server), "/v2/app/blobs/uploads/") as response:
            assert response.status == 503
        assert len(server.requests) == 1


def test_a_retry_is_told_to_who_listens() -> None:
    heard = list[str]()
    with serving(in_turn(Answer(503), GOOD)) as server:
        with Client(on_event=lambda event: heard.append(f"{event.level} {event.name}: {event.text}")) as client:
            tags(client, server)
        assert next(line for line in heard if "Retry" in line).startswith(f"W Retry: 503 from {server.address}: again")


def test_a_wait_that_would_outlast_the_operation_is_not_begun() -> None:
    with serving(rate_limited("30")) as server, Client(timeout=20) as client:
        began = time.monotonic()
        with pytest.raises(RateLimited, match="in 30 s") as caught:
            tags(client, server)
        assert time.monotonic() - began < 10
        assert (len(server.requests), caught.value.retry_after) == (1, 30.0)
        assert len(server.requests) == 1
