from __future__ import annotations

import base64
import json
from pathlib import Path

import pytest

from boxship.credential import Credential, CredentialKind, Secret
from boxship.errors import InvalidSettings
from boxship.reference import Registry
from boxship.settings.credential_files import config_file
from boxship.settings.docker_config import AskHelper, DockerConfig, read_docker_config

HUB_KEY = "https://index.docker.io/v1/"
HUB_SPELLINGS = ["docker.io", "index.docker.io", "registry-1.docker.io", "registry.hub.docker.com"]


def auth(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def config(**fields: object) -> DockerConfig:
    return DockerConfig.parse(json.dumps(fields, indent=1), "config.json")


def inline(**entries: object) -> DockerConfig:
    return config(auths={key.replace("__", "."): {"auth": auth(f"{user}:p")} for key, user in entries.items()})


def found(config: DockerConfig, registry: str) -> str:
    """The user name of the inline credential; empty for none."""
    credential = config.lookup(Registry.parse(registry))
    assert isinstance(credential, Credential)
    return credential.username


def test_a_login_is_found_with_its_line() -> None:
    credential = inline(reg__corp="me").lookup(Registry.parse("reg.corp"))
    assert credential == Credential.password("me", Secret("p"), source="config.json:3")


@pytest.mark.parametrize(
    ("key", "registry"),
    [
        ("reg.corp", "reg.corp"),
        ("https://reg.corp", "reg.corp"),
        ("http://reg.corp/", "https://reg.corp"),
        ("https://reg.corp/v2/", "reg.corp"),
        ("reg.corp/some/path", "reg.corp"),
        ("reg.corp:5000", "reg.corp:5000"),
        ("https://reg.corp:5000/v1/", "http://reg.corp:5000"),
        ("Reg.Corp", "reg.corp"),
        ("[::1]:5000", "[::1]:5000"),
        ("http://[::1]:5000", "[::1]:5000"),
        ("reg.corp", "reg.corp."),
    ],
)
def test_a_key_names_its_host_with_or_without_scheme_and_path(key: str, registry: str) -> None:
    assert found(config(auths={key: {"auth": auth("me:p")}}), registry) == "me"


@pytest.mark.parametrize(
    ("key", "registry"),
    [
        ("reg.corp", "reg.corp:5000"),
        ("reg.corp:5000", "reg.corp"),
        ("reg.corp:443", "reg.corp"),
        ("reg.corp", "reg.corp.evil"),
        ("reg.corp.evil", "reg.corp"),
        ("corp", "reg.corp"),
        ("ftp://reg.corp", "reg.corp"),
        ("user@reg.corp", "reg.corp"),
        ("", "reg.corp"),
        ("reg.corp", "docker.io"),
        ("docker.io.evil", "docker.io"),
        ("docker.io:5000", "docker.io"),
        (HUB_KEY, "docker.io:5000"),
    ],
)
def test_a_key_of_another_host_or_port_is_not_used(key: str, registry: str) -> None:
    assert found(config(auths={key: {"auth": auth("me:p")}}), registry) == ""


@pytest.mark.parametrize("asked", HUB_SPELLINGS)
@pytest.mark.parametrize("key", [HUB_KEY, *HUB_SPELLINGS, *(f"https://{host}/v2/" for host in HUB_SPELLINGS)])
def test_docker_hub_is_found_by_all_its_names(key: str, asked: str) -> None:
    assert found(config(auths={key: {"auth": auth("me:p")}}), asked) == "me"


def test_the_exact_key_comes_first_and_then_one_without_a_path() -> None:
    keys = {"reg.corp/team": "path", "https://reg.corp": "scheme", "reg.corp": "exact"}
    entries = {key: {"auth": auth(f"{user}:p")} for key, user in keys.items()}
    assert found(config(auths=entries), "reg.corp") == "exact"
    del entries["reg.corp"]
    assert found(config(auths=entries), "reg.corp") == "scheme"


def test_docker_hubs_own_key_comes_before_those_of_its_other_tokens() -> None:
    entries = {f"{HUB_KEY}access-token": {"auth": auth("token:p")}, "docker.io": {"auth": auth("me:p")}}
    assert found(config(auths=entries), "docker.io") == "me"


@pytest.mark.parametrize(
    ("entry", "kind", "username", "secret"),
    [
        ({"auth": auth("me:p:q")}, CredentialKind.PASSWORD, "me", "p:q"),
        ({"auth": auth("me:")}, CredentialKind.PASSWORD, "me", ""),
        ({"auth": auth("me:p\0\0")}, CredentialKind.PASSWORD, "me", "p"),
        ({"auth": f"{auth('me:pass')[:4]}\r\n{auth('me:pass')[4:]}"}, CredentialKind.PASSWORD, "me", "pass"),
        ({"auth": auth("mé:ü")}, CredentialKind.PASSWORD, "mé", "ü"),
        ({"username": "me", "password": "p"}, CredentialKind.PASSWORD, "me", "p"),
        ({"username": "old", "password": "old", "auth": auth("me:p")}, CredentialKind.PASSWORD, "me", "p"),
        ({"auth": auth("me:"), "identitytoken": "t"}, CredentialKind.IDENTITY_TOKEN, "me", "t"),
        ({"identityToken": "t"}, CredentialKind.IDENTITY_TOKEN, "", "t"),
        ({"registrytoken": "b", "identitytoken": "t"}, CredentialKind.REGISTRY_TOKEN, "", "b"),
        ({"auth": auth("me:p"), "email": None, "serveraddress": "x"}, CredentialKind.PASSWORD, "me", "p"),
    ],
    ids=str,
)
def test_an_entry_becomes_a_credential_of_its_kind(
    entry: object, kind: CredentialKind, username: str, secret: str
) -> None:
    credential = config(auths={"reg.corp": entry}).lookup(Registry.parse("reg.corp"))
    assert credential == Credential(kind, username, Secret(secret), "config.json:3")


@pytest.mark.parametrize("entry", [{}, None, {"auth": ""}, {"email": "x@y"}], ids=str)
def test_an_empty_entry_is_none(entry: object) -> None:
    credential = config(auths={"reg.corp": entry}).lookup(Registry.parse("reg.corp"))
    assert credential == Credential.anonymous(source="no entry for reg.corp in config.json")


@pytest.mark.parametrize(
    ("entry", "line", "why"),
    [
        ({"auth": "no base64!"}, 4, "auths.reg.corp.auth: is not base64"),
        ({"auth": auth("me:pass").rstrip("=")}, 4, "is not base64"),
        ({"auth": base64.b64encode(b"me:\xff").decode()}, 4, "is not base64"),
        ({"email": "", "auth": auth("me")}, 5, "no user name before a colon"),
        ({"auth": auth(":secret")}, 4, "no user name before a colon"),
        ({"auth": 7}, 4, "should be a string, is a number"),
        ({"registrytoken": "a\nb"}, 4, "characters that no token has"),
        ({"identitytoken": "ü"}, 4, "characters that no token has"),
        ("me:p", 3, "auths.reg.corp: should be an object, is a string"),
    ],
    ids=str,
)
def test_a_broken_entry_is_named_with_its_line_and_without_its_secret(entry: object, line: int, why: str) -> None:
    with pytest.raises(InvalidSettings, match=why) as caught:
        config(auths={"reg.corp": entry})
    assert (caught.value.file, caught.value.line) == ("config.json", line)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    ("fields", "name"),
    [
        ({"credsStore": "pass"}, "pass"),
        ({"credsstore": "pass"}, "pass"),
        ({"credsStore": "pass", "credHelpers": {"reg.corp": "gcloud"}}, "gcloud"),
        ({"credHelpers": {"https://reg.corp": "gcloud"}}, "gcloud"),
        ({"CREDHELPERS": {"reg.corp": "gcloud"}}, "gcloud"),
    ],
    ids=str,
)
def test_a_helper_hides_what_is_written_inline(fields: dict[str, object], name: str) -> None:
    lookup = config(auths={"reg.corp": {"auth": auth("me:p")}}, **fields).lookup(Registry.parse("reg.corp"))
    assert isinstance(lookup, AskHelper)
    assert (lookup.name, lookup.keys) == (name, ("reg.corp",))
    assert lookup.source.startswith("config.json:")


