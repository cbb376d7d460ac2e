"""What the doctor says of this machine's settings, and when another program's files are a warning."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from boxship import Client
from boxship.connect.legs import legs_of
from boxship.doctor import Check, Status
from boxship.doctor.settings import proxy_check, settings_checks
from boxship.explain.place import Place
from tests.explain.machine import MARK, entry, write


def checks(place: str = "reg.corp/team/app", **words: object) -> Mapping[str, Check]:
    wanted = Place.of(place)
    with Client(**words) as client:  # type: ignore[arg-type] # words of their kinds
        means = client.means(wanted.registry, wanted.repository)
        leg = legs_of(means.site, means.proxies)[0]
        found = (*settings_checks(wanted, means), proxy_check(leg, means))
    assert MARK not in repr(found)
    return {check.id: check for check in found}


def test_a_machine_without_settings_has_no_warning(home: Path) -> None:
    found = checks()
    assert {check.status for check in found.values()} == {Status.OK}
    assert list(found) == ["settings.files", "settings.scheme", "settings.trust", "settings.credential", "proxy"]
    assert found["settings.files"].words == "no file with credentials is there"
    assert f"{home}/.docker/config.json (there is no such file)" in found["settings.files"].evidence
    assert found["settings.trust"].words == "the system's authorities"


INSECURE = {
    "etc/docker/daemon.json": '{"insecure-registries": ["reg.corp"]}',
    "etc/containers/registries.conf": '[[registry]]\nlocation = "reg.corp"\ninsecure = true\n',
    "etc/containerd/certs.d/reg.corp/hosts.toml": 'server = "http://reg.corp"\n',
}


@pytest.mark.parametrize("file", INSECURE)
def test_another_program_that_is_told_that_the_host_is_insecure_is_a_warning(file: str, home: Path) -> None:
    written = write(home / file, INSECURE[file])
    strict = checks(plain_http="never")["settings.scheme"]
    assert strict.status is Status.WARNING
    assert str(written) in strict.evidence[0]
    assert "--plain-http=auto" in strict.remedy
    assert checks(plain_http="auto")["settings.scheme"].status is Status.OK
    assert checks("other.corp/app", plain_http="never")["settings.scheme"].status is Status.OK


def test_boxship_reads_them_all(home: Path) -> None:
    for file, content in INSECURE.items():
        written = write(home / file, content)
        found = checks()["settings.scheme"]
        assert found.status is Status.OK
        assert str(written) in found.words
        (home / file).unlink()


def test_a_secure_setting_of_another_program_is_no_warning(home: Path) -> None:
    toml = write(home / "etc/containerd/certs.d/_default/hosts.toml", 'server = "https://mirror.corp"\n')
    assert toml.exists()
    assert checks()["settings.scheme"].status is Status.OK


@pytest.mark.parametrize(
    ("file", "key"), [("config/containers/auth.json", "reg.corp/another"), (".docker/config.json", "reg.corp:5000")]
)
def test_a_credential_that_is_not_sent_is_a_warning_where_there_is_no_other(file: str, key: str, home: Path) -> None:
    written = write(home / file, {"auths": {key: entry("ana")}})
    found = checks()["settings.credential"]
    assert found.status is Status.WARNING
    assert str(written) in found.evidence[0]
    assert checks(username="ana", password=MARK)["settings.credential"].status is Status.OK


def test_certificates_that_are_not_checked_are_a_warning() -> None:
    assert checks(skip_tls_verify=True)["settings.trust"].status is Status.WARNING
    assert checks(skip_tls_verify="other.corp")["settings.trust"].status is Status.OK


def test_the_proxy_says_its_rule_and_what_has_no_say(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALL_PROXY", f"socks5://ana:{MARK}@all.corp")
    assert checks()["proxy"].status is Status.OK
    assert "ALL_PROXY" in checks()["proxy"].evidence[0]
    monkeypatch.setenv("HTTPS_PROXY", f"http://ana:{MARK}@proxy.corp:3128")
    found = checks()["proxy"]
    assert (found.status, found.words) == (Status.WARNING, "through the proxy http://proxy.corp:3128 (HTTPS_PROXY)")
