"""Logging in to the registry with other people's programs and with boxship, over TLS."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from boxship import Client
from boxship.errors import BoxshipError
from tests.peers.certificates import Certificate
from tests.peers.image import LayoutImage, write_layout
from tests.peers.programs import ALICE, skopeo
from tests.server.people import add

pytestmark = pytest.mark.peer("skopeo")

FILES = {"etc/hello": b"hello\n"}
LOG_IN = f"{ALICE.user}:{ALICE.password}"


@dataclass(frozen=True, slots=True)
class Guarded:
    """A registry that speaks TLS and has users, and what a client needs to trust it."""

    address: str
    folder: Path
    trusted: Path
    root: Path

    def at(self, repository: str) -> str:
        return f"docker://{self.address}/{repository}"


@contextmanager
def guarded(folder: Path, certificate: Certificate, *options: str) -> Iterator[Guarded]:
    users, trusted = folder / "users", folder / "trusted"
    users.write_text(ALICE.line + "\n")
    trusted.mkdir()
    shutil.copy(certificate.root, trusted / "ca.crt")
    command = [sys.executable, "-m", "boxship.server", "--address", "127.0.0.1:0", "--disk", str(folder / "registry")]
    command += ["--tls-cert", str(certificate.chain), "--tls-key", str(certificate.key), "--htpasswd", str(users)]
    with subprocess.Popen([*command, *options], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        address = process.stdout.readline().strip().removeprefix("serving https://")
        yield Guarded(address, folder / "registry", trusted, certificate.root)
        process.send_signal(signal.SIGTERM)
        assert process.wait(10) == 0


@pytest.fixture
def closed(tmp_path: Path, certificate: Certificate) -> Iterator[Guarded]:
    with guarded(tmp_path, certificate) as registry:
        yield registry


@pytest.fixture
def readable(tmp_path: Path, certificate: Certificate) -> Iterator[Guarded]:
    """Everybody may pull from it."""
    with guarded(tmp_path, certificate, "--anonymous", "pull") as registry:
        yield registry


@pytest.fixture
def image(tmp_path: Path) -> LayoutImage:
    return write_layout(tmp_path / "image", FILES)


def copy(registry: Guarded, source: str, target: str, *options: str) -> None:
    cert_dirs = ("--src-cert-dir", str(registry.trusted), "--dest-cert-dir", str(registry.trusted))
    skopeo("copy", *cert_dirs, *options, source, target)


def test_skopeo_pushes_and_pulls_with_a_password(closed: Guarded, image: LayoutImage, tmp_path: Path) -> None:
    copy(closed, f"oci:{image.folder}", closed.at("team/app:v1"), "--dest-creds", LOG_IN)
    copy(closed, closed.at("team/app:v1"), f"oci:{tmp_path / 'back'}:v1", "--src-creds", LOG_IN)
    pulled = {file.name for file in (tmp_path / "back" / "blobs" / "sha256").iterdir()}
    assert image.manifest.removeprefix("sha256:") in pulled


@pytest.mark.parametrize("options", [(), ("--dest-creds", "alice:wrong"), ("--dest-creds", "bob:secret")])
def test_skopeo_is_refused_without_the_right_one(closed: Guarded, image: LayoutImage, options: tuple[str, ...]) -> None:
    with pytest.raises(subprocess.CalledProcessError) as caught:
        copy(closed, f"oci:{image.folder}", closed.at("team/app:v1"), *options)
    assert "authentication required" in caught.value.stderr or "unauthorized" in caught.value.stderr


def test_skopeo_logs_in_and_stays_so(closed: Guarded, image: LayoutImage, tmp_path: Path) -> None:
    given = ("--authfile", str(tmp_path / "auth.json"))
    log_in = ("login", *given, "--cert-dir", str(closed.trusted), "--username", ALICE.user)
    with pytest.raises(subprocess.CalledProcessError):
        skopeo(*log_in, "--password", "wrong", closed.address)
    skopeo(*log_in, "--password", ALICE.password, closed.address)
    copy(closed, f"oci:{image.folder}", closed.at("team/app:v1"), *given)
    found = json.loads(skopeo("inspect", *given, "--cert-dir", str(closed.trusted), closed.at("team/app:v1")))
    assert found["Digest"] == image.manifest


def test_skopeo_pulls_without_a_password_where_everybody_may(
    readable: Guarded, image: LayoutImage, tmp_path: Path
) -> None:
    copy(readable, f"oci:{image.folder}", readable.at("team/app:v1"), "--dest-creds", LOG_IN)
    copy(readable, readable.at("team/app:v1"), f"oci:{tmp_path / 'back'}:v1")
    with pytest.raises(subprocess.CalledProcessError):
        copy(readable, f"oci:{image.folder}", readable.at("team/app:v2"))


def test_skopeo_is_held_to_what_a_user_was_granted(closed: Guarded, image: LayoutImage) -> None:
    add(closed.folder, "bob", push="bob/*")
    copy(closed, f"oci:{image.folder}", closed.at("bob/app:v1"), "--dest-creds", "bob:secret")
    with pytest.raises(subprocess.CalledProcessError, match="exit status 1"):
        copy(closed, f"oci:{image.folder}", closed.at("team/app:v1"), "--dest-creds", "bob:secret")


def test_boxship_logs_in_over_tls(closed: Guarded, image: LayoutImage) -> None:
    copy(closed, f"oci:{image.folder}", closed.at("team/app:v1"), "--dest-creds", LOG_IN)
    add(closed.folder, "bob", pull="bob/*")
    with Client(ca_file=closed.root, username=ALICE.user, password=ALICE.password) as client:
        assert list(client.tags(f"{closed.address}/team/app")) == ["v1"]
        assert list(client.catalog(closed.address)) == ["team/app"]
    for name, password in (("alice", "wrong"), ("bob", "secret")):
        with (
            Client(ca_file=closed.root, username=name, password=password) as client,
            pytest.raises(BoxshipError, match=r"does not accept the credential|is denied"),
        ):
            list(client.tags(f"{closed.address}/team/app"))


def test_boxship_reads_without_a_password_where_everybody_may(readable: Guarded, image: LayoutImage) -> None:
    copy(readable, f"oci:{image.folder}", readable.at("team/app:v1"), "--dest-creds", LOG_IN)
    with Client(ca_file=readable.root) as client:
        assert list(client.tags(f"{readable.address}/team/app")) == ["v1"]