def test_a_helper_of_another_host_hides_nothing() -> None:
    fields = {"credHelpers": {"gcr.io": "gcloud"}, "auths": {"reg.corp": {"auth": auth("me:p")}}}
    assert found(config(**fields), "reg.corp") == "me"


def test_an_empty_helper_turns_the_store_off_for_its_host() -> None:
    fields = {"credsStore": "pass", "credHelpers": {"reg.corp": ""}, "auths": {"reg.corp": {"auth": auth("me:p")}}}
    assert found(config(**fields), "reg.corp") == "me"


def test_a_helper_is_asked_for_docker_hub_as_docker_and_as_podman_store_it() -> None:
    lookup = config(credsStore="pass").lookup(Registry.parse("registry-1.docker.io"))
    assert lookup == AskHelper("pass", (HUB_KEY, "docker.io"), "config.json:2")


def test_the_variable_comes_before_helpers_and_file() -> None:
    text = json.dumps({"auths": {"reg.corp": {"auth": auth("env:p")}}})
    settings = config(credsStore="pass").with_environment(text)
    credential = settings.lookup(Registry.parse("reg.corp"))
    assert credential == Credential.password("env", Secret("p"), source="DOCKER_AUTH_CONFIG")
    assert isinstance(settings.lookup(Registry.parse("other.corp")), AskHelper)


