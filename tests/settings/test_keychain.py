"""Which credentials a place has: the files in their order, one file in its own, and the same answers as skopeo's."""

from __future__ import annotations

import itertools
import json
import os
import subprocess
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from boxship.credential import Credential
from boxship.reference import Reference
from boxship.settings.docker_config import AskHelper, Lookup
from boxship.settings.keychain import read_keychain
from tests.explain.machine import entry, write

IMAGE = "reg.corp/team/app"


def words(found: Lookup) -> str:
    """The user of a credential, or the helper that is asked."""
    return f"helper {found.name}" if isinstance(found, AskHelper) else found.username


def tried(home: Path, image: str = IMAGE, **more: str) -> list[str]:
    """Who is tried for an image, in that order."""
    reference = Reference.parse(image)
    keychain = read_keychain({"HOME": str(home), "XDG_CONFIG_HOME": str(home / "config"), **more})
    return [words(found) for found in keychain.candidates(reference.registry, reference.repository)]


# In one file: its fields, and for an image all that is tried. The first ones are the examples of
# containers-auth.json(5) and of docker's reference (docker login, "Credential stores" and "Credential helpers").
ROWS: Mapping[str, tuple[Mapping[str, object], str, Sequence[str]]] = {
    "containers-auth.json, the repository": (
        {"auths": {key: entry(key) for key in ("quay.io", "quay.io/repo", "quay.io/repo/ns/image", "quay.io/repo/ns")}},
        "quay.io/repo/ns/image",
        ["quay.io/repo/ns/image", "quay.io/repo/ns", "quay.io/repo", "quay.io"],
    ),
    "containers-auth.json, another repository": (
        {"auths": {key: entry(key) for key in ("quay.io", "quay.io/repo")}},
        "quay.io/other/image",
        ["quay.io"],
    ),
    "containers-auth.json, part of a name": ({"auths": {"reg.corp/te": entry("x")}}, IMAGE, []),
    "docker, a store": ({"credsStore": "osxkeychain"}, IMAGE, ["helper osxkeychain"]),
    "docker, a helper of the host": (
        {"credsStore": "osxkeychain", "credHelpers": {"reg.corp": "ecr-login"}},
        IMAGE,
        ["helper ecr-login"],
    ),
    "docker, a helper of another host": (
        {"credsStore": "osxkeychain", "credHelpers": {"other.corp": "ecr-login"}},
        IMAGE,
        ["helper osxkeychain"],
    ),
    "docker, a store that is turned off": ({"credsStore": "x", "credHelpers": {"reg.corp": ""}}, IMAGE, []),
    "all at once": (
        {
            "credHelpers": {"reg.corp": "own"},
            "credsStore": "store",
            "auths": {"https://reg.corp/v1/": entry("url"), "reg.corp": entry("host"), "reg.corp/team": entry("team")},
        },
        IMAGE,
        ["helper own", "team", "host", "url"],
    ),
    "a store before the host, after a part of it": (
        {"credsStore": "store", "auths": {"reg.corp": entry("host"), "reg.corp/team": entry("team")}},
        IMAGE,
        ["team", "helper store", "host"],
    ),
    "another port": ({"auths": {"reg.corp:5000": entry("x")}}, IMAGE, []),
    "a URL with a path is the host's": ({"auths": {"https://reg.corp/any/path": entry("x")}}, IMAGE, ["x"]),
    "Docker Hub, its path in another spelling": (
        {"auths": {"index.docker.io/library": entry("library"), "https://index.docker.io/v1/": entry("hub")}},
        "docker.io/library/alpine",
        ["library", "hub"],
    ),
}


@pytest.mark.parametrize("row", ROWS)
def test_what_is_tried_of_one_file(row: str, home: Path) -> None:
    fields, image, wanted = ROWS[row]
    write(home / "config/containers/auth.json", fields)
    assert tried(home, image) == wanted


HUB = ["https://index.docker.io/v1/", "docker.io", "index.docker.io", "registry-1.docker.io", "registry.hub.docker.com"]


@pytest.mark.parametrize("key", HUB)
@pytest.mark.parametrize("image", ["alpine", "docker.io/library/alpine", "registry-1.docker.io/library/alpine"])
def test_docker_hubs_spellings_are_one(key: str, image: str, home: Path) -> None:
    write(home / ".docker/config.json", {"auths": {key: entry("ana")}})
    assert tried(home, image) == ["ana"]


def test_files_follow_each_other_and_one_that_is_named_is_alone(home: Path) -> None:
    places = {
        "session": home / "session/containers/auth.json",
        "config": home / "config/containers/auth.json",
        "docker": home / ".docker/config.json",
    }
    for user, file in places.items():
        write(file, {"auths": {"reg.corp": entry(user)}})
    write(home / ".dockercfg", {"reg.corp": entry("old")})
    session = {"XDG_RUNTIME_DIR": str(home / "session")}
    assert tried(home, **session) == ["session", "config", "docker", "old"]
    variable = json.dumps({"auths": {"reg.corp": entry("variable")}})
    assert tried(home, DOCKER_AUTH_CONFIG=variable)[:2] == ["variable", "config"]
    told = write(home / "told/config.json", {"auths": {"reg.corp": entry("told")}})
    assert tried(home, DOCKER_CONFIG=str(told.parent), **session) == ["told"]
    assert tried(home, DOCKER_CONFIG=str(told.parent), REGISTRY_AUTH_FILE=str(places["config"])) == ["config"]
    assert tried(home, REGISTRY_AUTH_FILE=str(home / "none.json"), **session) == []


