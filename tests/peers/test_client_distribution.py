"""Every verb that reads, against CNCF distribution and what skopeo has pushed to it."""

from __future__ import annotations

import hashlib
import json
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from boxship import Client, media_type
from boxship.digest import Digest
from boxship.errors import NotFound, Refused, TLSFailed
from boxship.spec.manifest import Manifest
from tests.cli.running import COMMAND
from tests.peers.certificates import Certificate, issue
from tests.peers.image import LayoutImage, push_image
from tests.peers.nginx import nginx, proxy_to
from tests.peers.programs import ALICE, Address, docker_registry, skopeo, skopeo_copy

pytestmark = [pytest.mark.peer("docker-registry"), pytest.mark.peer("skopeo"), pytest.mark.peer("nginx")]

TAGS = tuple(f"v{number:02}" for number in range(12))


@dataclass(frozen=True, slots=True)
class Peer:
    """docker-registry alone, and behind nginx with TLS and a password; the same content in both."""

    plain: Address
    secured: Address
    certificate: Certificate
    image: LayoutImage


@pytest.fixture(scope="module")
def peer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Peer]:
    folder = tmp_path_factory.mktemp("distribution")
    certificate = issue(folder, "127.0.0.1", "localhost")
    with docker_registry(folder / "registry") as plain:
        image = push_image(plain, "team/app", TAGS[:1])
        for tag in TAGS[1:]:
            skopeo_copy(f"docker://{plain}/team/app:{TAGS[0]}", f"docker://{plain}/team/app:{tag}")
        skopeo_copy(f"docker://{plain}/team/app:{TAGS[0]}", f"docker://{plain}/docker/app:old", "--format", "v2s2")
        with nginx(folder / "nginx", proxy_to(plain), tls=certificate, login=ALICE) as secured:
            yield Peer(plain, secured, certificate, image)


@pytest.fixture(params=["plain", "behind nginx"])
def reached(request: pytest.FixtureRequest, peer: Peer) -> Iterator[tuple[Client, str]]:
    if request.param == "plain":
        with Client() as client:
            yield client, str(peer.plain)
    else:
        with Client(ca_file=peer.certificate.root, username=ALICE.user, password=ALICE.password) as client:
            yield client, str(peer.secured)


Reached = tuple[Client, str]


@pytest.mark.parametrize("page_size", [None, 5])
def test_tags_are_listed(page_size: int | None, reached: Reached) -> None:
    # Distribution 2.8 lists them in its disk's order, and all at once whatever size is asked for; 3 sorts and pages.
    client, at = reached
    assert sorted(client.tags(f"{at}/team/app", page_size=page_size)) == list(TAGS)


def test_repositories_are_listed(reached: Reached) -> None:
    client, at = reached
    assert list(client.catalog(at)) == ["docker/app", "team/app"]
    assert list(client.catalog(at, page_size=1)) == ["docker/app", "team/app"]


@pytest.mark.parametrize("name", ["team/app:v00", "docker/app:old"])
def test_a_digest_is_the_one_that_skopeo_sees(name: str, reached: Reached, peer: Peer) -> None:
    client, at = reached
    seen = json.loads(skopeo("inspect", "--tls-verify=false", f"docker://{peer.plain}/{name}"))["Digest"]
    assert str(client.digest(f"{at}/{name}")) == seen
    assert str(client.document(f"{at}/{name}").digest) == seen
    assert [str(found) for found in client.digests([f"{at}/{name}"] * 3)] == [seen] * 3


@pytest.mark.parametrize(
    ("name", "kind"), [("team/app:v00", media_type.OCI_MANIFEST), ("docker/app:old", media_type.DOCKER_MANIFEST)]
)
def test_a_manifest_is_the_bytes_that_skopeo_sees(name: str, kind: str, reached: Reached, peer: Peer) -> None:
    client, at = reached
    document = client.document(f"{at}/{name}")
    assert document.media_type == kind
    assert document.raw.decode() == skopeo("inspect", "--raw", "--tls-verify=false", f"docker://{peer.plain}/{name}")


def test_a_configuration_is_the_one_that_was_pushed(reached: Reached, peer: Peer) -> None:
    client, at = reached
    config = client.config(f"{at}/team/app:v00", platform="linux/amd64")
    assert f"sha256:{hashlib.sha256(config.raw).hexdigest()}" == peer.image.config


def test_layers_come_verified(reached: Reached, peer: Peer) -> None:
    client, at = reached
    manifest = client.manifest(f"{at}/team/app:v00")
    assert isinstance(manifest, Manifest)
    for layer in manifest.layers:
        with client.open_blob(f"{at}/team/app@{layer.digest}", size=layer.size) as blob:
            content = b"".join(map(bytes, blob))
        assert (Digest.of(content), len(content)) == (layer.digest, layer.size)
    assert [str(layer.digest) for layer in manifest.layers] == [peer.image.layer]


@pytest.mark.parametrize("name", ["team/app:none", "team/none:v00", f"team/app@sha256:{'0' * 64}"])
def test_what_is_missing_is_not_found(name: str, reached: Reached) -> None:
    client, at = reached
    for verb in (client.digest, client.document):
        with pytest.raises(NotFound):
            verb(f"{at}/{name}")


def test_a_ping_says_what_answers(reached: Reached, peer: Peer) -> None:
    client, at = reached
    pong = client.ping(at)
    assert (pong.status, pong.api_version, pong.encrypted) == (200, "registry/2.0", at == str(peer.secured))


def test_a_request_of_ones_own_is_answered(reached: Reached) -> None:
    client, at = reached
    with client.api("GET", at, "/v2/team/app/tags/list") as response:
        assert sorted(json.loads(response.read(100_000))["tags"]) == list(TAGS)


# Trust and passwords.


def test_an_authority_that_is_not_trusted_is_an_error(peer: Peer) -> None:
    with Client(username=ALICE.user, password=ALICE.password) as client, pytest.raises(TLSFailed, match="--ca-file"):
        client.ping(str(peer.secured))


@pytest.mark.parametrize("password", ["wrong", ""])
def test_a_wrong_password_is_refused(password: str, peer: Peer) -> None:
    told = Client(ca_file=peer.certificate.root, username=ALICE.user, password=password)
    with told as client, pytest.raises(Refused):
        list(client.tags(f"{peer.secured}/team/app"))


def boxship(*words: str) -> str:
    command = [*COMMAND, *words, "--username", ALICE.user, "--password-stdin"]
    done = subprocess.run(command, input=ALICE.password, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("by", ["--ca-file", "SSL_CERT_FILE", "SSL_CERT_DIR"])
def test_an_authority_is_trusted(by: str, peer: Peer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # A folder as people make it: a file with any name, without the hashed links that OpenSSL looks for.
    (tmp_path / "our-ca.crt").write_bytes(peer.certificate.root.read_bytes())
    options = ("--ca-file", str(peer.certificate.root)) if by == "--ca-file" else ()
    if not options:
        monkeypatch.setenv(by, str(tmp_path) if by == "SSL_CERT_DIR" else str(peer.certificate.root))
    assert sorted(boxship("ls", *options, f"{peer.secured}/team/app").splitlines()) == list(TAGS)
