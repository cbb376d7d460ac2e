"""Each setting with who says so, and what lost to it; nothing is dialled and no secret is shown."""

from __future__ import annotations

import json
import os
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
    places = ", ".join(setting.value.partition(" ")[0] for setting in found.named("credential-file"))
    assert one(found, "credential") == ("none", f"no entry for reg.corp in {places}")
    assert f"{home}/.docker/config.json" in places
    assert one(found, "bound-connect") == ("5 s", "default")
    assert [file.value for file in found.named("file")] == [
        f"{home}/etc/docker/daemon.json (there is no such file)",
        f"{home}/config/docker/daemon.json (there is no such file)",
        f"{home}/etc/containers/registries.conf (there is no such file)",
        f"{home}/config/boxship/config.toml (there is no such file)",
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


def test_the_places_of_credentials_in_their_order(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def places(found: Explanation) -> list[tuple[str, str]]:
        return [(setting.value, setting.source) for setting in found.named("credential-file")]

    usual = write(home / ".docker/config.json", {"auths": {"reg.corp": entry("usual")}})
    assert [value.removesuffix(" (there is no such file)") for value, _ in places(told())] == [
        f"{home}/run/containers/{os.getuid()}/auth.json",
        f"{home}/config/containers/auth.json",
        str(usual),
        f"{home}/.dockercfg",
    ]
    variable = write(tmp_path / "variable/config.json", {})
    monkeypatch.setenv("DOCKER_CONFIG", str(variable.parent))
    assert places(told()) == [(str(variable), "DOCKER_CONFIG")]
    (hidden,) = lost(told(), "credential")
    assert (hidden.value, hidden.source) == ("password of 'usual'", f"{usual}:3")
    assert hidden.why == f"only {variable} is read"
    monkeypatch.setenv("REGISTRY_AUTH_FILE", str(tmp_path / "told.json"))
    assert places(told()) == [(f"{tmp_path}/told.json (there is no such file)", "REGISTRY_AUTH_FILE")]
    flagged = told(config=tmp_path / "flag")
    assert places(flagged) == [(f"{tmp_path}/flag/config.json (there is no such file)", "flag --config")]
    assert places(told(authfile=usual)) == [(str(usual), "flag --authfile")]


AUTO = "TLS preferred, plain HTTP permitted"


def test_who_is_asked_and_whom_the_others_would_ask(home: Path) -> None:
    """Each endpoint with its file and line, in order; what lost to them; what every other program would do."""
    text = '[[registry]]\nlocation = "reg.corp"\n[[registry.mirror]]\nlocation = "m.corp/hub"\ninsecure = true\n'
    conf = write(home / "etc/containers/registries.conf", text)
    host = '[host."http://c.corp/x"]\ncapabilities = ["pull"]\n'
    toml = write(home / "etc/containerd/certs.d/reg.corp/hosts.toml", host)
    daemon = write(home / "etc/docker/daemon.json", {"insecure-registries": ["reg.corp"]})
    found = told()
    first, last = found.named("endpoint")
    assert (first.value, first.source) == (
        f"m.corp/hub/team/app (for tags, digests, blobs; {AUTO}; no certificate is checked)",
        f"{conf}:4",
    )
    assert (last.value, last.source) == (
        f"reg.corp/team/app ({AUTO}; no certificate is checked)",
        "as it is written",
    )
    (loser,) = first.lost
    assert (loser.source, loser.why) == (f"{toml}:1", f"{conf}:4 comes first")
    assert [setting.value for setting in found.named("written-to")] == ["reg.corp/team/app"]
    others = {name: next(found.named(f"{name}-asks")) for name in ("docker", "podman", "containerd", "kubelet")}
    assert {name: setting.value for name, setting in others.items()} == {
        "docker": "reg.corp/team/app",
        "podman": "m.corp/hub/team/app, then reg.corp/team/app",
        "containerd": "http://c.corp/x/team/app, then reg.corp/team/app",
        "kubelet": "has its runtime ask: containerd, http://c.corp/x/team/app, then reg.corp/team/app",
    }
    assert others["containerd"].source == f"{toml}:1"
    (scheme,) = found.named("scheme")
    assert scheme.source == f"{daemon}:3"


def test_what_only_boxships_own_file_says(home: Path) -> None:
    own = write(
        home / "config/boxship/config.toml",
        '[host."*.corp"]\nconcurrency = 4\ntls-min-version = "1.3"\n'
        '[host."reg.corp"]\nscheme = "auto"\nrequests-per-second = 2.5\ntimeouts.connect = "3s"\n',
    )
    found = told()
    sources = {name: (setting.value, setting.source) for name in NAMES for setting in found.named(name)}
    assert sources == {
        "scheme": ("TLS preferred, plain HTTP permitted", f"{own}:5"),
        "concurrency": ("4", f"{own}:2"),
        "tls-min-version": ("1.3", f"{own}:3"),
        "requests-per-second": ("2.5", f"{own}:6"),
        "bound-connect": ("3 s", f"{own}:7"),
    }
    (scheme,) = told(plain_http="never").named("scheme")
    assert [loser.source for loser in scheme.lost if loser.source != "default"] == [f"{own}:5"]


NAMES = ("scheme", "concurrency", "tls-min-version", "requests-per-second", "bound-connect")


ENFORCING = "short-name-mode is enforcing, podman asks which of them, and where there is no terminal it fails"


@pytest.mark.parametrize(
    ("written", "taken", "line"),
    [
        ("fedora", "registry.fedoraproject.org/fedora", 3),
        ("fedora:latest", "registry.fedoraproject.org/fedora", 3),
        ("user/app", f"a.corp/user/app (one of 2: {ENFORCING})", 1),
        ("gone@sha256:" + "0" * 64, f"a.corp/gone (one of 2: {ENFORCING})", 1),
    ],
)
def test_a_short_name_is_docker_hubs_whatever_podman_takes_it_for(
    written: str, taken: str, line: int, home: Path
) -> None:
    text = "unqualified-search-registries = ['a.corp', 'b.corp']\n[aliases]\n"
    text += "fedora = 'registry.fedoraproject.org/fedora'\ngone = ''\n"
    conf = write(home / "etc/containers/registries.conf.d/short.conf", text)
    write(home / "etc/containers/registries.conf", "short-name-mode = 'enforcing'\n")
    found = explain(written)
    assert found.place.startswith("docker.io/")
    first, *_ = found.named("podman-takes-it-for")
    assert (first.value, first.source) == (taken, f"{conf}:{line}")
    assert list(explain("reg.corp:5000/app").named("podman-takes-it-for")) == []


def test_certificates_of_a_folder(home: Path) -> None:
    folder = home / "etc/docker/certs.d/reg.corp"
    for name in ("ca.crt", "client.cert", "client.key"):
        write(folder / name, "")
    found = told()
    assert [(setting.value, setting.source) for setting in found.named("authority")] == [
        (f"{folder}/ca.crt", str(folder))
    ]
    assert [setting.value for setting in found.named("client-certificate")] == [f"{folder}/client.cert"]


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
        ("redis:7", "docker.io/library/redis"),
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
