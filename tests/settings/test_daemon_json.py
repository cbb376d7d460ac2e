"""docker's daemon.json: what it holds to be insecure, and where it says so."""

from __future__ import annotations

import ipaddress
from pathlib import Path

import pytest

from boxship.errors import InvalidSettings
from boxship.reference import Registry
from boxship.settings import machine
from boxship.settings.daemon_json import Unsafe, daemon_files, parse_daemon_json, read_daemon_json

TEXT = """{
  "debug": true, "hosts": ["unix:///var/run/docker.sock", "tcp://127.0.0.1:2375"],
  "insecure-registries": [
    "reg.corp:5000", "Other.corp",

    "10.0.0.0/8",
    "fd00::/8", "[::1]:5000"
  ]
}
"""


def source(text: str, host: str) -> str:
    return parse_daemon_json(text, "f").source(Registry.parse(host))


@pytest.mark.parametrize(
    ("host", "said"),
    [
        ("reg.corp:5000", "f:4"),
        ("REG.corp:5000", "f:4"),
        ("reg.corp.:5000", "f:4"),
        ("reg.corp", ""),
        ("reg.corp:5001", ""),
        ("other.corp", "f:4"),
        ("other.corp:80", ""),
        ("sub.other.corp", ""),
        ("10.1.2.3", "f:6"),
        ("10.1.2.3:5000", "f:6"),
        ("11.1.2.3", ""),
        ("[fd00::5]:5000", "f:7"),
        ("[::1]:5000", "f:7"),
        ("[::1]", ""),
    ],
)
def test_a_host_is_meant_exactly_and_a_network_by_address(host: str, said: str) -> None:
    assert source(TEXT, host) == said


def test_networks_permit_addresses_not_names() -> None:
    networks = parse_daemon_json(TEXT, "f").networks
    assert [str(network) for network in networks] == ["10.0.0.0/8 (f:6)", "fd00::/8 (f:7)"]


def test_a_network_may_be_written_by_one_of_its_addresses() -> None:
    found = parse_daemon_json('{"insecure-registries": ["10.1.2.3/8"]}', "f")
    assert [network.value for network in found.networks] == [ipaddress.ip_network("10.0.0.0/8")]


@pytest.mark.parametrize("prefix", ["http://", "https://", "HTTP://"])
def test_a_scheme_is_left_out_with_a_warning(prefix: str) -> None:
    found = parse_daemon_json(f'{{"insecure-registries": ["{prefix}reg.corp:5000"]}}', "f")
    assert found.hosts == {"reg.corp:5000": "f:1"}
    assert found.warnings == (f"f:1: insecure-registries have no scheme: {prefix} is left out",)


@pytest.mark.parametrize("text", ["", "{}", '{"insecure-registries": null}', '{"insecure-registries": []}'], ids=repr)
def test_nothing_said_is_nothing_insecure(text: str) -> None:
    assert parse_daemon_json(text, "f") == Unsafe()


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("{\n]", 2),
        ('{"insecure-registries":\n "reg.corp"}', 1),
        ('{"insecure-registries": [\n"reg.corp",\n"a b"]}', 3),
        ('{"insecure-registries": [\n"10.0.0.0/33"]}', 2),
        ('{"insecure-registries": [\n"10.0.0.0/255.0.0.0"]}', 2),
        ('{"insecure-registries": [\n"reg.corp/v2"]}', 2),
        ('{"insecure-registries": [\n"ftp://reg.corp"]}', 2),
        ('{"insecure-registries": [\n"user:hunter2@reg.corp"]}', 2),
        ('{\n"insecure-registries": [\n1]}', 2),
    ],
    ids=repr,
)
def test_what_is_wrong_has_its_line_and_no_secret(text: str, line: int) -> None:
    with pytest.raises(InvalidSettings) as caught:
        parse_daemon_json(text, "f")
    assert (caught.value.file, caught.value.line) == ("f", line)
    assert "hunter2" not in str(caught.value)


