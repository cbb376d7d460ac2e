"""A real dask cluster on loopback: a scheduler, and workers that are processes, which a test may kill."""

from __future__ import annotations

__all__ = ["Cluster", "dask_cluster", "recorded"]

import contextlib
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from boxship.testing import listening
from boxship.testing.connection import Connection
from tests.peers.process import running, wait_until_listening
from tests.peers.programs import free_port

_DASK = (sys.executable, "-m", "dask")
_LOOPBACK = ("--host", "127.0.0.1", "--no-dashboard")


@dataclass(frozen=True, slots=True)
class Cluster:
    """The scheduler's address, and its workers."""

    address: str
    workers: tuple[subprocess.Popen[bytes], ...]


@contextmanager
def dask_cluster(folder: Path, workers: int, *, threads: int = 2, env: Mapping[str, str] = {}) -> Iterator[Cluster]:
    """A cluster of so many workers, each with its threads; `env` is the workers' alone."""
    folder.mkdir(parents=True, exist_ok=True)
    log, kept = folder / "log", ("--local-directory", str(folder))
    with ExitStack() as stack:
        port = free_port()
        argv = [*_DASK, "scheduler", *_LOOPBACK, "--port", str(port), "--dashboard-address", "127.0.0.1:0"]
        scheduler = stack.enter_context(running(argv, log=log))
        wait_until_listening(scheduler, log=log, ports=frozenset({port}))
        address = f"tcp://127.0.0.1:{port}"
        argv = [*_DASK, "worker", address, *_LOOPBACK, "--no-nanny", "--nthreads", str(threads), *kept]
        started = [stack.enter_context(running(argv, log=log, env={**os.environ, **env})) for _ in range(workers)]
        for worker in started:
            wait_until_listening(worker, log=log)
        yield Cluster(address, tuple(started))


@dataclass(frozen=True, slots=True)
class Recorded:
    """A place that passes on to another one, and all that has gone through it."""

    address: str
    content: bytearray


@contextmanager
def recorded(address: str) -> Iterator[Recorded]:
    """Stand before `address`, and keep what both sides say."""
    host, _, port = address.removeprefix("tcp://").rpartition(":")
    content = bytearray()

    def pass_on(connection: Connection) -> None:
        with socket.create_connection((host, int(port))) as other:
            back = threading.Thread(target=_pump, args=(other, connection._socket, content), daemon=True)
            back.start()
            _pump(connection._socket, other, content)
            back.join()

    with listening(pass_on) as listener:
        yield Recorded(f"tcp://{listener.address}", content)


def _pump(source: socket.socket, target: socket.socket, kept: bytearray) -> None:
    with contextlib.suppress(OSError):
        while piece := source.recv(65536):
            kept += piece
            target.sendall(piece)
    with contextlib.suppress(OSError):
        target.shutdown(socket.SHUT_RDWR)
