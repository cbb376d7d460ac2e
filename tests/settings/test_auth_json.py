"""podman's auth.json: the entries that containers/image takes, and the same for skopeo itself."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest

from boxship.errors import InvalidSettings
from boxship.reference import Reference
from boxship.settings.auth_json import entry_for
from boxship.settings.docker_config import AskHelper, read_config
from tests.explain.machine import entry, write

# The keys of a file, and for each image the one that is taken.
ROWS: Mapping[tuple[str, ...], Mapping[str, str]] = {
    ("reg.corp", "reg.corp/team", "reg.corp/team/app"): {
        "reg.corp/team/app": "reg.corp/team/app",
        "reg.corp/team/other": "reg.corp/team",
        "reg.corp/tea": "reg.corp",
        "reg.corp:5000/team/app": "",
    },
    ("https://reg.corp/v1/",): {"reg.corp/x": "https://reg.corp/v1/"},
    ("https://reg.corp/team",): {"reg.corp/x": "https://reg.corp/team"},
    ("reg.corp:5000",): {"reg.corp:5000/x": "reg.corp:5000", "reg.corp/x": ""},
    ("REG.corp",): {"reg.corp/x": ""},
    ("reg.corp/team",): {"reg.corp/x": ""},
    ("https://index.docker.io/v1/",): {"docker.io/library/alpine": "https://index.docker.io/v1/"},
    ("registry-1.docker.io",): {"docker.io/ana/app": "registry-1.docker.io"},
    ("docker.io/library", "index.docker.io"): {
        "docker.io/library/alpine": "docker.io/library",
        "docker.io/ana/app": "index.docker.io",
    },
}
CASES = [(keys, image, taken) for keys, images in ROWS.items() for image, taken in images.items()]


def auth_json(keys: tuple[str, ...], folder: Path) -> Path:
    """A file with an entry for each key, whose user is the key."""
    return write(folder / "auth.json", {"auths": {key: entry(key.replace(":", "%")) for key in keys}})


@pytest.mark.parametrize(("keys", "image", "taken"), CASES)
def test_the_entry_that_is_taken(keys: tuple[str, ...], image: str, taken: str, tmp_path: Path) -> None:
    config, reference = read_config(auth_json(keys, tmp_path)), Reference.parse(image)
    assert config
    found = entry_for(config, reference.registry, reference.repository)
    assert not isinstance(found, AskHelper)
    assert (found.username if found else "") == taken.replace(":", "%")


@pytest.mark.peer("skopeo")
@pytest.mark.parametrize(("keys", "image", "taken"), CASES)
def test_skopeo_takes_the_same(keys: tuple[str, ...], image: str, taken: str, tmp_path: Path) -> None:
    words = ("login", "--get-login", "--authfile", str(auth_json(keys, tmp_path)), image)
    ended = subprocess.run(["skopeo", *words], capture_output=True, text=True, timeout=30, check=False)
    said = ended.stdout.strip() if ended.returncode == 0 else ""
    assert said == taken.replace(":", "%"), ended.stderr


def test_a_helper_for_the_host_comes_before_its_entries(tmp_path: Path) -> None:
    content = {"credHelpers": {"reg.corp": "fake"}, "auths": {"reg.corp/app": entry("ana")}, "credsStore": "other"}
    config, reference = read_config(write(tmp_path / "auth.json", content)), Reference.parse("reg.corp/app")
    assert config
    found = entry_for(config, reference.registry, reference.repository)
    assert isinstance(found, AskHelper)
    assert found.name == "fake"


@pytest.mark.parametrize("content", [b"\xff", b"{", b"[]", json.dumps({"auths": {"a": 3}}).encode()])
def test_a_broken_file_is_an_error_with_its_name(content: bytes, tmp_path: Path) -> None:
    file = tmp_path / "auth.json"
    file.write_bytes(content)
    with pytest.raises(InvalidSettings, match=str(file)):
        read_config(file)


def test_what_is_no_file_is_an_error_and_a_missing_one_is_none(tmp_path: Path) -> None:
    assert read_config(tmp_path / "none" / "auth.json") is None
    with pytest.raises(InvalidSettings, match="cannot be read"):
        read_config(tmp_path)
