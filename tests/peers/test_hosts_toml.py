"""hosts.toml: under the same folder, containerd's ctr and boxship ask the same hosts for the same, in one order."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path

import pytest

from boxship import Client
from boxship.digest import Digest
from boxship.errors import BoxshipError
from boxship.testing import Answer, Request, ScriptedRegistry, Server, failure, serving
from tests.registry.mirrored import asked, sent, write

pytestmark = [pytest.mark.peer("containerd", "ctr"), pytest.mark.network]

DIGEST = str(Digest.of(b"nothing"))
KNOWN = ScriptedRegistry()
CONFIG = """version = 2
root = "{0}/root"
state = "{0}/state"
disabled_plugins = ["io.containerd.grpc.v1.cri", "io.containerd.internal.v1.opt"]
[grpc]
address = "{0}/sock"
"""
# For a registry {0} with the other hosts {1} and {2}; by the folder's name.
HOSTS = {
    "a mirror": ("{name}", '[host."http://{1}"]\ncapabilities = ["pull", "resolve"]\n'),
    "in the file's order": ("{name}", '[host."http://{2}"]\n[host."http://{1}"]\n'),
    "with paths": ("{name}", '[host."http://{1}/deep/down"]\n[host."http://{2}/v2/hub"]\noverride_path = true\n'),
    "no tags there": ("{name}", '[host."http://{1}"]\ncapabilities = ["pull"]\n[host."http://{2}"]\n'),
    "no digests there": ("{name}", '[host."http://{1}"]\ncapabilities = ["resolve"]\n[host."http://{2}"]\n'),
    # A server without a host is not among these: containerd 1.6 takes such a file for broken, later ones do not.
    "another server, and a mirror": ("{name}", 'server = "http://{1}"\n[host."http://{2}"]\n'),
    "itself": ("{name}", 'server = "http://{0}"\n[host."http://{1}"]\n'),
    "with a colon": ("{colon}", '[host."http://{1}"]\n'),
    "everybody's": ("_default", '[host."http://{1}"]\n'),
    "a header": ("{name}", '[host."http://{1}"]\n[host."http://{1}".header]\nx-key = ["a", "b"]\n'),
    "nothing at all": ("{name}", ""),
}


def nothing(request: Request) -> Answer:
    return KNOWN(request) if request.path == "/v2/" else failure(404, "MANIFEST_UNKNOWN", "manifest unknown")


@pytest.fixture(scope="module")
def containerd() -> Iterator[Path]:
    """A containerd of the test's own; its folder has a short name, as it has a socket."""
    folder = Path(tempfile.mkdtemp(prefix="ctd-"))
    (folder / "config.toml").write_text(CONFIG.format(folder))
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(["containerd", "-c", str(folder / "config.toml")], stdout=log, stderr=log)
    try:
        until = time.monotonic() + 30
        while not (folder / "sock").exists() and time.monotonic() < until:
            time.sleep(0.05)
        yield folder
    finally:
        process.terminate()
        process.wait(20)
        shutil.rmtree(folder, ignore_errors=True)


def everything(servers: Sequence[Server]) -> list[list[str]]:
    """What was asked of each, and with which header; blobs under a manifest's digest are ctr's own way to look."""
    return [
        [
            *dict.fromkeys(line.partition(" ")[2] for line in asked(server) if "/blobs/" not in line),
            *sorted({value.replace(" ", "") for value in sent(server, "x-key") if value}),
        ]
        for server in servers
    ]


@pytest.mark.parametrize("suffix", [":v1", f"@{DIGEST}"], ids=["tag", "digest"])
@pytest.mark.parametrize("case", HOSTS)
def test_ctr_asks_the_same(case: str, suffix: str, home: Path, containerd: Path) -> None:
    place, text = HOSTS[case]
    found = []
    for ask in (_by_ctr, _by_boxship):
        with ExitStack() as stack:
            servers = [stack.enter_context(serving(nothing)) for _ in range(3)]
            registry = servers[0]
            folder = place.format(name=f"127.0.0.1_{registry.port}_", colon=registry.address)
            certs = home / "etc" / "containerd" / "certs.d"
            shutil.rmtree(certs, ignore_errors=True)
            file = write(certs / folder / "hosts.toml", "")
            file.write_text(text.format(*(server.address for server in servers)))
            ask(f"{registry.address}/team/app{suffix}", certs, containerd)
            # Ports differ from one time to the other.
            names = {server.address: f"host-{number}" for number, server in enumerate(servers)}
            found.append([[_named(line, names) for line in lines] for lines in everything(servers)])
    ctrs, ours = found
    assert ours == ctrs
    assert any(ours)


def _named(line: str, names: dict[str, str]) -> str:
    for address, name in names.items():
        line = line.replace(address.replace(":", "%3A"), name).replace(address, name)
    return line


def _by_ctr(reference: str, certs: Path, containerd: Path) -> None:
    command = ["ctr", "-a", str(containerd / "sock"), "content", "fetch", "--hosts-dir", str(certs), reference]
    subprocess.run(command, env=dict(os.environ), capture_output=True, timeout=60, check=False)


def _by_boxship(reference: str, _: Path, __: Path) -> None:
    with Client() as client:
        try:
            client.document(reference)
        except BoxshipError:
            return
