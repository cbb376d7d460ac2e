"""Answers that no registry should give: pages, loops, rubbish, and good answers spoilt.

Faults of the connection, such as a stall in a body, are fields of `Answer`; `spoilt` puts them into a registry's own.
"""

from __future__ import annotations

__all__ = [
    "captive_portal",
    "endless_page",
    "endless_pages",
    "html",
    "link_loop",
    "link_to",
    "not_json",
    "rate_limited",
    "redirect_loop",
    "redirect_to",
    "redirects",
    "wrong_digest",
]

import itertools
import re
from collections.abc import Callable
from html import escape

from boxship.testing.exchange import Answer, Answering, Request
from boxship.testing.replies import API_VERSION, failure, json_answer
from boxship.testing.routing import spoilt
from boxship.value import replace
from boxship.wire.links import write_next

_PORTAL = "http://login.portal.test/"
_PAGES = r"/(tags/list|_catalog)$"
_DIGEST = re.compile(rb"(?<=sha256:)[0-9a-f]")
_JSON = {"Content-Type": "application/json", **API_VERSION}


def html(status: int = 200, title: str = "Please sign in") -> Answer:
    """A page for people, as proxies and portals give it."""
    words = escape(title)
    page = f"<!doctype html><html><head><title>{words}</title></head><body><h1>{words}</h1></body></html>"
    return Answer(status, page.encode(), headers={"Content-Type": "text/html; charset=utf-8"})


def captive_portal(location: str = _PORTAL) -> Answer:
    """A redirect to a page where one signs in; `html()` is the portal that shows it at once."""
    return redirect_to(location, 302)


def redirect_to(location: str, status: int = 307) -> Answer:
    """A redirect to `location`."""
    return Answer(status, headers={"Location": location})


def redirect_loop() -> Answering:
    """Redirects to and fro between two addresses."""
    return lambda request: redirect_to(f"{request.path}?loop={'b' if request.target.endswith('loop=a') else 'a'}")


def redirects(then: Answer | None = None, *, after: int = 0) -> Answering:
    """Redirects, each to an address not seen before: `after` of them and `then` an answer, or without end."""

    def answer(request: Request) -> Answer:
        hop = int(dict(request.query).get("hop", "0"))
        return then if then and hop >= after else redirect_to(f"{request.path}?hop={hop + 1}")

    return answer


def rate_limited(retry_after: str = "") -> Answer:
    """429, and when to come back: seconds or a date."""
    headers = {"Retry-After": retry_after} if retry_after else {}
    return failure(429, "TOOMANYREQUESTS", "slow down", headers=headers)


def not_json() -> Answer:
    """A registry's answer that says it is JSON, and ends in the middle of it."""
    return Answer(200, b'{"name": "app", "tags": ["v1"', headers=_JSON)


def endless_page() -> Answering:
    """One page of tags that never ends."""
    return lambda _: Answer(
        200, itertools.chain((b'{"name":"app","tags":["a"',), itertools.repeat(b',"a"' * 1000)), headers=_JSON
    )


def endless_pages() -> Answering:
    """Pages of tags with one new tag each, and always another page."""

    def answer(request: Request) -> Answer:
        number = int(dict(request.query).get("last", "0")) + 1
        link = write_next(f"{request.path}?n=1&last={number}")
        return json_answer({"name": "app", "tags": [str(number)]}, headers={"Link": link})

    return answer


def link_loop(registry: Answering) -> Answering:
    """`registry`, where each page names itself as the next one."""
    return _linked(registry, lambda request: request.target)


def link_to(registry: Answering, target: str) -> Answering:
    """`registry`, where each page names `target` as the next one: another host, another scheme, no URL."""
    return _linked(registry, lambda _: target)


def wrong_digest(registry: Answering, where: str = r"/blobs/") -> Answering:
    """`registry`, with one other byte of the same length in the bodies under paths that match `where`."""
    return spoilt(registry, where, _with_another_byte)


def _linked(registry: Answering, target: Callable[[Request], str]) -> Answering:
    def answer(request: Request) -> Answer:
        good = registry(request)
        if not re.search(_PAGES, request.path):
            return good
        return replace(good, headers={**dict(good.headers), "Link": write_next(target(request))})

    return answer


def _with_another_byte(good: Answer) -> Answer:
    if not isinstance(good.body, bytes) or not good.body:
        return good
    # In a manifest a digit of a digest, so that it stays JSON.
    found = _DIGEST.search(good.body)
    at = found.start() if found else len(good.body) - 1
    other = b"0" if good.body[at : at + 1] != b"0" else b"1"
    return replace(good, body=good.body[:at] + other + good.body[at + 1 :])
