"""How often one may still ask, as the answers tell it."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import replace

import pytest

from boxship.doctor import Status
from boxship.testing import (
    Answering,
    ScriptedRegistry,
    in_turn,
    instead,
    rate_limited,
    spoilt,
)
from tests.doctor.looking import check, ids, red, report_of

HUB = {"RateLimit-Limit": "100;w=21600", "Docker-RateLimit-Source": "203.0.113.7"}


def told_limits(remaining: str) -> Answering:
    headers = {**HUB, "RateLimit-Remaining": remaining}
    return spoilt(
        ScriptedRegistry(), "/manifests/", lambda good: replace(good, headers={**dict(good.headers), **headers})
    )


@pytest.mark.parametrize(
    ("remaining", "status", "words"),
    [
        ("76;w=21600", Status.OK, "76 of 100 are left of every 6 h, counted for 203.0.113.7"),
        ("7;w=21600", Status.WARNING, "7 of 100"),
        ("0", Status.WARNING, "0 of 100"),
    ],
)
def test_what_is_left_of_docker_hubs_limit_is_told(
    remaining: str, status: Status, words: str, stack: ExitStack
) -> None:
    report = report_of(stack, told_limits(remaining))
    limits = check(report, "limits.rate")
    assert report.healthy
    assert limits.status is status
    assert words in limits.words


def test_a_limit_that_is_no_number_says_nothing(stack: ExitStack) -> None:
    report = report_of(stack, told_limits("plenty"))
    assert "limits.rate" not in ids(report, "limits")


def test_a_429_is_an_error_that_says_when_to_come_back_and_is_not_waited_for(stack: ExitStack) -> None:
    report = report_of(stack, instead(ScriptedRegistry(), "/manifests/", rate_limited("30")))
    assert red(report) == {"content.manifest", "limits.rate"}
    assert report.seconds < 5
    assert "in 30 s" in check(report, "limits.rate").remedy


def test_a_429_that_passes_is_a_warning(stack: ExitStack) -> None:
    registry = ScriptedRegistry()
    report = report_of(stack, instead(registry, "/manifests/", in_turn(rate_limited(), registry)))
    assert (report.healthy, check(report, "limits.rate").status) == (True, Status.WARNING)