def test_what_docker_would_not_take_of_a_variable_is_passed_over_with_a_warning(home: Path) -> None:
    text = json.dumps({"auths": {"reg.corp": entry("x")}, "credsStore": "y"})
    keychain = read_keychain({"HOME": str(home), "DOCKER_AUTH_CONFIG": text})
    assert "DOCKER_AUTH_CONFIG is ignored" in keychain.warnings[0]
    assert not list(keychain.candidates(Reference.parse(IMAGE).registry, "team/app"))


CLOUDS = [
    ("ghcr.io", {"GITHUB_TOKEN": "t"}, 2),
    ("ghcr.io", {"GITHUB_TOKEN": "t", "GH_TOKEN": "u"}, 3),
    ("ghcr.io:8443", {"GITHUB_TOKEN": "t"}, 0),
    ("evil-ghcr.io", {"GITHUB_TOKEN": "t"}, 0),
    ("ghcr.io.evil.test", {"GITHUB_TOKEN": "t"}, 0),
    ("gcr.io", {"CLOUDSDK_AUTH_ACCESS_TOKEN": "t"}, 2),
    ("us-docker.pkg.dev", {"GOOGLE_OAUTH_ACCESS_TOKEN": "t"}, 2),
    ("pkg.dev.evil.test", {"GOOGLE_OAUTH_ACCESS_TOKEN": "t"}, 0),
    ("notgcr.io", {"GOOGLE_OAUTH_ACCESS_TOKEN": "t"}, 0),
    ("reg.corp", {"GITHUB_TOKEN": "t", "GOOGLE_OAUTH_ACCESS_TOKEN": "t"}, 0),
]


@pytest.mark.parametrize(("host", "environment", "count"), CLOUDS)
def test_a_clouds_token_is_for_its_own_hosts(host: str, environment: Mapping[str, str], count: int, home: Path) -> None:
    assert len(tried(home, f"{host}/app", **environment)) == count


def test_of_googles_files_a_token_and_a_service_accounts_key_count(home: Path) -> None:
    token = write(home / "token", "t0ken\n")
    key = write(home / "key.json", {"type": "service_account", "private_key": "x"})
    person = write(home / "person.json", {"type": "authorized_user", "refresh_token": "x"})
    files = {"CLOUDSDK_AUTH_ACCESS_TOKEN_FILE": str(token), "GOOGLE_APPLICATION_CREDENTIALS": str(key)}
    assert tried(home, "gcr.io/app", **files) == ["oauth2accesstoken", "_json_key", ""]
    assert tried(home, "gcr.io/app", GOOGLE_APPLICATION_CREDENTIALS=str(person)) == []
    assert tried(home, "gcr.io/app", GOOGLE_APPLICATION_CREDENTIALS=str(home / "none")) == []
    deep = write(home / "deep.json", "[" * 50_000)
    assert tried(home, "gcr.io/app", GOOGLE_APPLICATION_CREDENTIALS=str(deep)) == []


# The same lookups by skopeo, which has podman's library.

PLACES = ("session/containers/auth.json", "config/containers/auth.json", ".docker/config.json")
CONTENTS: Mapping[str, Sequence[str]] = {
    "nothing": (),
    "host": ("reg.corp",),
    "team": ("reg.corp/team",),
    "other": ("reg.corp/other", "else.corp"),
}


@pytest.mark.peer("skopeo")
@pytest.mark.parametrize("image", [IMAGE, "reg.corp/alone"])
def test_skopeo_takes_what_is_tried_first(image: str, tmp_path: Path) -> None:
    def one(number: int, contents: tuple[str, ...]) -> tuple[str, str]:
        home = tmp_path / str(number)
        for place, content in zip(PLACES, contents, strict=True):
            keys = CONTENTS[content]
            users = {key: entry(f"{place.partition('/')[0]}-{key.replace('/', '-')}") for key in keys}
            write(home / place, {"auths": users})
        session = {"XDG_RUNTIME_DIR": str(home / "session")}
        surroundings = {
            "HOME": str(home),
            "XDG_CONFIG_HOME": str(home / "config"),
            "PATH": os.environ["PATH"],
            **session,
        }
        asked = subprocess.run(
            ["skopeo", "login", "--get-login", image],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
            env=surroundings,
        )
        return asked.stdout.strip(), next(iter(tried(home, image, **session)), "")

    every = list(itertools.product(CONTENTS, repeat=len(PLACES)))
    with ThreadPoolExecutor(4) as crew:
        answers = list(crew.map(one, range(len(every)), every))
    assert len(answers) == 64
    assert {contents: both for contents, both in zip(every, answers, strict=True) if both[0] != both[1]} == {}


@pytest.mark.peer("skopeo")
def test_skopeo_reads_a_file_that_is_named_first_too(home: Path) -> None:
    told = write(home / "told.json", {"auths": {"reg.corp": entry("told")}})
    write(home / ".docker/config.json", {"auths": {"reg.corp": entry("docker"), "else.corp": entry("docker")}})
    asked = subprocess.run(
        ["skopeo", "login", "--get-login", "reg.corp"],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env={**os.environ, "REGISTRY_AUTH_FILE": str(told)},
    )
    assert [asked.stdout.strip()] == tried(home, REGISTRY_AUTH_FILE=str(told)) == ["told"]
    # Debian's skopeo of 2022 looks further; containers/image has not since `userSpecifiedPath` (config.go).
    assert tried(home, "else.corp/app", REGISTRY_AUTH_FILE=str(told)) == []


def test_no_word_of_a_secret_is_in_what_is_said_of_it(home: Path) -> None:
    write(home / ".docker/config.json", {"auths": {"reg.corp": entry("ana")}})
    reference = Reference.parse(IMAGE)
    (found,) = read_keychain({"HOME": str(home)}).candidates(reference.registry, reference.repository)
    assert isinstance(found, Credential)
    assert str(found) == f"password of 'ana' ({home}/.docker/config.json:3)"
