"""A machine of one's own for programs that want fixed ports and the system's folders: loopback, and nothing else.

It is a network and a mount namespace that one sleeping process holds: both end with it. `/run` and where podman and
docker keep what no option moves are empty there, so that a test neither sees nor changes those of the machine below.
"""

from __future__ import annotations

__all__ = ["Machine", "machine"]

import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.peers.process import NotListening, inside, running

EMPTIED = ("/run", "/var/lib/containers", "/etc/docker", "/etc/cni")
READY = "the machine is up"
SETUP = f"""
set -e
ip link set lo up
for folder in {" ".join(EMPTIED)}; do test ! -d $folder || mount -t tmpfs none $folder; done
mkdir -p /run/lock
echo "{READY}"
exec sleep infinity
"""


@dataclass(frozen=True, slots=True)
class Machine:
    """The machine that the process `pid` holds."""

    pid: int

    def inside(self, argv: Sequence[str]) -> list[str]:
        """Return the command that runs `argv` there."""
        # Not `ip netns exec`: it mounts /sys anew without its cgroups, and dockerd refuses to start.
        return inside(None, ["nsenter", f"--target={self.pid}", "--net", "--mount", *inside(None, argv)])

    def run(self, *argv: str, stdin: str = "", timeout: float = 60.0) -> str:
        """Return what a program prints; its failure is `subprocess.CalledProcessError` with what it said."""
        return said(self.inside(argv), stdin=stdin, timeout=timeout)


def said(argv: Sequence[str], *, stdin: str = "", timeout: float = 60.0) -> str:
    """Return what a program prints; its failure is `subprocess.CalledProcessError` with what it said."""
    done = subprocess.run(argv, input=stdin, capture_output=True, text=True, timeout=timeout, check=False)
    if done.returncode:
        failed = subprocess.CalledProcessError(done.returncode, argv, done.stdout, done.stderr)
        failed.add_note(done.stderr)
        raise failed
    return done.stdout


@contextmanager
def machine(folder: Path) -> Iterator[Machine]:
    """A machine while the block runs; needs root."""
    log = folder / "machine.log"
    with running(["unshare", "--net", "--mount", "sh", "-c", SETUP], log=log) as process:
        while READY not in log.read_text():
            if process.poll() is not None:
                raise NotListening(f"no machine of one's own:\n{log.read_text()}")
            time.sleep(0.005)
        yield Machine(process.pid)