def test_all_that_there_is_for_a_registry_is_told_in_order() -> None:
    entries = {"auths": {"reg.corp": {"auth": auth("me:p")}, "other.corp": {"auth": auth("you:p")}}}
    settings = config(credsStore="pass", credHelpers={"reg.corp": "gcloud"}, **entries)
    text = json.dumps({"auths": {"reg.corp": {"auth": auth("env:p")}}})
    every = settings.with_environment(text).candidates(Registry.parse("reg.corp"))
    names = [found.name if isinstance(found, AskHelper) else found.username for found in every]
    assert names == ["env", "gcloud", "pass", "me"]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("{", "is not JSON"),
        (json.dumps({"auths": {}, "credsStore": "x"}), "credsStore: is not known here"),
        (json.dumps({"auths": {"reg.corp": {"auth": auth("a:b"), "username": "x"}}}), "username: is not known here"),
        (json.dumps({"auths": {"reg.corp": {}}}), "the entry for reg.corp has no 'auth'"),
        (json.dumps({"auths": {"reg.corp": {"auth": auth("hunter2")}}}), "no user name"),
    ],
)
def test_a_variable_that_docker_would_not_take_is_ignored_with_a_warning(text: str, why: str) -> None:
    settings = inline(reg__corp="me").with_environment(text)
    assert found(settings, "reg.corp") == "me"
    (warning,) = settings.warnings
    assert warning.startswith("DOCKER_AUTH_CONFIG is ignored: ")
    assert why in warning
    assert "hunter2" not in warning


@pytest.mark.parametrize(
    ("directory", "environment", "file"),
    [
        ("/flag", {"DOCKER_CONFIG": "/env"}, "/flag/config.json"),
        ("", {"DOCKER_CONFIG": "/env"}, "/env/config.json"),
        ("", {"DOCKER_CONFIG": ""}, "/home/x/.docker/config.json"),
        ("", {}, "/home/x/.docker/config.json"),
    ],
)
def test_the_file_is_where_docker_looks(directory: str, environment: dict[str, str], file: str) -> None:
    assert config_file(environment, home="/home/x", directory=directory) == file


def test_a_missing_file_is_an_empty_one(tmp_path: Path) -> None:
    settings = read_docker_config({}, home=str(tmp_path))
    assert settings == DockerConfig(file=str(tmp_path / ".docker/config.json"))


def test_a_file_is_read_with_the_variable(tmp_path: Path) -> None:
    text = json.dumps({"auths": {"reg.corp": {"auth": auth("file:p")}}})
    (tmp_path / "config.json").write_text(f"\ufeff{text}")
    variable = json.dumps({"auths": {"other.corp": {"auth": auth("env:p")}}})
    environment = {"DOCKER_CONFIG": str(tmp_path), "DOCKER_AUTH_CONFIG": variable}
    settings = read_docker_config(environment)
    assert [found(settings, registry) for registry in ("reg.corp", "other.corp")] == ["file", "env"]


def test_a_file_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    (tmp_path / "config.json").mkdir()
    with pytest.raises(InvalidSettings, match="cannot be read: Is a directory"):
        read_docker_config({}, directory=str(tmp_path))


def test_a_file_that_is_not_text_is_refused_with_its_line(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_bytes(b'{\n"a": "\xff"}')
    with pytest.raises(InvalidSettings, match="is not UTF-8") as caught:
        read_docker_config({}, directory=str(tmp_path))
    assert caught.value.line == 2


def test_no_secret_is_in_what_a_config_prints() -> None:
    settings = config(auths={"reg.corp": {"auth": auth("me:hunter2")}})
    assert "hunter2" not in f"{settings!r}{settings.lookup(Registry.parse('reg.corp'))}"
