from __future__ import annotations

import base64
import json
import re

import pytest

from boxship.auth.realm import Realm
from boxship.auth.scope import CATALOG, pull
from boxship.auth.token import basic, oauth_request, parse_token, token_request
from boxship.credential import Credential, Secret
from boxship.errors import CredentialFailed

REALM = Realm.parse("https://auth.corp/token?account=x")
ANA = Credential.password("ana", Secret("s:ü"), source="here")


def test_a_token_is_asked_for_anonymously_without_a_credential() -> None:
    request = token_request(REALM, "reg.corp", (pull("a/b"), CATALOG), None)
    assert request.method == "GET"
    assert request.path == (
        "/token?account=x&service=reg.corp&scope=repository%3Aa%2Fb%3Apull&scope=registry%3Acatalog%3A%2A"
    )
    assert "Authorization" not in request.headers


def test_a_token_to_stay_with_is_asked_for_with_our_name() -> None:
    request = token_request(REALM, "reg.corp", (pull("app"),), ANA, offline=True)
    assert request.path == (
        "/token?account=x&service=reg.corp&offline_token=true&client_id=boxship&scope=repository%3Aapp%3Apull"
    )


def test_a_token_is_asked_for_with_basic_where_there_is_a_password() -> None:
    request = token_request(REALM, "", (), ANA)
    assert request.path == "/token?account=x"
    assert base64.b64decode(request.headers["Authorization"].removeprefix("Basic ")).decode() == "ana:s:ü"
    assert basic(ANA) == request.headers["Authorization"]


def test_an_identity_token_is_posted() -> None:
    request = oauth_request(REALM, "reg.corp", (pull("app"), CATALOG), Secret("r=f&r"))
    assert (request.method, request.path) == ("POST", "/token?account=x")
    assert request.body == (
        b"grant_type=refresh_token&service=reg.corp&client_id=boxship"
        b"&scope=repository%3Aapp%3Apull+registry%3Acatalog%3A%2A&refresh_token=r%3Df%26r"
    )
    assert "r=f&r" not in repr(request)


@pytest.mark.parametrize(
    ("document", "value", "until"),
    [
        ({"token": "tok3n"}, "tok3n", 154.0),
        ({"access_token": "tok3n"}, "tok3n", 154.0),
        ({"token": "tok3n", "access_token": "oth3r"}, "tok3n", 154.0),
        ({"token": "", "access_token": "oth3r"}, "oth3r", 154.0),
        ({"token": "tok3n", "expires_in": None}, "tok3n", 154.0),
        ({"token": "tok3n", "expires_in": 0}, "tok3n", 154.0),
        ({"token": "tok3n", "expires_in": 10}, "tok3n", 109.0),
        ({"token": "tok3n", "expires_in": 300}, "tok3n", 370.0),
        ({"token": "tok3n", "expires_in": 3600}, "tok3n", 3670.0),
        ({"token": "tok3n", "expires_in": 300.0}, "tok3n", 154.0),
        ({"token": "tok3n", "expires_in": "300"}, "tok3n", 154.0),
        ({"token": "tok3n", "expires_in": 10**400}, "tok3n", 86470.0),
        ({"token": "tok3n", "expires_in": -1}, "tok3n", 154.0),
        ({"token": "tok3n", "expires_in": "soon"}, "tok3n", 154.0),
        ({"token": "tok3n", "expires_in": [1]}, "tok3n", 154.0),
        ({"token": "tok3n", "issued_at": "2009-11-10T23:00:00Z", "expires_in": 10}, "tok3n", 109.0),
    ],
    ids=repr,
)
def test_a_token_and_when_to_replace_it(document: dict[str, object], value: str, until: float) -> None:
    token = parse_token(json.dumps(document).encode(), REALM, 100.0)
    assert token.value.reveal() == value
    assert token.until == pytest.approx(until)
    assert value not in repr(token)


@pytest.mark.parametrize(
    ("body", "why"), [(b" <html><title>Sign in</title></html>", "Sign in"), (b'{"Sign in": ', "^(?!.*Sign in)")]
)
def test_of_an_answer_that_is_a_page_its_words_are_shown_and_of_no_other(body: bytes, why: str) -> None:
    with pytest.raises(CredentialFailed) as caught:
        parse_token(body, REALM, 100.0)
    assert re.search(why, caught.value.why), caught.value.why


@pytest.mark.parametrize(("fields", "kept"), [({}, None), ({"refresh_token": ""}, None), ({"refresh_token": "r"}, "r")])
def test_a_token_to_stay_with_is_kept_where_there_is_one(fields: dict[str, str], kept: str | None) -> None:
    token = parse_token(json.dumps({"token": "tok3n", **fields}).encode(), REALM, 100.0)
    assert (token.refresh and token.refresh.reveal()) == kept


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b"<html>",
        b"{}",
        b'{"token": null}',
        b'{"token": 7}',
        b'{"token": ""}',
        b'{"error": "invalid_grant"}',
        b"\xff",
        b'{"token": "a\\nb"}',
        b'{"token": "a b"}',
        b'{"token": "\\u20ac"}',
    ],
    ids=repr,
)
def test_an_answer_without_a_token(body: bytes) -> None:
    with pytest.raises(CredentialFailed, match=r"the token server https://auth\.corp/token answered with no token"):
        parse_token(body, REALM, 0.0)
