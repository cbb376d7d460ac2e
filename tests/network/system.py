"""The system's side of a network namespace: making it, its addresses and names, and removing all traces of it."""

from __future__ import annotations

__all__ = ["add_namespace", "clear_leftovers", "configure", "log_folder", "remove_namespace", "write_names"]

import errno
import os
import re
import shutil
import signal
import subprocess
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from tempfile import gettempdir

from tests.peers.process import program

NAMESPACES = Path("/run/netns")  # where `ip netns` keeps them
NAMES = Path("/etc/netns")  # `ip netns exec` binds NAMES/NAMESPACE/* over /etc/*
DOCKER = Path("/etc/docker")
LOGS = Path(gettempdir())  # LOGS/NAMESPACE/* is what the programs inside print
OURS = re.compile(r"bs[cs]-(?P<pid>\d+)-\d+")


def _ip(*arguments: str, commands: str = "") -> str:
    argv = [program("ip") or "ip", *arguments]
    try:
        done = _run(argv, commands)
    except OSError as error:
        # Beside other threads' programs the kernel says so, once in some thousand times, of one that is there.
        if error.errno != errno.EFAULT:
            raise
        done = _run(argv, commands)
    if done.returncode:
        raise subprocess.CalledProcessError(done.returncode, argv, done.stdout, done.stderr)
    return done.stdout


def _run(argv: Sequence[str], commands: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(argv, input=commands, capture_output=True, text=True, check=False)


def add_namespace(namespace: str) -> None:
    log_folder(namespace).mkdir(mode=0o700)
    _ip("netns", "add", namespace)
    if DOCKER.is_dir():  # the machine's daemon.json is none of the namespace's
        (NAMES / namespace / DOCKER.name).mkdir(parents=True)


def log_folder(namespace: str) -> Path:
    """Return the folder that is removed with the namespace."""
    return LOGS / namespace


def configure(namespace: str, addresses: Iterable[str]) -> None:
    """Bring loopback and the wire up, with addresses that can be used at once."""
    # No duplicate address detection: an IPv6 address would be unusable for its first second.
    lengths = [(address, "64 dev wire nodad" if ":" in address else "24 dev wire") for address in addresses]
    lines = ["link set lo up", "link set wire up", *(f"address add {address}/{rest}" for address, rest in lengths)]
    _ip("-n", namespace, "-batch", "-", commands="\n".join(lines))


def write_names(namespace: str, names: Mapping[str, Sequence[str]], *, nameserver: str) -> None:
    """Say what the namespace's hosts file and resolv.conf say; running programs see the change."""
    folder = NAMES / namespace
    folder.mkdir(parents=True, exist_ok=True)
    hosts = ["127.0.0.1 localhost", "::1 localhost"]
    hosts += [f"{address} {name}" for name, addresses in names.items() for address in addresses]
    # Written in place: a bound file that is replaced would stay the old one.
    (folder / "hosts").write_text("\n".join(hosts) + "\n")
    (folder / "resolv.conf").write_text(f"nameserver {nameserver}\n")


def remove_namespace(namespace: str) -> None:
    """End the programs inside, and remove the namespace and its files, if they are there."""
    if (NAMESPACES / namespace).exists():
        for pid in _ip("netns", "pids", namespace).split():
            with suppress(ProcessLookupError):
                os.kill(int(pid), signal.SIGKILL)
        _ip("netns", "delete", namespace)
    for folder in (NAMES, LOGS):
        shutil.rmtree(folder / namespace, ignore_errors=True)


def clear_leftovers() -> None:
    """Remove what test runs that were killed have left behind; the name tells whose it was."""
    for folder in (NAMESPACES, NAMES, LOGS):
        for entry in folder.glob("bs[cs]-*"):
            owner = OURS.fullmatch(entry.name)
            if owner and not Path("/proc", owner["pid"]).exists():
                with suppress(subprocess.CalledProcessError):  # another run, at the same time, has done it
                    remove_namespace(entry.name)
