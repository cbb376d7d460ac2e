"""boxship's own config.toml: the closest table that has a field counts, and what is not known is an error."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from boxship.errors import InvalidSettings
from boxship.reference import Registry
from boxship.settings.config_toml import ConfigToml, parse_config_toml, read_config_toml
from boxship.settings.durations import parse_duration
from boxship.settings.host_table import HostTable, config_file
from boxship.settings.machine import Machine
from boxship.settings.sourced import Sourced
from boxship.settings.toml_file import parse_toml

BOUNDS = {"connect": 5.0, "first_byte": 75.0}
EXAMPLE = """# hosts, from far to near

[host."*"]
requests-per-second = 10
concurrency = 8

[host."*.corp"]
tls-min-version = "1.3"
concurrency = 4
timeouts.connect = "1m30s"

[host."reg.corp"]
scheme = "auto"
preemptive-auth = true

[host."Reg.corp:5000"]
scheme = "http"
[host."reg.corp:5000".timeouts]
"""


def parse(text: str) -> ConfigToml:
    return parse_config_toml(parse_toml(text, "f"), BOUNDS)


def of(text: str, host: str) -> HostTable:
    return parse(text).of(Registry.parse(host))


def test_closest() -> None:
    text = EXAMPLE.rpartition("[host.")[0] + "timeouts.first-byte = 3\n"
    found = of(text, "reg.corp:5000")
    assert found.scheme == Sourced("http", "f:17")
    assert found.preemptive_auth == Sourced(True, "f:14")
    assert found.tls_min_version == Sourced("1.3", "f:8")
    assert found.concurrency == Sourced(4, "f:9")
    assert found.requests_per_second == Sourced(10.0, "f:4")
    assert found.timeouts == {"connect": Sourced(90.0, "f:10"), "first_byte": Sourced(3.0, "f:18")}
    assert of(text, "REG.corp").scheme == Sourced("auto", "f:13")
    assert of(text, "reg.corp:5001").scheme == Sourced("auto", "f:13")
    assert of(text, "corp").tls_min_version is None
    assert of(text, "deep.in.corp").concurrency == Sourced(4, "f:9")
    assert of(text, "elsewhere.io").concurrency == Sourced(8, "f:5")


@pytest.mark.parametrize(
    ("text", "line", "why"),
    [
        ("hosts = 1", 1, "no such setting; known here: host$"),
        ("short-names = 'podman'", 1, "no such setting"),
        ("[host.a]\nshceme = 'http'", 2, "no such setting"),
        ("[host.a]\nscheme = 'ftp'", 2, "one of"),
        ("[host.a]\nscheme = true", 2, "should be a string"),
        ("[host.a]\ntls-min-version = 1.2", 2, "should be a string"),
        ("[host.a]\ntls-min-version = '1.1'", 2, "one of"),
        ("[host.a]\npreemptive-auth = 'yes'", 2, "should be a boolean"),
        ("[host.a]\nconcurrency = 0", 2, "whole number"),
        ("[host.a]\nconcurrency = 1.5", 2, "whole number"),
        ("[host.a]\nconcurrency = true", 2, "should be a number"),
        ("[host.a]\nrequests-per-second = 0", 2, "above 0"),
        ("[host.a]\nrequests-per-second = -inf", 2, "above 0"),
        ("[host.a]\nrequests-per-second = nan", 2, "above 0"),
        ("[host.a]\ntimeouts.nothing = 1", 2, "no such setting"),
        ("[host.a]\ntimeouts.connect = 0", 2, "seconds above 0"),
        ("[host.a]\ntimeouts.connect = 'soon'", 2, "seconds above 0"),
        ("[host.a]\ntimeouts.connect = []", 2, "should be a number"),
        (f"[host.a]\ntimeouts.connect = {'9' * 400}", 2, "more than any number here"),
        (f"[host.a]\nrequests-per-second = {'9' * 400}", 2, "more than any number here"),
        ("[host.'http://a']\nscheme = 'http'", 1, "has a scheme"),
        ("[host.'a b']", 1, "no host"),
        ("[host.'*']\n[host.'a.*']", 2, "no host"),
        ("host = []", 1, "should be an object"),
    ],
)
def test_wrong(text: str, line: int, why: str) -> None:
    with pytest.raises(InvalidSettings, match=why) as caught:
        parse(text)
    assert (caught.value.file, caught.value.line) == ("f", line)


def test_file(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def read() -> ConfigToml:
        return read_config_toml(Machine.of(os.environ), BOUNDS)

    assert config_file(Machine.of(os.environ)) == home / "config" / "boxship" / "config.toml"
    assert read() == ConfigToml()
    (home / "config" / "boxship").mkdir(parents=True)
    (home / "config" / "boxship" / "config.toml").write_text("[host.a]\nscheme = 'http'")
    assert list(read().hosts) == ["a"]
    monkeypatch.setenv("BOXSHIP_CONFIG", str(home / "other.toml"))
    with pytest.raises(InvalidSettings, match="BOXSHIP_CONFIG"):
        read()


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("3s", 3.0), ("1m30s", 90.0), ("1.5h", 5400.0), ("250ms", 0.25), ("0", 0.0), (".5s", 0.5), ("+1s", 1.0)],
)
def test_duration(text: str, seconds: float) -> None:
    assert parse_duration(text) == pytest.approx(seconds)


@pytest.mark.parametrize(
    "text",
    ["", "3", "3 s", "s", "-1s", "1d", "1s1", "1sx", "++1s", "2562048h", f"{'9' * 400}h"],
    ids=lambda text: text[:20],
)
def test_no_duration(text: str) -> None:
    assert parse_duration(text) is None


def test_no_duration_takes_no_time() -> None:
    assert parse_duration("9" * 200_000) is None
