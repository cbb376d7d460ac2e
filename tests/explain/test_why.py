"""Which credential is sent, why not the others, and what other programs would send: from the files that they read."""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path

import pytest

from boxship import Bounds, Client
from boxship.errors import InvalidSettings
from boxship.explain import Explanation, Setting, explain, why
from boxship.settings import file_bytes
from tests.cli.running import boxship
from tests.explain.machine import MARK, entry, helper, write

ANSWER = f"""echo '{{"ServerURL": "x", "Username": "kept", "Secret": "{MARK}"}}'"""
NOTHING = "echo 'credentials not found in native keychain'; exit 1"
PLACE = "reg.corp/team/app"
NEXT = "it is tried where what comes before is refused, or has nothing"


def one(explanation: Explanation, name: str) -> Setting:
    (setting,) = explanation.named(name)
    assert MARK not in json.dumps(explanation.document())
    return setting


def losers(explanation: Explanation) -> dict[str, str]:
    """What lost, by its value, and why."""
    return {lost.value: lost.why for lost in one(explanation, "credential").lost}


def asked(**words: object) -> Explanation:
    with Client(**words) as client:  # type: ignore[arg-type] # words of their kinds
        return why(PLACE, client)


def test_an_entry_is_named_by_its_line(home: Path) -> None:
    file = write(home / ".docker/config.json", {"auths": {"reg.corp": entry("ana")}})
    found = one(why(PLACE), "credential")
    assert (found.value, found.source, found.lost) == ("password of 'ana'", f"{file}:3", ())


