"""Programs that tests start: found, waited for until they listen, and ended by id, whatever becomes of the test.

What each program is told is `programs`' work; namespaces are `tests.network.namespace`'s.
"""

from __future__ import annotations

__all__ = ["PATIENCE", "NotListening", "inside", "listening_ports", "program", "running", "wait_until_listening"]

import os
import shutil
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

# Where Debian keeps nginx, ip, nft and PostgreSQL; a user's PATH does not name these folders.
SYSTEM_FOLDERS = ":".join(("/usr/local/sbin:/usr/sbin:/sbin", *map(str, Path("/usr/lib/postgresql").glob("*/bin"))))
# What `make peers` installs into an environment of its own, beside that of the tests.
OWN_FOLDERS = Path(__file__).parents[2] / ".venv" / "swift" / "bin"
# The kernel ends the program if the test process dies without a chance to: killed, or a timeout's os._exit.
DIES_WITH_US = ("setpriv", "--pdeathsig", "KILL", "--")
PATIENCE = 0.5  # seconds between asking a program to end and ending it
START = 15.0  # seconds that a program may take to listen
LISTEN = "0A"  # TCP_LISTEN in /proc/net/tcp
_LOOK_AGAIN = 0.05  # seconds: the kernel takes some 10 ms of a processor to write down its connections


class NotListening(RuntimeError):
    """A program ended, or went on for too long, without listening; says what it printed."""


def program(name: str) -> str | None:
    """Return the path of an installed program, or None."""
    return shutil.which(name, path=f"{os.environ.get('PATH', os.defpath)}:{SYSTEM_FOLDERS}:{OWN_FOLDERS}")


def inside(namespace: str | None, argv: Sequence[str]) -> list[str]:
    """Return the command that runs `argv` in a network namespace, where one is named."""
    path = program(argv[0])
    if path is None:
        raise FileNotFoundError(f"{argv[0]} is not installed (`make peers` installs what tests need)")
    command = [path, *argv[1:]]
    return command if namespace is None else [program("ip") or "ip", "netns", "exec", namespace, *command]


@contextmanager
def running(
    argv: Sequence[str], *, log: Path, namespace: str | None = None, env: Mapping[str, str] | None = None
) -> Iterator[subprocess.Popen[bytes]]:
    """Run a program while the block runs; what it prints goes to `log`."""
    with log.open("ab") as output:
        process = subprocess.Popen(
            [*DIES_WITH_US, *inside(namespace, argv)],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env=env,
        )
    try:
        yield process
    finally:
        _end(process)


def _end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(PATIENCE)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def wait_until_listening(process: subprocess.Popen[bytes], *, log: Path, ports: frozenset[int] = frozenset()) -> int:
    """Return the lowest port that the program listens on, as soon as it listens on all of `ports` (or on any)."""
    deadline = time.monotonic() + START
    while process.poll() is None and time.monotonic() < deadline:
        found = listening_ports(process.pid)
        if found and found >= ports:
            return min(found)
        time.sleep(_LOOK_AGAIN)
    ended = "runs without listening" if process.returncode is None else f"ended with {process.returncode}"
    raise NotListening(f"{process.args!r} {ended}:\n{log.read_text(errors='replace')}")


def listening_ports(pid: int) -> frozenset[int]:
    """Return the TCP ports that this very process listens on, in whatever namespace it is."""
    # /proc/PID/net shows the process's own namespace: no packet is sent, and no other process is taken for this one.
    with suppress(OSError):
        files = (str(entry.readlink()) for entry in Path(f"/proc/{pid}/fd").iterdir())
        if sockets := {file for file in files if file.startswith("socket:")}:
            return frozenset(port for port, inode in _listeners(pid) if f"socket:[{inode}]" in sockets)
    return frozenset()


def _listeners(pid: int) -> Iterator[tuple[int, str]]:
    for table in ("tcp", "tcp6"):
        for line in Path(f"/proc/{pid}/net/{table}").read_text().splitlines()[1:]:
            if f" {LISTEN} " in line:  # thousands of others may have just ended
                _, local, _, _, *rest = line.split()
                yield int(local.rpartition(":")[2], 16), rest[5]
