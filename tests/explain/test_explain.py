"""Each setting with who says so, and what lost to it; nothing is dialled and no secret is shown."""

from __future__ import annotations

import json
import socket
from collections.abc import Mapping
from pathlib import Path

import pytest

from boxship import Bounds, Client
from boxship.connect.memory import Key, Memory, Remembered, Seen
from boxship.errors import InvalidReference, InvalidSettings
from boxship.explain import Explanation, Lost, explain
from tests.cli.running import boxship
from tests.explain.machine import MARK, entry, write


@pytest.fixture(autouse=True)
def _no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("somebody dials")

    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket.socket, "connect_ex", refuse)


def told(place: str = "reg.corp/team/app", **words: object) -> Explanation:
    with Client(**words) as client:  # type: ignore[arg-type] # words of their kinds
        return explain(place, client)


def one(explanation: Explanation, name: str) -> tuple[str, str]:
    """The only setting of that name: its value and who says so."""
    (setting,) = explanation.named(name)
    return setting.value, setting.source


def lost(explanation: Explanation, name: str) -> list[Lost]:
    return [lost for setting in explanation.named(name) for lost in setting.lost]


def test_a_machine_without_settings_has_the_defaults(home: Path) -> None:
    found = explain("reg.corp/team/app")
    assert one(found, "scheme")[1] == one(found, "verification")[1] == one(found, "user-agent")[1] == "default"
    assert one(found, "https-proxy") == ("none", "HTTPS_PROXY is not set")
    assert one(found, "authorities") == ("the system's authorities", "default")
    assert one(found, "credential") == ("none", f"no entry for reg.corp in {home}/.docker/config.json")
    assert one(found, "bound-connect") == ("5 s", "default")
    assert [file.value for file in found.named("file")] == [
        f"{home}/etc/docker/daemon.json (there is no such file)",
        f"{home}/config/docker/daemon.json (there is no such file)",
    ]


SCHEMES: Mapping[str, tuple[str, Mapping[str, object], str, str, list[str]]] = {
    "nothing": ("reg.corp", {}, "https; plain", "default", []),
    "a flag": ("reg.corp", {"plain_http": "auto"}, "TLS preferred", "flag --plain-http=auto", ["default"]),
    "a prefix": (
        "http://reg.corp",
        {"plain_http": "never"},
        "plain HTTP only",
        "the prefix http://",
        ["flag --plain-http=never", "default"],
    ),
    "a public one": ("alpine", {"insecure": True}, "https only", "a public registry", ["flag --insecure", "default"]),
    "its port": ("reg.corp:443", {"plain_http": "always"}, "https only", "port 443", ["flag --plain-http=always"]),
}


@pytest.mark.parametrize("case", SCHEMES)
def test_the_scheme_and_the_rules_that_lost(case: str) -> None:
    place, words, value, source, losers = SCHEMES[case]
    found = told(place, **words)
    assert one(found, "scheme")[0].startswith(value)
    assert one(found, "scheme")[1] == source
    assert [loser.source for loser in lost(found, "scheme")][: len(losers)] == losers


def test_a_line_of_daemon_json_holds_or_loses_to_a_flag(home: Path) -> None:
    file = write(home / "etc/docker/daemon.json", {"insecure-registries": ["reg.corp", "10.0.0.0/8"]})
    assert one(told(), "scheme") == ("TLS preferred, plain HTTP permitted", f"{file}:3")
    assert one(told(), "verification") == ("no certificate is checked", f"{file}:3")
    assert one(told("other.corp"), "plain-http-network") == ("10.0.0.0/8", f"{file}:4")
    (flagged, _) = lost(told(plain_http="never"), "scheme")
    assert flagged == Lost("TLS preferred, plain HTTP permitted", f"{file}:3", "flag --plain-http=never comes first")


def test_a_broken_daemon_json_is_told_where_it_is_not_needed(home: Path) -> None:
    write(home / "etc/docker/daemon.json", "{")
    assert any("daemon.json:1 cannot be read" in file.value for file in told(plain_http="never").named("file"))
    with pytest.raises(InvalidSettings, match=r"daemon\.json:1"):
        explain("reg.corp")


