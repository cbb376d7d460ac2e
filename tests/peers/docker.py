"""Docker's daemon on a machine of its own, and the command that speaks to it."""

from __future__ import annotations

__all__ = ["Docker", "docker"]

import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.peers.machine import Machine
from tests.peers.process import NotListening, running

START = 30.0  # seconds that dockerd may take


@dataclass(frozen=True, slots=True)
class Docker:
    """A daemon that runs; `containerd` is where its containerd listens."""

    machine: Machine
    socket: Path
    containerd: Path

    def __call__(self, *words: str, stdin: str = "", timeout: float = 60.0) -> str:
        """Return what docker prints."""
        return self.machine.run("docker", "--host", f"unix://{self.socket}", *words, stdin=stdin, timeout=timeout)

    def ctr(self, *words: str) -> str:
        """Return what containerd's own client prints."""
        return self.machine.run("ctr", "--address", str(self.containerd), *words)

    def digest(self, name: str) -> str:
        """The digest that docker says an image has at the registry."""
        return self("image", "inspect", "--format", "{{index .RepoDigests 0}}", name).strip().partition("@")[2]


@contextmanager
def docker(machine: Machine, folder: Path, *options: str) -> Iterator[Docker]:
    """Run dockerd with those options; that the kernel refuses it is an error with the daemon's own words."""
    config, log = folder / "daemon.json", folder / "dockerd.log"
    config.write_text("{}")
    # In a folder with a short name: a socket's path has 107 bytes at most.
    with TemporaryDirectory(prefix="dockerd-") as short:
        run = Docker(machine, Path(short, "socket"), Path(short, "run/containerd/containerd.sock"))
        own = ["--data-root", str(folder / "data"), "--exec-root", f"{short}/run", "--pidfile", f"{short}/pid"]
        network = ["--bridge=none", "--iptables=false", "--storage-driver=vfs"]
        start = ["dockerd", *own, *network, "--config-file", str(config), "--host", f"unix://{run.socket}"]
        with running(machine.inside([*start, "--log-level=error", *options]), log=log) as process:
            _wait(run, process, log)
            yield run
            process.terminate()
            process.wait(START)


def _wait(docker: Docker, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + START
    while True:
        try:
            docker("version")
        except subprocess.CalledProcessError as error:
            if process.poll() is None and time.monotonic() < deadline:
                time.sleep(0.05)
                continue
            raise NotListening(f"dockerd does not run here ({error.stderr}):\n{log.read_text()}") from error
        return
