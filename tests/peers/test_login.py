"""Logging in for real: docker-registry with htpasswd, `pass` as the keychain, and skopeo, which asks it, too."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from boxship.testing import put_image
from tests.cli.running import COMMAND, boxship
from tests.peers.programs import ALICE, Address, docker_registry

pytestmark = pytest.mark.peer("docker-registry", "pass", "gpg", "jq")

# What docker-credential-pass does (docker-credential-helpers, pass/pass.go), as a script.
HELPER = """#!/bin/sh -e
top=docker-credential-helpers
at() { printf %s "$1" | base64 -w0 | tr +/ -_; }
missing() { echo 'credentials not found in native keychain'; exit 1; }
case $1 in
get)
    read -r url || :
    file=$(ls "$PASSWORD_STORE_DIR/$top/$(at "$url")" 2>/dev/null) || missing
    user=${file%.gpg}
    jq -n --arg url "$url" --arg user "$user" --arg secret "$(pass show "$top/$(at "$url")/$user")" \
        '{ServerURL: $url, Username: $user, Secret: $secret}' ;;
store)
    given=$(cat); url=$(printf %s "$given" | jq -r .ServerURL)
    printf %s "$given" | jq -j .Secret |
        pass insert -f -m "$top/$(at "$url")/$(printf %s "$given" | jq -r .Username)" >/dev/null ;;
erase) read -r url || :; pass rm -rf "$top/$(at "$url")" >/dev/null || missing ;;
list)
    cd "$PASSWORD_STORE_DIR/$top" 2>/dev/null || { echo '{}'; exit; }
    for each in *; do
        [ -d "$each" ] || continue
        user=$(ls "$each"); url=$(printf %s "$each" | tr -- -_ +/ | base64 -d)
        jq -n --arg url "$url" --arg user "${user%.gpg}" '{($url): $user}'
    done | jq -s 'add // {}' ;;
esac
"""


@pytest.fixture
def keychain(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An empty store of `pass` with a key of its own, and docker's helper for it on PATH."""
    program = tmp_path / "bin/docker-credential-pass"
    program.parent.mkdir()
    program.write_text(HELPER)
    program.chmod(0o755)
    # In a folder with a short name: gpg's agent listens on a socket there.
    with TemporaryDirectory(prefix="gpg-") as short:
        monkeypatch.setenv("GNUPGHOME", short)
        monkeypatch.setenv("PASSWORD_STORE_DIR", str(tmp_path / "store"))
        monkeypatch.setenv("PATH", f"{program.parent}:{os.environ['PATH']}")
        key = ["gpg", "--batch", "--quiet", "--passphrase", "", "--quick-generate-key", "tests@boxship", "default"]
        subprocess.run(key, check=True, timeout=60, capture_output=True)
        subprocess.run(["pass", "init", "tests@boxship"], check=True, timeout=60, capture_output=True)
        yield tmp_path / "store"
        subprocess.run(["gpgconf", "--kill", "all"], check=True, timeout=60)


@contextmanager
def guarded(folder: Path) -> Iterator[Address]:
    """A docker-registry that has `app:v1` for alice."""
    with docker_registry(folder) as open_to_all:
        put_image(str(open_to_all), "app", "v1")
    with docker_registry(folder, auth=ALICE) as registry:
        yield registry


def kept(store: Path) -> list[str]:
    """What the store has, by the users' names."""
    return sorted(file.stem for file in store.rglob("*.gpg"))


def secrets_outside(home: Path) -> list[Path]:
    """The files at home that have the password in any form that a file of docker's has it in."""
    forms = (ALICE.password.encode(), b"YWxpY2U6c2VjcmV0")
    return [file for file in home.rglob("*") if file.is_file() and any(form in file.read_bytes() for form in forms)]


def test_pass_keeps_what_docker_registry_accepts(keychain: Path, home: Path, tmp_path: Path) -> None:
    words = ("login", "-u", ALICE.user, "--password-stdin")
    with guarded(tmp_path / "registry") as registry:
        wrong = boxship(*words, str(registry), given=b"wr0ng")
        assert (wrong.status, kept(keychain), (home / ".docker").exists()) == (4, [], False)

        right = boxship(*words, str(registry), given=ALICE.password.encode())
        assert (right.status, "docker-credential-pass" in right.output) == (0, True)
        assert (kept(keychain), secrets_outside(home)) == ([ALICE.user], [])
        written = json.loads((home / ".docker/config.json").read_text())
        assert written == {"credsStore": "pass", "auths": {str(registry): {}}}

        assert boxship("ls", f"{registry}/app").output.split() == ["v1"]
        given = json.loads(boxship("auth", "get", str(registry)).output)
        assert (given["Username"], given["Secret"]) == (ALICE.user, ALICE.password)

        assert boxship("logout", str(registry)).status == 0
        assert kept(keychain) == []
        assert boxship("ls", f"{registry}/app").status == 4


@pytest.mark.peer("skopeo")
def test_skopeo_finds_in_pass_what_boxship_has_put_there(keychain: Path, home: Path, tmp_path: Path) -> None:
    with guarded(tmp_path / "registry") as registry:
        file = home / ".docker/config.json"
        file.parent.mkdir()
        file.write_text(json.dumps({"credHelpers": {str(registry): "pass"}}))
        words = ("login", "-u", ALICE.user, "--password-stdin", str(registry))
        assert boxship(*words, given=ALICE.password.encode()).status == 0
        assert kept(keychain) == [ALICE.user]
        listed = subprocess.run(
            ["skopeo", "list-tags", "--tls-verify=false", f"docker://{registry}/app"],
            capture_output=True,
            check=True,
            timeout=60,
        )
        assert json.loads(listed.stdout)["Tags"] == ["v1"]


# What each of them is asked, for which it wants a credential.
WANTING = {
    "skopeo": ("skopeo", "list-tags", "--tls-verify=false", "docker://{0}/app"),
    "podman": ("podman", "search", "--list-tags", "--tls-verify=false", "{0}/app"),
    "docker": ("docker", "manifest", "inspect", "--insecure", "{0}/app:v1"),
}


@pytest.mark.parametrize("program", [pytest.param(name, marks=pytest.mark.peer(name)) for name in WANTING])
def test_boxship_is_the_credential_helper_of(
    program: str, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What boxship knows from podman's file, or from anywhere, each of them is given by `boxship auth get`."""
    known = tmp_path / "known.json"
    helper = tmp_path / "bin/docker-credential-boxship"
    helper.parent.mkdir()
    helper.write_text(
        f'#!/bin/sh\necho "$@" >>{tmp_path}/asked\nexec {shlex.join(COMMAND)} auth "$@" --authfile {known}\n'
    )
    helper.chmod(0o755)
    monkeypatch.setenv("PATH", f"{helper.parent}:{os.environ['PATH']}")
    with guarded(tmp_path / "registry") as registry:
        known.write_text(json.dumps({"auths": {str(registry): {"auth": "YWxpY2U6c2VjcmV0"}}}))
        file = home / ".docker/config.json"
        file.parent.mkdir()
        command = [word.format(registry) for word in WANTING[program]]
        before = subprocess.run(command, capture_output=True, check=False, timeout=60)
        assert before.returncode
        file.write_text(json.dumps({"credHelpers": {str(registry): "boxship"}}))
        done = subprocess.run(command, capture_output=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr
    assert set((tmp_path / "asked").read_text().split("\n")) == {"get", ""}
