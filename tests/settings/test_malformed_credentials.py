"""Files with credentials that are broken in every way: an error with file and line, or what is meant; no secret."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import pytest

from boxship.errors import InvalidSettings
from boxship.reference import Registry
from boxship.settings.keychain import read_keychain
from boxship.settings.pull_secret import read_secrets
from tests.cli.running import boxship
from tests.explain.machine import MARK

AUTH = "YW5hOnMzY3IzdC1NNHJr"  # ana:MARK
DEEP = "[" * 100_000
WHOLE: Mapping[str, bytes] = {
    "cut short": b'{"auths": {"reg.corp": {"auth": "YW5h',
    "a brace alone": b"{",
    "a list": b"[]",
    "a number": b"7",
    "a string": b'"auths"',
    "true": b"true",
    "a comma at the end": b'{"auths": {},}',
    "a comment": b'{"auths": {}} // mine',
    "single quotes": b"{'auths': {}}",
    "YAML": b"auths:\n  reg.corp:\n    auth: x\n",
    "HTML": b"<html>502 Bad Gateway</html>",
    "two documents": b"{}{}",
    "not UTF-8": b'{"auths": {"r\xe9g": {}}}',
    "UTF-16": '{"auths": {}}'.encode("utf-16"),
    "zeros": b"\0" * 64,
    "too deep": b'{"auths": ' + DEEP.encode() + b"}",
    "infinite": b'{"auths": Infinity}',
    "not a number": b'{"auths": NaN}',
    "a tab in a string": b'{"auths": {"reg.corp": {"auth": "\t"}}}',
    "a number without end": b'{"x": ' + b"9" * 5000 + b"}",
}
# What may stand under a host.
ENTRIES: Mapping[str, object] = {
    "a string": AUTH,
    "a list": [AUTH],
    "a number": 3,
    "true": True,
    "auth is a number": {"auth": 3},
    "auth is a list": {"auth": [AUTH]},
    "auth is an object": {"auth": {"auth": AUTH}},
    "auth is no base64": {"auth": "not base64!"},
    "auth has no padding": {"auth": AUTH[:-1]},
    "auth is base64url": {"auth": "YW5hOi1fLV8_Pz8-"},
    "auth has a space": {"auth": f" {AUTH}"},
    "auth has no colon": {"auth": "YW5h"},
    "auth has no user": {"auth": "OnMzY3IzdA=="},
    "auth is no UTF-8": {"auth": "/zp4"},
    "auth has half a surrogate": {"auth": "\ud800"},
    "identitytoken is a number": {"identitytoken": 1},
    "identitytoken has a space": {"identitytoken": "two words"},
    "identitytoken has a line end": {"identitytoken": "a\nb"},
    "registrytoken is an object": {"registrytoken": {}},
    "registrytoken has a letter": {"registrytoken": "t\u00f6ken"},
    "username is a number": {"username": 1, "password": MARK},
    "password is a list": {"username": "ana", "password": [MARK]},
}
FIELDS: Mapping[str, object] = {
    "auths is a list": {"auths": []},
    "auths is a string": {"auths": MARK},
    "auths is a number": {"auths": 1},
    "credsStore is an object": {"credsStore": {"reg.corp": "x"}},
    "credsStore is a list": {"credsStore": ["pass"]},
    "credHelpers is a string": {"credHelpers": "ecr-login"},
    "credHelpers is a list": {"credHelpers": ["reg.corp"]},
    "a helper is a number": {"credHelpers": {"reg.corp": 1}},
    "a helper is an object": {"credHelpers": {"reg.corp": {"name": "x"}}},
}
CONTENTS: dict[str, bytes] = {
    **WHOLE,
    **{f"entry: {name}": json.dumps({"auths": {"reg.corp": entry}}).encode() for name, entry in ENTRIES.items()},
    **{f"field: {name}": json.dumps(fields).encode() for name, fields in FIELDS.items()},
}
PLACES = (".docker/config.json", "config/containers/auth.json")
CASES = [(place, name) for place in PLACES for name in CONTENTS]
OLD = [name for name in CONTENTS if not name.startswith("field")]


def broken(home: Path, place: str, content: bytes) -> InvalidSettings:
    """The error that reading the file ends with."""
    file = home / place
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(content)
    with pytest.raises(InvalidSettings) as caught:
        read_keychain({"HOME": str(home), "XDG_CONFIG_HOME": str(home / "config")})
    assert caught.value.file == str(file)
    assert MARK not in f"{caught.value}{caught.value!r}{caught.value.__cause__!r}"
    return caught.value


@pytest.mark.parametrize(("place", "name"), CASES)
def test_a_broken_file_is_an_error_that_names_it(place: str, name: str, home: Path) -> None:
    error = broken(home, place, CONTENTS[name])
    assert error.line or name in {"too deep", "infinite", "not a number", "a number without end"}


@pytest.mark.parametrize("name", OLD)
def test_so_is_the_oldest_kind_of_file(name: str, home: Path) -> None:
    content = CONTENTS[name]
    if name.startswith("entry"):
        content = json.dumps(json.loads(content)["auths"]).encode()
    if name == "two documents" or content != b'{"auths": {},}':
        broken(home, ".dockercfg", content)


# What docker's decoder takes for nothing, and so is none here.
NOTHING: Mapping[str, bytes] = {
    "empty": b"",
    "white": b" \n",
    "null": b"null",
    "auths is null": b'{"auths": null}',
    "an entry is null": b'{"auths": {"reg.corp": null}}',
    "an entry is empty": b'{"auths": {"reg.corp": {}}}',
    "all is empty": b'{"auths": {"reg.corp": {"auth": "", "username": "", "identitytoken": null}}}',
    "an email alone": b'{"auths": {"reg.corp": {"email": "a@b"}}}',
    "a store that is empty": b'{"credsStore": ""}',
    "a byte order mark": b"\xef\xbb\xbf{}",
    "keys of nobody": b'{"auths": {"": {"auth": "YTpi"}, "/": {"auth": "YTpi"}, "https://": {"auth": "YTpi"}}}',
}


@pytest.mark.parametrize("name", NOTHING)
@pytest.mark.parametrize("place", PLACES)
def test_what_says_nothing_is_no_credential(name: str, place: str, home: Path) -> None:
    (home / place).parent.mkdir(parents=True, exist_ok=True)
    (home / place).write_bytes(NOTHING[name])
    keychain = read_keychain({"HOME": str(home), "XDG_CONFIG_HOME": str(home / "config")})
    assert list(keychain.candidates(Registry.parse("reg.corp"), "app")) == []


@pytest.mark.parametrize("name", CONTENTS)
def test_a_variable_that_is_broken_is_ignored_with_a_warning_as_docker_does(name: str, home: Path) -> None:
    text = CONTENTS[name].decode("utf-8", "replace").replace("\0", "0")
    keychain = read_keychain({"HOME": str(home), "DOCKER_AUTH_CONFIG": text})
    found = list(keychain.candidates(Registry.parse("reg.corp"), "app"))
    assert (found, len(keychain.warnings)) == ([], 1)
    assert MARK not in keychain.warnings[0]


@pytest.mark.parametrize("name", CONTENTS)
def test_a_pull_secret_that_is_broken_is_a_complaint(name: str) -> None:
    content = CONTENTS[name].decode("utf-8", "replace")
    secret = {"kind": "Secret", "type": "kubernetes.io/dockerconfigjson", "stringData": {".dockerconfigjson": content}}
    secrets = read_secrets(json.dumps(secret))
    found = secrets.keyring.matching(Registry.parse("reg.corp"), "app")
    assert all(each.credential.is_anonymous for each in found) or name in TAKEN
    assert MARK not in " ".join((*secrets.complaints, *secrets.passed_over))


# The kubelet's decoder asks for less than docker's: no padding, and either name may be empty.
TAKEN = {"entry: auth has no padding", "entry: auth has no user", "entry: password is a list"}


@pytest.mark.parametrize("name", ["cut short", "too deep", "not UTF-8", "entry: auth is no base64", "zeros"])
def test_the_command_says_so_and_ends_with_2(name: str, home: Path) -> None:
    file = home / ".docker/config.json"
    file.parent.mkdir()
    file.write_bytes(CONTENTS[name])
    outcome = boxship("ls", "reg.corp/app")
    assert (outcome.status, str(file) in outcome.errors) == (2, True)
