"""What a token is good for is read from it or from its answer, and what is malformed there says nothing."""

from __future__ import annotations

import base64
import json

import pytest

from boxship.auth.grant import Grant, read_grant
from boxship.auth.scope import Scope, pull, pull_and_push
from boxship.spec.fields import Fields

PULL = {"type": "repository", "name": "team/app", "actions": ["pull"]}


def jwt(**claims: object) -> str:
    """A token as token servers sign them; nobody verifies it here."""
    parts = ({"alg": "ES256", "typ": "JWT"}, claims)
    written = (base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in parts)
    return ".".join((*written, "c2lnbmF0dXJl"))


@pytest.mark.parametrize(
    ("token", "answer", "scopes"),
    [
        (jwt(access=[PULL]), {}, (pull("team/app"),)),
        (jwt(access=[PULL, {**PULL, "name": "host:5000/b", "actions": ["push", "pull"]}]), {},
         (pull("team/app"), pull_and_push("host:5000/b"))),
        (jwt(access=[]), {}, ()),
        (jwt(access=None), {}, ()),
        (jwt(access=[PULL]), {"scope": "repository:other:pull"}, (pull("team/app"),)),
        (jwt(sub="ana"), {"scope": "repository:team/app:pull"}, (pull("team/app"),)),
        ("opaque", {"scope": "repository:team/app:pull,push registry:catalog:*"},
         (pull_and_push("team/app"), Scope("registry", "catalog", ("*",)))),
        ("opaque", {}, None),
        ("a.b.c", {}, None),
        ("..", {}, None),
        ("a.b", {}, None),
        (jwt(access="all"), {}, None),
        (jwt(access=[7]), {}, None),
        (jwt(access=[{"type": "repository", "name": "x", "actions": "pull"}]), {}, None),
        ("e30." + "W" * 4_000_000 + ".x", {}, None),
        ("opaque", {"scope": 7}, ()),
    ],
    ids=lambda value: str(value)[:30],
)  # fmt: skip
def test_the_scopes_are_those_of_the_token_or_of_its_answer(
    token: str, answer: dict[str, object], scopes: tuple[Scope, ...] | None
) -> None:
    assert read_grant(Fields(answer), token).scopes == scopes


@pytest.mark.parametrize(
    ("granted", "wanted", "covered"),
    [
        (["pull"], pull("team/app"), True),
        (["pull"], pull_and_push("team/app"), False),
        (["*"], pull_and_push("team/app"), True),
        (["pull"], pull("team/other"), False),
        ([], pull("team/app"), False),
    ],
)
def test_a_grant_covers_what_it_names(granted: list[str], wanted: Scope, covered: bool) -> None:  # noqa: FBT001 -- a row
    grant = read_grant(Fields({}), jwt(access=[{**PULL, "actions": granted}]))
    assert grant.covers(wanted) is covered


def test_what_an_opaque_token_allows_is_not_known_to_be_too_little() -> None:
    assert read_grant(Fields({}), "opaque").covers(pull("team/app"))


@pytest.mark.parametrize(
    ("answer", "seconds", "told"),
    [({"expires_in": 300}, 300, True), ({}, 60, False), ({"expires_in": "soon"}, 60, False)],
)
def test_a_lifetime_that_is_not_told_is_the_specifications(
    answer: dict[str, object],
    seconds: int,
    told: bool,  # noqa: FBT001 -- a row
) -> None:
    grant = read_grant(Fields(answer), "opaque")
    assert (grant.seconds, grant.told) == (seconds, told)


@pytest.mark.parametrize(
    ("scopes", "words"),
    [
        (None, "it does not say what"),
        ((), "nothing"),
        ((pull("app"), pull("base")), "repository:app:pull repository:base:pull"),
    ],
)
def test_what_is_granted_is_said_in_words(scopes: tuple[Scope, ...] | None, words: str) -> None:
    assert Grant(scopes, 60, told=True).words == words
