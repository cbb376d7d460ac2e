"""Files that say where registries are, spoilt in every way: an error with the file's name, or what is really there."""

from __future__ import annotations

import json
import os
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import yaml

from boxship.connect.deadline import Bounds
from boxship.errors import InvalidSettings
from boxship.reference import Reference
from boxship.settings.ecosystem import Ecosystem
from boxship.settings.endpoint import Endpoints
from boxship.settings.flags import read_flags
from boxship.settings.for_reference import for_reference
from tests.registry.mirrored import write

PLACE = Reference.parse("docker.io/library/alpine")
DEFAULT = dict.fromkeys(("connect", "first_byte"), 5.0)


def _toml(text: str) -> object:
    return tomllib.loads(text)


# Where it is, a good one, and what its language's own parser makes of a text.
FILES: dict[str, tuple[str, str, Callable[[str], object]]] = {
    "registries.conf": (
        "etc/containers/registries.conf",
        (
            'short-name-mode = "enforcing"\n[[registry]]\nprefix = "docker.io"\nlocation = "docker.io"\n'
            "insecure = false\n"
            'blocked = false\n[[registry.mirror]]\nlocation = "m.corp/hub"\ninsecure = true\npull-from-mirror = "all"\n'
        ),
        _toml,
    ),
    "hosts.toml": (
        "etc/containerd/certs.d/docker.io/hosts.toml",
        (
            'server = "https://registry-1.docker.io"\n[host."https://m.corp:5000/x"]\n'
            'capabilities = ["pull", "resolve"]\n'
            'ca = "ca.pem"\nclient = [["a.pem", "a.key"]]\nskip_verify = true\noverride_path = true\n'
            'dial_timeout = "3s"\n'
            '[host."https://m.corp:5000/x".header]\nx-key = ["1"]\n'
        ),
        _toml,
    ),
    "registries.yaml": (
        "etc/rancher/k3s/registries.yaml",
        (
            'mirrors:\n  docker.io:\n    endpoint:\n      - "https://m.corp:5000"\n    rewrite:\n'
            '      "^library/(.*)": "hub/$1"\n'
            "configs:\n  m.corp:5000:\n    auth:\n      username: ana\n      password: secret\n"
            "    tls:\n      ca_file: /ca.pem\n      insecure_skip_verify: true\n"
        ),
        yaml.safe_load,
    ),
    "daemon.json": (
        "etc/docker/daemon.json",
        '{\n "insecure-registries": ["reg.corp", "10.0.0.0/8"],\n "registry-mirrors": ["https://m.corp:5000"]\n}\n',
        json.loads,
    ),
    "config.toml": (
        "config/boxship/config.toml",
        (
            '[host."*"]\nscheme = "auto"\nconcurrency = 4\nrequests-per-second = 2.5\npreemptive-auth = true\n'
            'tls-min-version = "1.3"\n[host."*".timeouts]\nconnect = "3s"\nfirst-byte = 7\n'
        ),
        _toml,
    ),
}


def spoilt(text: str) -> Iterator[str]:
    """Cut off, with a letter less or another, and with something else in each value's place."""
    yield from (text[:cut] for cut in range(1, len(text), 9))
    yield from (text[:at] + text[at + 1 :] for at in range(0, len(text), 7))
    yield from (text[:at] + letter + text[at:] for at in range(0, len(text), 11) for letter in '"[}=\x00\udce4'[:4])
    for old in ("true", "false", '"all"', '"https', "[", "4", '"3s"', "ana"):
        yield from (text.replace(old, new, 1) for new in ("7", '"x"', "[[]]", "{}", "1e999", "") if old in text)


CASES = [(name, number, bad) for name, (_, good, _) in FILES.items() for number, bad in enumerate(spoilt(good))]


def asked() -> Endpoints:
    warnings: list[str] = []
    return for_reference(PLACE, read_flags({}), Ecosystem(os.environ, DEFAULT, warnings.append))


def test_there_are_many() -> None:
    assert len(CASES) >= 300
    assert set(DEFAULT) <= set(Bounds.__slots__)


@pytest.mark.parametrize("name", FILES)
def test_the_good_ones_are_good(name: str, home: Path) -> None:
    file, good, _ = FILES[name]
    write(home / file, good)
    found = asked()
    assert len(found.reads) == (1 if name == "config.toml" else 2)


@pytest.mark.parametrize("name", FILES)
def test_spoilt(name: str, home: Path) -> None:
    """No other error than one of boxship's own; and nothing is made of what is no document of its language."""
    file, _, parse = FILES[name]
    for _, _, bad in (case for case in CASES if case[0] == name):
        path = write(home / file, bad)
        said = _outcome()
        assert str(home) in said if said else _is_document(parse, bad), (path, bad)
        assert "secret" not in said, bad


def _outcome() -> str:
    """The words of the error that is raised, or ''."""
    try:
        asked()
    except InvalidSettings as error:
        return str(error)
    return ""


def _is_document(parse: Callable[[str], object], text: str) -> bool:
    try:
        return isinstance(parse(text), dict | None) or not text.strip()
    except (ValueError, yaml.YAMLError):
        return not text.strip()
