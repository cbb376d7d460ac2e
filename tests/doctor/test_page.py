"""Whoever answers in a registry's place is told, and who stands before one."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import replace

import pytest

from boxship.doctor import Status, examine
from boxship.testing import (
    Answer,
    ScriptedRegistry,
    captive_portal,
    html,
    refused,
    spoilt,
)
from tests.doctor.looking import check, ids, report_of


@pytest.mark.parametrize(
    ("answer", "words", "remedy"),
    [
        (html(), "a page for people, with status 200", "in a browser"),
        (captive_portal(), "sends everybody to http://login.portal.test", "open http://login.portal.test"),
        (Answer(503, b"", headers={"Via": "1.1 cache.corp (squid/5.7)", "Content-Type": "text/html"}),
         "a proxy in between answers itself, 503 Service Unavailable: 1.1 cache.corp (squid", "let this host pass"),
        (Answer(403, b"", headers={"X-Squid-Error": "ERR_ACCESS_DENIED 0", "Server": "squid"}),
         "403 Forbidden (ERR_ACCESS_DENIED 0): squid", "let this host pass"),
    ],
    ids=["page", "redirect", "via", "squid"],
)  # fmt: skip
def test_who_answers_in_a_registrys_place_is_told(answer: Answer, words: str, remedy: str, stack: ExitStack) -> None:
    report = report_of(stack, answer)
    page = check(report, "http.page")
    assert page.status is Status.ERROR
    assert words in page.words
    assert remedy in page.remedy


def test_what_is_no_page_has_no_check_of_one(stack: ExitStack) -> None:
    assert ids(report_of(stack, Answer(404, b"404 page not found\n")), "http.page") == {}


def test_a_registry_tells_its_version_and_who_stands_before_it(stack: ExitStack) -> None:
    answer = spoilt(
        ScriptedRegistry(), "/v2/$", lambda good: replace(good, headers={**dict(good.headers), "Via": "1.1 x"})
    )
    report = report_of(stack, answer)
    (http,) = (found for found in report.checks if found.id == "http" and found.status is Status.OK)
    assert http.evidence == ("docker-distribution-api-version: registry/2.0", "via: 1.1 x")


def test_the_registry_is_an_endpoint_also_where_nothing_was_come_to(stack: ExitStack) -> None:
    place = stack.enter_context(refused())
    assert examine(f"{place.address}/app").endpoints == (place.address,)
    assert examine("nobody.invalid/app").endpoints == ("nobody.invalid:443",)
    assert examine("http://nobody.invalid/app").endpoints == ("nobody.invalid:80",)
