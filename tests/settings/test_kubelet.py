"""The kubelet's rules for credentials: which entry is for an image, in which order, and why the others are not."""

from __future__ import annotations

import json

import pytest

from boxship.errors import InvalidSettings
from boxship.reference import Reference
from boxship.settings.json_file import parse_settings
from boxship.settings.kubelet import Keyring, parse_entries


def keyring(*keys: str) -> Keyring:
    auths = {key: {"username": f"user of {key}", "password": "p"} for key in keys}
    return Keyring.of(parse_entries(parse_settings(json.dumps(auths), "secret"), "a/b"))


def tried(image: str, *keys: str) -> list[str]:
    reference = Reference.parse(image)
    return [entry.key for entry in keyring(*keys).matching(reference.registry, reference.repository)]


# The first rows are those of keyring_test.go (TestURLsMatch, TestDockerKeyringForGlob, TestKeyringMiss).
MATCHES = [
    ("*.kubernetes.io/app", "prefix.kubernetes.io/app", True),
    ("prefix.*.io", "prefix.kubernetes.io/app", True),
    ("prefix.kubernetes.*", "prefix.kubernetes.io/app", True),
    ("*-good.kubernetes.io", "prefix-good.kubernetes.io/app", True),
    ("*.kubernetes.io", "kubernetes.io/app", False),
    ("*.*.kubernetes.io", "prefix.kubernetes.io/app", False),
    ("*kubernetes.io", "a.kubernetes.io/app", False),
    ("*.kubernetes.io/blah", "prefix.kubernetes.io/blah", True),
    ("*.kubernetes.io/blah", "prefix.kubernetes.io/else", False),
    ("kubernetes.io", "kubernetes.com/app", False),
    ("kubernetes.io", "quay.io/app", False),
    ("https://*.kubernetes.io", "prefix.kubernetes.io/app", True),
    ("http://kubernetes.io", "kubernetes.io/app", True),
    ("https://kubernetes.io/v1/", "kubernetes.io/app", True),
    ("https://kubernetes.io/v2/", "kubernetes.io/app", True),
    ("https://kubernetes.io/v1", "kubernetes.io/app", False),
    ("kubernetes.io:5000", "kubernetes.io/app", False),
    ("kubernetes.io", "kubernetes.io:5000/app", False),
    ("kubernetes.io:*", "kubernetes.io:5000/app", False),
    ("*.kubernetes.io:5000", "a.kubernetes.io:5000/app", True),
    # A path is compared letter by letter.
    ("reg.corp/foo", "reg.corp/foobar", True),
    ("reg.corp/foo/", "reg.corp/foobar", False),
    ("reg.corp/v1/foo", "reg.corp/foo", True),
    ("reg.corp/team/v1/foo", "reg.corp/team/foo", False),
    ("reg[^1].corp", "reg2.corp/app", True),
    ("[::1]:5000", "[::1]:5000/app", True),
    # Docker Hub's own key is for its images where no other one is.
    ("https://index.docker.io/v1/", "alpine", True),
    ("index.docker.io", "team/app", True),
    ("https://index.docker.io/v1", "alpine", False),
    ("docker.io/library", "alpine", True),
    ("index.docker.io", "reg.corp/app", False),
]


@pytest.mark.parametrize(("key", "image", "matches"), MATCHES)
def test_an_entry_is_for_an_image_or_is_not(key: str, image: str, *, matches: bool) -> None:
    assert tried(image, key) == ([key] if matches else [])


def test_the_longer_path_is_tried_first_and_a_glob_late() -> None:
    keys = ("*.corp", "reg.corp", "reg.corp/team", "reg.corp/team/app", "other.corp")
    assert tried("reg.corp/team/app:1", *keys) == ["reg.corp/team/app", "reg.corp/team", "reg.corp", "*.corp"]


def test_docker_hubs_own_key_is_not_tried_where_another_one_is_for_it() -> None:
    assert tried("alpine", "https://index.docker.io/v1/", "docker.io") == ["docker.io"]


@pytest.mark.parametrize(
    ("entry", "user"),
    [
        ({"username": "ana", "password": "p"}, "ana"),
        ({"auth": "YW5hOnA="}, "ana"),
        ({"auth": "YW5hOnBwcA"}, "ana"),  # without its padding, which docker wants
        ({"auth": "YW5hOnA=", "username": "bob", "password": "q"}, "ana"),
        ({"AUTH": "YW5hOnA="}, "ana"),
        ({"identitytoken": "t"}, ""),
        ({"registrytoken": "t"}, ""),
        ({}, ""),
    ],
    ids=str,
)
def test_of_an_entry_only_a_name_and_a_password_count(entry: dict[str, str], user: str) -> None:
    (found,) = parse_entries(parse_settings(json.dumps({"reg.corp": entry}), "secret"), "a/b")
    assert (found.credential.username, found.credential.is_anonymous) == (user, not user)


@pytest.mark.parametrize(
    "entry", [{"auth": "s3cr3t!"}, {"auth": "czNjcjN0"}, {"username": 3}, "s3cr3t", ["s3cr3t"]], ids=str
)
def test_what_the_kubelet_cannot_read_is_an_error_without_it(entry: object) -> None:
    with pytest.raises(InvalidSettings) as caught:
        list(parse_entries(parse_settings(json.dumps({"reg.corp": entry}), "secret"), "a/b"))
    assert "s3cr3t" not in str(caught.value)


def test_why_an_entry_is_not_for_an_image_is_said() -> None:
    keys = ("other.corp", "*.reg.corp", "reg.corp:5000", "reg.corp/team/")
    reasons = "\n".join(keyring(*keys).why_none(Reference.parse("reg.corp/app").registry, "app"))
    for words in ("another host", "a glob stands for one label", "port 5000", "/team/ is not how /app begins"):
        assert words in reasons
