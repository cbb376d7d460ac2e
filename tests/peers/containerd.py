"""containerd on a machine of its own, and `ctr`, which pulls and pushes as its clients do."""

from __future__ import annotations

__all__ = ["Containerd", "containerd"]

import json
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.peers.machine import Machine
from tests.peers.process import NotListening, running

START = 30.0  # seconds that it may take
# The one that every file system has; images only, so nothing that runs containers is needed.
SNAPSHOTTER = "native"
CONFIG = """
version = 2
root = "{folder}/root"
state = "{short}/state"
disabled_plugins = ["io.containerd.grpc.v1.cri", "io.containerd.internal.v1.opt"]
[grpc]
  address = "{short}/socket"
"""


@dataclass(frozen=True, slots=True)
class Containerd:
    """A containerd that runs; `hosts` is the folder of its `hosts.toml` files."""

    machine: Machine
    socket: Path
    hosts: Path

    def __call__(self, *words: str, timeout: float = 60.0) -> str:
        """Return what ctr prints."""
        return self.machine.run("ctr", "--address", str(self.socket), *words, timeout=timeout)

    def mirror(self, registry: str, address: str, *capabilities: str) -> None:
        """Have `registry` asked at this address, in plain HTTP, and nowhere else."""
        folder = self.hosts / registry
        folder.mkdir(parents=True, exist_ok=True)
        host = f'[host."http://{address}"]\ncapabilities = {json.dumps(capabilities)}\n'
        (folder / "hosts.toml").write_text(f'server = "http://{address}"\n{host}')

    def pull(self, name: str, *options: str) -> str:
        """Pull and unpack an image; return its digest."""
        self("images", "pull", "--hosts-dir", str(self.hosts), "--snapshotter", SNAPSHOTTER, *options, name)
        return self.digest(name)

    def push(self, name: str, *options: str) -> None:
        """Push an image under its own name."""
        self("images", "push", "--hosts-dir", str(self.hosts), *options, name)

    def forget(self, name: str) -> None:
        """Delete an image, and all that only it has."""
        self("images", "rm", "--sync", name)

    def digest(self, name: str) -> str:
        """The digest of an image that was pulled."""
        lines = [line.split() for line in self("images", "ls", f"name=={name}").splitlines()[1:]]
        (digest,) = [words[2] for words in lines if words[0] == name]
        return digest


@contextmanager
def containerd(machine: Machine, folder: Path) -> Iterator[Containerd]:
    """Run containerd; that the kernel refuses it is an error with its own words."""
    folder.mkdir()
    config, log = folder / "config.toml", folder / "containerd.log"
    # In a folder with a short name: a socket's path has 107 bytes at most.
    with TemporaryDirectory(prefix="containerd-") as short:
        config.write_text(CONFIG.format(folder=folder, short=short))
        run = Containerd(machine, Path(short, "socket"), folder / "hosts")
        with running(machine.inside(["containerd", "--config", str(config)]), log=log) as process:
            _wait(run, process, log)
            yield run


def _wait(containerd: Containerd, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + START
    while True:
        try:
            containerd("version")
        except subprocess.CalledProcessError as error:
            if process.poll() is None and time.monotonic() < deadline:
                time.sleep(0.05)
                continue
            raise NotListening(f"containerd does not run here ({error.stderr}):\n{log.read_text()}") from error
        return
