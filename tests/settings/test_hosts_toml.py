"""containerd's hosts.toml means here what it means there: the examples of its docs/hosts.md and of its own tests."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from boxship.errors import InvalidSettings
from boxship.settings.host_folders import host_folders
from boxship.settings.hosts_toml import Host, parse_hosts_toml, read_hosts
from boxship.settings.machine import Machine
from boxship.settings.toml_file import parse_toml

FOLDER = Path("/etc/containerd/certs.d/reg")
EVERYTHING = frozenset({"pull", "push", "referrers", "resolve"})
# config/hosts_test.go, TestParseHostFile
HOSTS = """
server = "https://test-default.registry"
ca = "/etc/path/default"
[header]
  x-custom-1 = "custom header"

[host."https://mirror.registry"]
  capabilities = ["pull"]
  ca = "/etc/certs/mirror.pem"
  skip_verify = false
  [host."https://mirror.registry".header]
    x-custom-2 = ["value1", "value2"]

[host."https://mirror-bak.registry/us"]
  capabilities = ["pull"]
  skip_verify = true

[host."http://mirror.registry"]
  capabilities = ["pull"]

[host."https://test-1.registry"]
  capabilities = ["pull", "resolve", "push"]
  ca = ["/etc/certs/test-1-ca.pem", "/etc/certs/special.pem"]
  client = [["/etc/certs/client.cert", "/etc/certs/client.key"],["/etc/certs/client.pem"  , "/etc/certs/k"]]

[host."https://test-2.registry"]
  client = "certs/client.pem"

[host."https://non-compliant-mirror.registry/v2/upstream"]
  capabilities = ["pull"]
  override_path = true
  dial_timeout = "3s"
