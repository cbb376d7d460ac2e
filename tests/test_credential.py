from __future__ import annotations

import copy
import pickle

import pytest

from boxship.credential import Credential, CredentialKind, Secret

SECRET = Secret("hunter2")
KINDS = [
    Credential.password("me", SECRET, source="config.json:3"),
    Credential.identity_token(SECRET, source="config.json:3", username="me"),
    Credential.registry_token(SECRET, source="config.json:3"),
    Credential.anonymous(source="no entry"),
]


@pytest.mark.parametrize("show", [str, repr, format, "{}".format, "{:>20}".format, "%s".__mod__, "%r".__mod__])
def test_a_secret_cannot_be_printed(show: object) -> None:
    assert callable(show)
    assert show(SECRET) == "(secret)"


@pytest.mark.parametrize("carry", [pickle.dumps, copy.copy, copy.deepcopy])
def test_a_secret_stays_where_it_was_read(carry: object) -> None:
    assert callable(carry)
    with pytest.raises(TypeError, match="not pickled"):
        carry(SECRET)


def test_a_secret_is_given_to_who_asks_for_it_by_name() -> None:
    assert SECRET.reveal() == "hunter2"


def test_secrets_are_equal_by_what_they_hide() -> None:
    assert Secret("hunter2") == SECRET
    assert Secret("hunter3") != SECRET
    assert SECRET != "hunter2"
    assert len({SECRET, Secret("hunter2"), Secret("ü\ud800")}) == 2


def test_an_empty_secret_is_false() -> None:
    assert [bool(Secret("")), bool(SECRET)] == [False, True]


@pytest.mark.parametrize("credential", KINDS, ids=lambda credential: credential.kind)
def test_a_credential_shows_its_kind_and_source_and_not_its_secret(credential: Credential) -> None:
    assert "hunter2" not in f"{credential} {credential!r}"
    assert credential.kind in str(credential)
    assert credential.source in str(credential)


def test_only_an_anonymous_credential_has_nothing_to_send() -> None:
    assert [credential.is_anonymous for credential in KINDS] == [False, False, False, True]
    assert [credential.kind for credential in KINDS] == list(CredentialKind)