def test_a_proxy_its_rule_and_what_is_passed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("https_proxy", f"http://ana:{MARK}@low.corp:3128")
    monkeypatch.setenv("HTTPS_PROXY", f"http://ana:{MARK}@proxy.corp:3128")
    monkeypatch.setenv("NO_PROXY", ".other.corp")
    monkeypatch.setenv("ALL_PROXY", f"socks5://ana:{MARK}@all.corp")
    found = told()
    assert one(found, "https-proxy") == ("http://proxy.corp:3128", "HTTPS_PROXY")
    assert {(loser.value, loser.source) for loser in lost(found, "https-proxy")} == {
        ("http://low.corp:3128", "https_proxy"),
        (".other.corp", "NO_PROXY"),
        ("socks5://all.corp:1080", "ALL_PROXY"),
    }
    assert MARK not in json.dumps(found.document())
    away = told("reg.other.corp")
    assert one(away, "https-proxy") == ("none", "NO_PROXY entry .other.corp")
    assert lost(away, "https-proxy")[0].why == "NO_PROXY entry .other.corp comes first"


def test_trust_and_what_replaces_what(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", "/own.pem")
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/requests.pem")
    found = told(ca_file="/more.pem", cert="/me.pem", key="/me.key", skip_tls_verify="other.corp")
    assert one(found, "authorities") == ("/own.pem", "SSL_CERT_FILE")
    assert [loser.value for loser in lost(found, "authorities")] == ["the system's bundle", "/requests.pem"]
    assert one(found, "authority") == ("/more.pem", "flag --ca-file")
    assert one(found, "client-certificate") == ("/me.pem", "flag --cert")
    assert one(found, "client-key") == ("/me.key", "flag --key")
    assert lost(found, "verification")[0].why == "it is for other hosts"
    assert lost(told("alpine", skip_tls_verify=True), "verification")[0].why == "a public registry is always verified"


def test_a_context_of_the_callers_own_comes_before_all_files() -> None:
    import ssl

    found = told(tls_context=ssl.create_default_context(), ca_file="/more.pem")
    assert one(found, "authorities")[1] == "tls_context"
    assert [loser.value for loser in lost(found, "authorities")] == ["/more.pem"]


def test_what_is_sent_is_named_and_its_value_is_not() -> None:
    found = told(headers={"X-Key": MARK}, user_agent="mine", username="ana", password=MARK)
    assert one(found, "header") == ("X-Key", "flag --header")
    assert one(found, "user-agent") == ("mine", "flag --user-agent")
    assert lost(found, "user-agent")[0].source == "default"
    assert one(found, "credential") == ("password of 'ana'", "flag --username")
    assert MARK not in json.dumps(found.document())


def test_addresses_that_were_told() -> None:
    found = told(resolve={("reg.corp", 443): ("10.0.0.5", 8443), ("x", 443): ("10.0.0.6", 1)}, ip_version=4)
    assert one(found, "resolve") == ("reg.corp:443 is dialled at 10.0.0.5:8443", "flag --resolve")
    assert one(found, "ip-version") == ("only IPv4 addresses of names", "flag -4")


def test_what_is_remembered_of_the_host_alone(tmp_path: Path) -> None:
    memory = Memory(tmp_path)
    what = Remembered(Seen.PLAIN, 1_700_000_000.0, "10.0.0.5:80", "443 refused")
    memory.remember(Key("reg.corp", 5000, "direct", ""), what)
    memory.remember(Key("other.corp", None, "direct", ""), what)
    found = told(memory=tmp_path, refresh=True)
    assert one(found, "memory")[0] == str(tmp_path)
    assert lost(found, "memory")[0].why == "flag --refresh ignores it"
    assert one(found, "remembered")[0].startswith("reg.corp:5000 was plain at 10.0.0.5:80 on 2023-11-1")
    assert one(told(memory=None), "memory")[0] == "none"


def test_bounds_and_who_chose_them() -> None:
    found = told(timeout=7, bounds=Bounds(connect=2))
    assert one(found, "timeout") == ("7 s", "flag --timeout")
    assert one(found, "bound-connect") == ("2 s", "Bounds.connect")
    assert lost(found, "bound-connect")[0].value == "5 s"


def test_dockers_own_keys_are_told_to_be_for_docker(home: Path) -> None:
    content = {"proxies": {"default": {"httpProxy": f"http://{MARK}@p"}}, "HttpHeaders": {"X": MARK}}
    file = write(home / ".docker/config.json", content)
    found = told()
    assert {loser.source for loser in lost(found, "file")} == {f"{file}:2", f"{file}:7"}
    assert MARK not in json.dumps(found.document())


def test_the_place_of_dockers_file_and_the_ones_that_lost(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usual = write(home / ".docker/config.json", {})
    variable = write(tmp_path / "variable/config.json", {})
    monkeypatch.setenv("DOCKER_CONFIG", str(variable.parent))
    assert one(told(), "docker-config") == (str(variable), "DOCKER_CONFIG")
    assert [(loser.value, loser.source) for loser in lost(told(), "docker-config")] == [(str(usual), "default")]
    flagged = told(config=tmp_path / "flag")
    assert one(flagged, "docker-config")[0].endswith("flag/config.json (there is no such file)")
    assert [loser.value for loser in lost(flagged, "docker-config")] == [str(variable), str(usual)]


def test_files_of_other_programs_are_told_and_said_not_to_be_read(home: Path) -> None:
    toml = write(
        home / "etc/containerd/certs.d/reg.corp/hosts.toml", '[host."http://mirror.corp"]\nskip_verify = true\n'
    )
    conf = write(home / "etc/containers/registries.conf", '[[registry]]\nprefix = "reg.corp/team"\ninsecure = true\n')
    said = {loser.source: (loser.value, loser.why) for loser in lost(told(), "file")}
    assert said[str(toml)][0] == "asks http://mirror.corp; checks no certificate of http://mirror.corp"
    assert said[str(conf)] == ("insecure", "boxship does not read it yet: podman does")


@pytest.mark.parametrize(
    ("written", "place"),
    [
        ("reg.corp", "reg.corp"),
        ("reg.corp:5000", "reg.corp:5000"),
        ("reg:5000", "reg:5000"),
        ("localhost", "localhost"),
        ("http://reg", "http://reg"),
        ("https://reg.corp/", "https://reg.corp"),
        ("[::1]:5000", "[::1]:5000"),
        ("alpine", "docker.io/library/alpine"),
        ("alpine:3.19", "docker.io/library/alpine"),
        (f"alpine@sha256:{'0' * 64}", "docker.io/library/alpine"),
        ("reg.corp/app:1", "reg.corp/app"),
        ("localhost/app", "localhost/app"),
    ],
)
def test_a_host_and_a_reference_are_told_apart(written: str, place: str) -> None:
    assert explain(written).place == place


@pytest.mark.parametrize("written", ["", "A b", "reg.corp/UPPER", f"ana:{MARK}@reg.corp", "http://"])
def test_what_is_neither_is_refused(written: str) -> None:
    with pytest.raises(InvalidReference) as caught:
        explain(written)
    assert MARK not in str(caught.value)


def test_the_command_prints_the_same_as_text_and_as_json(home: Path) -> None:
    write(home / ".docker/config.json", {"auths": {"reg.corp": entry("ana")}})
    text = boxship("explain", "reg.corp/team/app", env={"COLUMNS": "200"})
    assert text.status == 0
    assert text.output.splitlines()[0] == "reg.corp/team/app"
    assert f"credential               password of 'ana' ({home}/.docker/config.json:3)" in text.output
    document = json.loads(boxship("explain", "-o", "json", "reg.corp/team/app").output)
    assert document["schema"] == "boxship.explain/1"
    assert {"scheme", "credential", "https-proxy", "memory"} <= {setting["name"] for setting in document["settings"]}
    assert MARK not in text.output + json.dumps(document)
    assert max(map(len, boxship("explain", "reg.corp", env={"COLUMNS": "70"}).output.splitlines())) <= 70