def test_a_machine_without_docker_says_nothing(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    assert read_daemon_json([tmp_path / "none", tmp_path / "file" / "none"]) == Unsafe()


def test_a_file_that_cannot_be_read_is_warned_of(tmp_path: Path) -> None:
    found = read_daemon_json([tmp_path])
    assert (found.hosts, found.networks) == ({}, ())
    assert found.warnings[0].startswith(f"{tmp_path} cannot be read")


def test_what_either_file_says_counts_and_the_first_is_named(tmp_path: Path) -> None:
    files = [tmp_path / name for name in ("one", "two")]
    files[0].write_text('{"insecure-registries": ["a", "10.0.0.0/8"]}')
    files[1].write_text('{"insecure-registries": ["b", "a", "10.0.0.0/8"]}')
    found = read_daemon_json(files)
    assert found.hosts == {"a": f"{files[0]}:1", "b": f"{files[1]}:1"}
    assert [network.source for network in found.networks] == [f"{files[0]}:1"]


@pytest.mark.parametrize(
    ("environment", "rootless"),
    [
        ({"XDG_CONFIG_HOME": "/x", "HOME": "/home/a"}, "/x/docker/daemon.json"),
        ({"XDG_CONFIG_HOME": "relative", "HOME": "/home/a"}, "/home/a/.config/docker/daemon.json"),
        ({"HOME": "/home/a"}, "/home/a/.config/docker/daemon.json"),
    ],
)
def test_the_machines_file_comes_before_a_rootless_daemons(environment: dict[str, str], rootless: str) -> None:
    assert daemon_files(environment, windows=False) == (machine.ROOT / "etc" / "docker" / "daemon.json", Path(rootless))


def test_windows_has_its_own_place() -> None:
    (file,) = daemon_files({"PROGRAMDATA": "P"}, windows=True)
    assert file == Path("P", "docker", "config", "daemon.json")


# Mirrors (ValidateMirror's own examples in moby, config_test.go).


@pytest.mark.parametrize(
    ("written", "registry", "path"),
    [
        ("http://mirror-1.example.com", "http://mirror-1.example.com", ""),
        ("https://mirror-1.example.com/", "https://mirror-1.example.com", ""),
        ("http://localhost:5000", "http://localhost:5000", ""),
        ("https://127.0.0.1:5000", "https://127.0.0.1:5000", ""),
        ("https://mirror-1.example.com/v1/", "https://mirror-1.example.com", "/v1"),
        ("http://[::1]:5000/hub/cache", "http://[::1]:5000", "/hub/cache"),
    ],
)
def test_mirror(written: str, registry: str, path: str) -> None:
    (mirror,) = parse_daemon_json(f'{{\n"registry-mirrors": ["{written}"]}}', "f").mirrors
    assert (str(mirror.value[0]), mirror.value[1], mirror.source) == (registry, path, "f:2")


@pytest.mark.parametrize(
    "written",
    [
        "!invalid!://%as%",
        "ftp://mirror-1.example.com",
        "mirror.example.com",
        "http://mirror-1.example.com/?q=foo",
        "http://mirror-1.example.com/v1/?q=foo#frag",
        "https://user:s3cr3t@mirror-1.example.com/",
        "http://",
        "",
    ],
)
def test_no_mirror(written: str) -> None:
    with pytest.raises(InvalidSettings, match="registry-mirrors: this is no mirror's URL") as caught:
        parse_daemon_json(f'{{\n"registry-mirrors": ["{written}"]}}', "f")
    assert caught.value.line == 2
    assert "s3cr3t" not in str(caught.value)


def test_mirrors_of_one_daemon() -> None:
    """Those of the machine's daemon and of a rootless one are not mixed."""
    first, second = (parse_daemon_json(f'{{"registry-mirrors": ["https://{name}"]}}', "f") for name in "ab")
    assert [mirror.value[0].host for mirror in (first | second).mirrors] == ["a"]
    assert [mirror.value[0].host for mirror in (Unsafe() | second).mirrors] == ["b"]
