"""A registry behind nginx that lets in only who shows a certificate: from certs.d, as skopeo finds it, or elsewhere."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
import trustme

from boxship import Client
from boxship.errors import BoxshipError
from boxship.testing import serving
from tests.peers.certificates import issue
from tests.peers.nginx import nginx_of, proxy_to
from tests.peers.programs import Address, free_port
from tests.registry.images import GOOD, RAW
from tests.registry.mirrored import asked, write
from tests.transport.reaching import failing

pytestmark = pytest.mark.peer("nginx")
SERVER = """server {{ listen {address} ssl; ssl_certificate {chain}; ssl_certificate_key {key};
ssl_verify_client on; ssl_client_certificate {root}; location / {{ {answer} }} }}"""


@dataclass(frozen=True, slots=True)
class Guarded:
    """The registry, and the files with which one gets in: an authority, a certificate and its key."""

    address: Address
    files: dict[str, Path]

    def put(self, folder: Path, *names: str) -> Path:
        folder.mkdir(parents=True, exist_ok=True)
        for name in names:
            shutil.copy(self.files[name], folder / name)
        return folder


@contextmanager
def guarded(folder: Path) -> Iterator[Guarded]:
    authority = trustme.CA()
    server = issue(folder, "127.0.0.1", authority=authority)
    client = authority.issue_cert("ana@corp")
    client.private_key_pem.write_to_path(folder / "client.key")
    client.cert_chain_pems[0].write_to_path(folder / "client.cert")
    address = Address("127.0.0.1", free_port("127.0.0.1"))
    files = {"ca.crt": server.root, "client.cert": folder / "client.cert", "client.key": folder / "client.key"}
    with serving(GOOD) as registry:
        answer = proxy_to(Address(registry.host, registry.port))
        block = SERVER.format(address=address, chain=server.chain, key=server.key, root=server.root, answer=answer)
        with nginx_of(folder / "nginx", block, ports=frozenset({address.port})):
            yield Guarded(address, files)


def lets_in(reference: str) -> bool:
    with Client() as client:
        try:
            return client.document(reference).raw == RAW
        except BoxshipError:
            return False


def lets_skopeo_in(reference: str, home: Path) -> bool:
    command = ["skopeo", "--insecure-policy", "inspect", "--raw", f"docker://{reference}"]
    environment = {**os.environ, "HOME": str(home)}
    return subprocess.run(command, env=environment, capture_output=True, timeout=60, check=False).stdout == RAW


@pytest.mark.peer("skopeo")
@pytest.mark.parametrize(
    ("names", "port", "expected"),
    [
        (("ca.crt", "client.cert", "client.key"), True, True),
        (("ca.crt", "client.cert", "client.key"), False, False),
        (("ca.crt",), True, False),
        (("client.cert", "client.key"), True, False),
        (("ca.crt", "client.cert"), True, False),
        (("ca.crt", "client.key"), True, False),
    ],
)
def test_skopeo_gets_in_with_the_same(
    names: tuple[str, ...],
    port: bool,  # noqa: FBT001 -- a table's column
    expected: bool,  # noqa: FBT001 -- as above
    tmp_path: Path,
    home: Path,
) -> None:
    """The folder is the host's with its port, and has all that is needed, or it is of no use."""
    with guarded(tmp_path) as registry:
        name = str(registry.address) if port else registry.address.host
        registry.put(home / ".config" / "containers" / "certs.d" / name, *names)
        reference = f"{registry.address}/app:v1"
        assert (lets_in(reference), lets_skopeo_in(reference, home)) == (expected, expected)


@pytest.mark.parametrize("folder", ["etc/containers/certs.d", "etc/docker/certs.d", "config/docker/certs.d"])
def test_other_folders(folder: str, tmp_path: Path, home: Path) -> None:
    with guarded(tmp_path) as registry:
        registry.put(home / folder / str(registry.address), "ca.crt", "client.cert", "client.key")
        assert lets_in(f"{registry.address}/app:v1")


@pytest.mark.parametrize("file", ["hosts.toml", "registries.yaml", "a folder of containerd"])
def test_other_files(file: str, tmp_path: Path, home: Path) -> None:
    """Where they are named by path."""
    with guarded(tmp_path) as registry:
        certs = home / "etc" / "containerd" / "certs.d" / f"127.0.0.1_{registry.address.port}_"
        files = registry.files
        if file == "hosts.toml":
            text = f'ca = "{files["ca.crt"]}"\nclient = [["{files["client.cert"]}", "{files["client.key"]}"]]\n'
            write(certs / "hosts.toml", text)
        elif file == "registries.yaml":
            tls = f"ca_file: {files['ca.crt']}, cert_file: {files['client.cert']}, key_file: {files['client.key']}"
            text = f'configs:\n  "{registry.address}":\n    tls: {{{tls}}}\n'
            write(home / "etc" / "rancher" / "rke2" / "registries.yaml", text)
        else:
            registry.put(certs, "ca.crt", "client.cert", "client.key")
        assert lets_in(f"{registry.address}/app:v1")


def test_a_mirror_is_shown_its_own_and_not_the_flags(tmp_path: Path, home: Path) -> None:
    """A certificate that a flag names is for the registry that is named: its mirror would have to find its own."""
    with guarded(tmp_path) as registry, serving(GOOD) as origin:
        text = f'[[registry]]\nlocation = "{origin.address}"\n[[registry.mirror]]\nlocation = "{registry.address}"\n'
        write(home / ".config" / "containers" / "registries.conf", text)
        certificate, key = registry.files["client.cert"], registry.files["client.key"]
        with Client(ca_file=registry.files["ca.crt"], cert=certificate, key=key) as client:
            error = failing(lambda: client.document(f"{origin.address}/app:v1"))
        assert "No required SSL certificate was sent" in str(error)
        registry.put(home / "etc" / "docker" / "certs.d" / str(registry.address), *registry.files)
        assert lets_in(f"{origin.address}/app:v1")
        assert asked(origin) == []