[host."no-scheme.registry:5000"]
"""


def parse(text: str) -> tuple[Host, ...]:
    return parse_hosts_toml(parse_toml(text, "f"), FOLDER).hosts


def test_hosts() -> None:
    first, backup, plain, one, two, odd, bare, last = parse(HOSTS)
    assert [(str(host.registry), host.base) for host in (first, backup, plain, one, odd, bare, last)] == [
        ("https://mirror.registry", "/v2"),
        ("https://mirror-bak.registry", "/us/v2"),
        ("http://mirror.registry", "/v2"),
        ("https://test-1.registry", "/v2"),
        ("https://non-compliant-mirror.registry", "/v2/upstream"),
        ("https://no-scheme.registry:5000", "/v2"),
        ("https://test-default.registry", "/v2"),
    ]
    assert first.capabilities == {"pull"}
    assert two.capabilities == last.capabilities == EVERYTHING
    assert first.skip_verify
    assert backup.skip_verify
    assert (first.skip_verify.value, backup.skip_verify.value, plain.skip_verify) == (False, True, None)
    assert backup.skip_verify.source == "f:16"
    (header,) = first.headers
    assert (header.value.name, header.value.value.reveal(), header.source) == ("x-custom-2", "value1, value2", "f:12")
    assert [header.value.name for header in last.headers] == ["x-custom-1"]
    assert [file.value for file in one.certificates.authorities] == [
        "/etc/certs/test-1-ca.pem",
        "/etc/certs/special.pem",
    ]
    assert one.certificates.pair
    assert [file and file.value for file in one.certificates.pair] == [
        "/etc/certs/client.cert",
        "/etc/certs/client.key",
    ]
    assert [file.value for file in one.certificates.others] == ["/etc/certs/client.pem"]
    assert two.certificates.pair
    assert two.certificates.pair[0].value == str(FOLDER / "certs/client.pem")
    assert two.certificates.pair[1] is None
    assert odd.dial_timeout
    assert (odd.dial_timeout.value, odd.dial_timeout.source) == (3.0, "f:32")
    assert (first.source, last.source) == ("f:7", "f:2")


@pytest.mark.parametrize(
    ("url", "base"),
    [
        ("https://m", "/v2"),
        ("https://m/", "/v2"),
        ("https://m/v2", "/v2"),
        ("https://m/v2/", "/v2"),
        ("https://m/a/../b//c/", "/b/c/v2"),
        ("https://m/api/v2", "/api/v2"),
        ("https://m/v2/hub", "/v2/hub/v2"),
    ],
)
def test_base(url: str, base: str) -> None:
    assert parse(f'[host."{url}"]')[0].base == base


@pytest.mark.parametrize(("url", "base"), [("https://m", ""), ("https://m/", ""), ("https://m/v2/hub/", "/v2/hub")])
def test_override_path(url: str, base: str) -> None:
    assert parse(f'[host."{url}"]\noverride_path = true')[0].base == base


def test_no_server() -> None:
    """Then the registry itself comes last, under what is said at the top."""
    (mirror, last) = parse('ca = "ca.pem"\nskip_verify = true\ncapabilities = ["push"]\n[host."https://m"]')
    assert mirror.registry
    assert last.registry is None
    assert (last.base, last.capabilities) == ("/v2", EVERYTHING)
    assert [file.value for file in last.certificates.authorities] == [str(FOLDER / "ca.pem")]
    assert last.skip_verify


@pytest.mark.parametrize(
    ("text", "line", "why"),
    [
        ('[host."https://m"]\ncapabilities = ["pul"]', 2, "none of"),
        ('[host."https://m"]\ncapabilities = "pull"', 2, "should be a list"),
        ('[host."https://m"]\nca = 7', 2, "should be a string"),
        ('[host."https://m"]\nca = ["a",\n7]', 3, "no string"),
        ('[host."https://m"]\nclient = [["a"]]', 2, "pairs"),
        ('[host."https://m"]\nclient = [["a", "b", "c"]]', 2, "pairs"),
        ('[host."https://m"]\nclient = 1', 2, "pairs"),
        ('[host."https://m"]\nskip_verify = "true"', 2, "should be a boolean"),
        ('[host."https://m"]\noverride_path = 1', 2, "should be a boolean"),
        ('[host."https://m"]\ndial_timeout = "3 s"', 2, "no time"),
        ('[host."https://m"]\n[host."https://m".header]\nx = 1', 3, "should be a string"),
        ('[host."ftp://m"]', 1, "no host's URL"),
        ('[host."https://"]', 1, "no host's URL"),
        ('[host."https://m/?x=1"]', 1, "no query"),
        ('server = "https://m/#x"', 1, "no query"),
        ("server = 7", 1, "should be a string"),
        ("host = 7", 1, "should be an object"),
    ],
)
def test_wrong(text: str, line: int, why: str) -> None:
    with pytest.raises(InvalidSettings, match=why) as caught:
        parse(text)
    assert (caught.value.file, caught.value.line) == ("f", line)


@pytest.mark.parametrize("name", ["Content-Length", "host", "x y", "x"])
def test_wrong_header(name: str) -> None:
    value = "s3cr3t\\n" if name == "x" else "s3cr3t"
    with pytest.raises(InvalidSettings) as caught:
        parse(f'[host."https://m".header]\n"{name}" = "{value}"')
    assert "f:2" in str(caught.value)
    assert "s3cr3t" not in str(caught.value)


def test_users_are_not_shown() -> None:
    with pytest.raises(InvalidSettings) as caught:
        parse('server = "https://ana:s3cr3t@m"')
    assert "s3cr3t" not in str(caught.value)


def test_misspelt() -> None:
    found = parse_hosts_toml(parse_toml('servr = "x"\n[host."https://m"]\nskip-verify = true', "f"), FOLDER)
    assert [warning.partition(" is nothing")[0] for warning in found.warnings] == ["f:1: 'servr'", "f:3: 'skip-verify'"]


# Folders.


def test_folders(home: Path) -> None:
    def folders(host: str) -> list[str]:
        return [str(folder.relative_to(home)) for folder in host_folders(host, Machine.of(os.environ))]

    own, system = "config/containerd/certs.d", "etc/containerd/certs.d"
    names = ("reg.corp_5000_", "reg.corp:5000", "_default")
    assert folders("reg.corp:5000") == [f"{root}/{name}" for root in (own, system) for name in names]
    assert folders("reg.corp") == [f"{root}/{name}" for root in (own, system) for name in ("reg.corp", "_default")]


@pytest.mark.parametrize("plugin", ["io.containerd.grpc.v1.cri", "io.containerd.cri.v1.images"])
def test_config_path(home: Path, plugin: str) -> None:
    file = home / "etc" / "containerd" / "config.toml"
    file.parent.mkdir(parents=True)
    file.write_text(f'version = 2\n[plugins."{plugin}".registry]\nconfig_path = "/a/certs.d:/b"\n')
    folders = list(map(str, host_folders("reg", Machine.of(os.environ))))
    assert folders[2:] == ["/a/certs.d/reg", "/a/certs.d/_default", "/b/reg", "/b/_default"]


@pytest.mark.parametrize("text", [None, "", "# nothing\n"])
def test_certificates_alone(tmp_path: Path, text: str | None) -> None:
    """Without a hosts.toml, or with an empty one, the folder is one of certificates."""
    (tmp_path / "ca.crt").write_text("")
    (tmp_path / "client.cert").write_text("")
    if text is not None:
        (tmp_path / "hosts.toml").write_text(text)
    (host,) = read_hosts(tmp_path).hosts
    assert host.registry is None
    assert [file.value for file in host.certificates.authorities] == [str(tmp_path / "ca.crt")]
    assert host.certificates.pair


def test_broken(tmp_path: Path) -> None:
    (tmp_path / "hosts.toml").write_text("server = ")
    with pytest.raises(InvalidSettings, match="is not TOML"):
        read_hosts(tmp_path)
