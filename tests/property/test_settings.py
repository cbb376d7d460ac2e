from __future__ import annotations

import base64
import json
import string

from hypothesis import given
from hypothesis import strategies as st

from boxship.credential import Credential, Secret
from boxship.errors import InvalidSettings
from boxship.reference import Registry
from boxship.settings.docker_config import AskHelper, DockerConfig
from boxship.settings.json_file import parse_settings
from tests.property.words import REGISTRIES

NAMES = st.sampled_from(["auths", "credHelpers", "credsStore", "CREDSSTORE", "HttpHeaders"])
ENTRIES = st.dictionaries(st.sampled_from(["auth", "username", "password", "identitytoken"]), st.text() | st.none())
VALUES = st.text() | st.none() | st.integers() | st.dictionaries(st.text(), ENTRIES | st.text(), max_size=3)
NEAR_CONFIGS = st.dictionaries(NAMES, VALUES).map(json.dumps)


@given(st.text() | NEAR_CONFIGS, REGISTRIES)
def test_any_text_is_a_config_or_refused_with_its_line(text: str, registry: Registry) -> None:
    outcome = outcome_of(text)
    if isinstance(outcome, InvalidSettings):
        assert outcome.file == "config.json"
        assert 0 <= outcome.line <= text.count("\n") + 1
    else:
        assert isinstance(outcome.lookup(registry), Credential | AskHelper)


def outcome_of(text: str) -> DockerConfig | InvalidSettings:
    try:
        return DockerConfig.parse(text, "config.json").with_environment(text)
    except InvalidSettings as error:
        return error


USERS = st.text(string.ascii_letters + "é@._-", min_size=1)


@given(REGISTRIES, USERS, st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"])))
def test_a_login_that_docker_wrote_is_found_again(registry: Registry, username: str, password: str) -> None:
    auth = base64.b64encode(f"{username}:{password}".encode()).decode()
    text = json.dumps({"auths": {registry.name: {"auth": auth}}}, indent="\t")
    credential = DockerConfig.parse(text, "config.json").lookup(registry)
    assert credential == Credential.password(username, Secret(password), source="config.json:3")


KEYS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1)


@given(st.lists(KEYS, unique=True, min_size=1))
def test_every_name_is_on_its_line(keys: list[str]) -> None:
    text = json.dumps(dict.fromkeys(keys, "x"), indent=1)
    section = parse_settings(text, "f")
    assert [section.source(key) for key in keys] == [f"f:{line}" for line in range(2, len(keys) + 2)]