def test_the_strongest_comes_first_and_the_others_say_to_whom_they_lost(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = {"auths": {"reg.corp": entry("ana"), "reg.corp:5000": entry("bob")}, "credsStore": "fake"}
    write(home / ".docker/config.json", content)
    helper(monkeypatch, tmp_path, "fake", ANSWER)
    hidden = losers(asked())
    assert hidden["password of 'ana'"] == NEXT
    assert hidden["password of 'bob'"] == "it is for reg.corp:5000, another port"
    monkeypatch.setenv("DOCKER_AUTH_CONFIG", json.dumps({"auths": {"reg.corp": entry("env")}}))
    assert one(asked(), "credential").value == "password of 'env'"
    assert losers(asked())["what docker-credential-fake has for reg.corp"] == NEXT
    assert losers(asked(username="me", password=MARK))["password of 'env'"] == "flag --username comes first"


def test_a_helper_is_asked_and_named_with_its_program_and_time(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = write(home / ".docker/config.json", {"credHelpers": {"reg.corp": "fake"}})
    program = helper(monkeypatch, tmp_path, "fake", f"sleep 0.05; {ANSWER}")
    found = asked()
    assert one(found, "credential").source == f"{file}:3"
    answered = one(found, "helper")
    assert answered.source == str(program)
    assert answered.value.startswith("password of 'kept' (asked for reg.corp, ")
    assert int(answered.value.split()[-2]) >= 50
    assert not found.findings


def test_a_helper_that_keeps_nothing_is_no_finding(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(home / ".docker/config.json", {"credsStore": "fake"})
    helper(monkeypatch, tmp_path, "fake", NOTHING)
    assert one(asked(), "helper").value.startswith("nothing (asked for reg.corp")
    hub = why("alpine")
    assert [helper.value.split("for ")[1].split(",")[0] for helper in hub.named("helper")] == [
        "https://index.docker.io/v1/",
        "docker.io",
    ]


BROKEN = {
    "fails": ("echo locked >&2; exit 3", "locked"),
    "hangs": ("sleep 60", "no answer within"),
    "writes without end": ("yes", "more than 1 MiB"),
    "is killed": ("kill -9 $$", "signal 9"),
    "answers otherwise": (f"echo {MARK}", "not the protocol"),
    "has no user": (f"""echo '{{"Secret": "{MARK}"}}'""", "no user name"),
}


@pytest.mark.parametrize("what", BROKEN)
def test_a_helper_that_does_not_answer_is_a_finding(
    what: str, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    script, words = BROKEN[what]
    write(home / ".docker/config.json", {"credsStore": "fake"})
    helper(monkeypatch, tmp_path, "fake", script)
    began = time.monotonic()
    found = asked(bounds=Bounds(helper=1))
    assert time.monotonic() - began < 10
    (finding,) = found.findings
    assert words in finding
    assert one(found, "helper").value.startswith("failed: ")
    assert one(found, "docker").value == "what docker-credential-fake has for reg.corp"
    assert MARK not in finding


def test_a_helper_that_is_missing_is_a_finding_of_the_command(home: Path) -> None:
    write(home / ".docker/config.json", {"credsStore": "of-nobody"})
    outcome = boxship("auth", "why", PLACE)
    assert outcome.status == 8
    assert "wrong: credential helper docker-credential-of-nobody: it is not on PATH" in outcome.output
    document = json.loads(boxship("auth", "why", "-o", "json", PLACE).output)
    assert (document["schema"], len(document["findings"])) == ("boxship.auth.why/1", 1)


def test_a_store_that_is_turned_off_for_the_host_is_told(home: Path) -> None:
    write(home / ".docker/config.json", {"credsStore": "fake", "credHelpers": {"reg.corp": ""}})
    assert "turns credsStore off for it" in losers(asked())["docker-credential-fake"]


def test_podmans_narrowest_entry_comes_first(home: Path) -> None:
    auths = {"reg.corp": entry("wide"), "reg.corp/team": entry("narrow"), "reg.corp/tea": entry("other")}
    file = write(home / "config/containers/auth.json", {"auths": auths})
    found = asked()
    assert (one(found, "podman").value, one(found, "podman").source) == ("password of 'narrow'", f"{file}:6")
    assert (one(found, "credential").value, one(found, "credential").source) == ("password of 'narrow'", f"{file}:6")
    assert losers(found)["password of 'wide'"] == NEXT
    assert losers(found)["password of 'other'"] == "it is for what is below reg.corp/tea only"
    assert one(found, "docker").value == "none"


def test_podmans_order_of_files(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def user() -> str:
        return one(asked(), "podman").value

    write(home / ".docker/config.json", {"auths": {"reg.corp": entry("docker")}})
    assert user() == "password of 'docker'"
    write(home / "config/containers/auth.json", {"auths": {"reg.corp": entry("config")}})
    assert user() == "password of 'config'"
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    assert user() == "password of 'config'"
    write(tmp_path / "containers/auth.json", {"auths": {"reg.corp": entry("session")}})
    assert user() == "password of 'session'"
    monkeypatch.setenv("DOCKER_CONFIG", str(home / ".docker"))
    assert user() == "password of 'docker'"
    monkeypatch.setenv("REGISTRY_AUTH_FILE", str(write(tmp_path / "told.json", {"auths": {"reg.corp": entry("told")}})))
    assert user() == "password of 'told'"


def test_podman_knows_no_store_and_a_broken_file_ends_it(home: Path, tmp_path: Path) -> None:
    write(home / ".docker/config.json", {"credsStore": "fake", "auths": {"reg.corp": entry("inline")}})
    found = asked()
    assert one(found, "podman").value == "password of 'inline'"
    file = write(home / "config/containers/auth.json", "{")
    with pytest.raises(InvalidSettings, match=str(file)):
        asked()
    broken = one(asked(authfile=tmp_path / "another.json"), "podman")
    assert (broken.value.startswith("ends with an error: is not JSON"), broken.source) == (True, f"{file}:1")


def test_crane_reads_podmans_file_only_where_docker_has_none(home: Path) -> None:
    write(home / "config/containers/auth.json", {"auths": {"reg.corp": entry("podman")}})
    assert one(asked(), "crane").value == "password of 'podman'"
    write(home / ".docker/config.json", {"auths": {f"{PLACE}": entry("whole"), "reg.corp": entry("host")}})
    assert one(asked(), "crane").value == "password of 'whole'"
    assert one(asked(), "docker").value == "password of 'host'"


def test_docker_finds_a_keychain_where_its_file_names_nobody(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    helper(monkeypatch, tmp_path, "pass", ANSWER)
    write(tmp_path / "bin/pass", "#!/bin/sh\n").chmod(0o755)
    found = asked()
    assert one(found, "docker").value == "what docker-credential-pass has for reg.corp"
    assert one(found, "credential").value == "none"
    write(home / ".docker/config.json", {"auths": {"other.corp": entry("ana")}})
    assert one(asked(), "docker").value == "none"


def test_the_kubelet_takes_the_nodes_file_after_what_the_cluster_has(home: Path) -> None:
    write(home / "var/lib/kubelet/config.json", {"auths": {"*.corp": entry("node"), "reg.corp/other": entry("x")}})
    found = one(asked(), "kubernetes")
    assert (found.value, [lost.source for lost in found.lost]) == (
        "password of 'node'",
        ["the cluster", "the kubelet's flags"],
    )
    assert one(asked(), "containerd").value == "none"


@pytest.mark.parametrize("name", ["config/containers/auth.json", "var/lib/kubelet/config.json"])
@pytest.mark.parametrize(
    "content", ["[]", f'{{"auths": ["{MARK}"]}}', f'{{"auths": {{"reg.corp": {{"auth": "{MARK}"}}}}}}']
)
def test_a_broken_file_of_another_program_is_no_traceback(name: str, content: str, home: Path, tmp_path: Path) -> None:
    write(home / name, content)
    found = asked(authfile=tmp_path / "another.json")
    assert one(found, "docker").value == "none"
    assert any(one(found, program).value.startswith("ends with an error") for program in ("podman", "kubernetes"))


@pytest.mark.skipif(sys.platform == "win32", reason="it has no named pipes in folders")
def test_nobody_waits_for_a_pipe_in_place_of_another_programs_file(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(file_bytes, "_SECONDS", 0.01)
    for name in ("var/lib/kubelet/config.json", ".docker/config.json"):
        (home / name).parent.mkdir(parents=True)
        os.mkfifo(home / name)
    found = asked(authfile=tmp_path / "another.json")
    assert one(found, "kubernetes").value == "none"
    assert "is a pipe" in one(found, "docker").value
    with Client(authfile=tmp_path / "another.json") as client:
        assert [file.value for file in explain(PLACE, client).named("file") if ".docker" in file.value] == []


def test_over_what_it_is_sent(home: Path) -> None:
    assert one(asked(plain_http="never"), "sent-over").value == "over TLS only"
    write(home / "etc/docker/daemon.json", {"insecure-registries": ["10.0.0.0/8"]})
    assert "10.0.0.0/8" in one(asked(), "sent-over").value
