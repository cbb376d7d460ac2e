"""Which credential comes first, whatever the files say: the rules of docs/settings.md, held against any of them."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Mapping
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from boxship.credential import Credential
from boxship.reference import Registry
from boxship.settings.docker_config import AskHelper, DockerConfig
from boxship.settings.keychain import in_file, read_keychain
from tests.explain.machine import entry

HOSTS = st.sampled_from(["reg.corp", "reg.corp:5000", "corp", "else.corp"])
PATHS = st.lists(st.sampled_from(["team", "app", "te"]), max_size=3).map("/".join)
SCHEMES = st.sampled_from(["", "https://", "http://"])
KEYS = st.builds(lambda scheme, host, path: f"{scheme}{host}{path and '/'}{path}", SCHEMES, HOSTS, PATHS)
FILES = st.fixed_dictionaries(
    {"auths": st.lists(KEYS, unique=True, max_size=5)},
    optional={"credsStore": st.just("store"), "credHelpers": st.dictionaries(HOSTS, st.sampled_from(["own", ""]))},
)
File = Mapping[str, object]


def written(file: File) -> str:
    keys = file["auths"]
    assert isinstance(keys, list)
    return json.dumps({**file, "auths": {key: entry(key.replace(":", "%")) for key in keys}}, indent=1)


def held(file: File, host: str, repository: str) -> list[str]:
    """What is tried, by the key or the helper."""
    config = DockerConfig.parse(written(file), "f")
    found = in_file(config, Registry.parse(host), repository)
    return [each.name if isinstance(each, AskHelper) else each.username.replace("%", ":") for each in found]


def rank(key: str, host: str, repository: str) -> int | None:
    """How narrow a key is for a repository: the length of its path, 0 for the host, None for another place."""
    scheme, _, rest = key.rpartition("://")
    authority, _, path = rest.partition("/")
    if authority != host:
        return None
    if scheme or not path:
        return 0
    return len(path) if f"{repository}/".startswith(f"{path}/") else None


@given(FILES, HOSTS, PATHS)
def test_of_one_file_the_narrower_word_comes_first_and_no_other_places_word_at_all(
    file: File, host: str, repository: str
) -> None:
    tried = held(file, host, repository)
    keys = [name for name in tried if name not in ("own", "store")]
    ranks = [rank(key, host, repository) for key in keys]
    assert None not in ranks
    assert ranks == sorted(ranks, key=lambda value: -(value or 0))
    auths = file["auths"]
    assert isinstance(auths, list)
    assert sorted(keys) == sorted(key for key in auths if rank(key, host, repository) is not None)
    helpers = file.get("credHelpers", {})
    assert isinstance(helpers, dict)
    own = helpers.get(host)
    assert ("own" in tried, tried[:1] == ["own"]) == (bool(own), bool(own))
    assert ("store" in tried) == ("credsStore" in file and own is None)
    if "store" in tried:
        after = [rank(name, host, repository) for name in tried[tried.index("store") + 1 :]]
        assert after == [0] * len(after)
        assert 0 not in [rank(name, host, repository) for name in tried[: tried.index("store")]]


@given(st.lists(FILES, min_size=3, max_size=3), HOSTS, PATHS)
def test_the_files_follow_each_other_whatever_is_in_them(files: list[File], host: str, repository: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        places = ("session/containers/auth.json", "config/containers/auth.json", ".docker/config.json")
        for place, file in zip(places, files, strict=True):
            (home / place).parent.mkdir(parents=True)
            (home / place).write_text(written(file))
        environment = {
            "HOME": folder,
            "XDG_RUNTIME_DIR": str(home / "session"),
            "XDG_CONFIG_HOME": str(home / "config"),
        }
        found = read_keychain(environment).candidates(Registry.parse(host), repository)
        tried = [each.name if isinstance(each, AskHelper) else each.username.replace("%", ":") for each in found]
        assert tried == [name for file in files for name in held(file, host, repository)]
        for place in places:
            alone = read_keychain(environment, file=str(home / place)).candidates(Registry.parse(host), repository)
            assert all(each.source.startswith(str(home / place)) for each in alone)


@given(FILES, KEYS, HOSTS, PATHS)
def test_a_word_for_another_place_changes_nothing(file: File, key: str, host: str, repository: str) -> None:
    auths = file["auths"]
    assert isinstance(auths, list)
    if rank(key, host, repository) is None and key not in auths:
        assert held({**file, "auths": [*auths, key]}, host, repository) == held(file, host, repository)


@given(FILES, HOSTS, PATHS)
def test_what_is_sent_names_the_line_that_it_stands_in(file: File, host: str, repository: str) -> None:
    text = written(file)
    for found in in_file(DockerConfig.parse(text, "f"), Registry.parse(host), repository):
        line = text.splitlines()[int(found.source.removeprefix("f:")) - 1]
        wanted = found.username.replace("%", ":") if isinstance(found, Credential) else found.name
        assert f'"{wanted}"' in line
