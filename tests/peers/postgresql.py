"""A PostgreSQL of the tests' own: its files in a folder of its own, reached over a socket there and by nobody else."""

from __future__ import annotations

__all__ = ["Cluster", "cluster"]

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.peers.process import inside

_START = 60.0  # seconds; it may have to look through its log after it was killed
_SETTINGS = ("listen_addresses=", "max_connections=100", "shared_buffers=32MB")


class Cluster:
    """One that is started and stopped at will."""

    def __init__(self, folder: Path, *, durable: bool = False) -> None:
        self.folder = folder
        self._settings = (*_SETTINGS, f"fsync={'on' if durable else 'off'}")
        self._process: subprocess.Popen[bytes] | None = None

    def url(self, database: str = "postgres") -> str:
        return f"postgresql://boxship@/{database}?host={self.folder}"

    def new(self) -> str:
        """The URL of a database with nothing in it."""
        import psycopg

        name = f"t{uuid.uuid4().hex}"
        with psycopg.connect(self.url(), autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name}".encode())
        return self.url(name)

    def make(self) -> None:
        data = str(self.folder / "data")
        command = ["initdb", "-D", data, "-U", "boxship", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "-N"]
        subprocess.run(_as_somebody(command), check=True, capture_output=True)

    def start(self) -> None:
        options = [
            word for setting in (*self._settings, f"unix_socket_directories={self.folder}") for word in ("-c", setting)
        ]
        import psycopg

        command = _as_somebody(["postgres", "-D", str(self.folder / "data"), *options])
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        until = time.monotonic() + _START
        while True:
            try:
                psycopg.connect(self.url()).close()
            except psycopg.OperationalError:
                if time.monotonic() > until or self._process.poll() is not None:
                    raise
                time.sleep(0.05)
            else:
                return

    @property
    def pid(self) -> int:
        """Of the process that started all others."""
        assert self._process
        return self._process.pid

    def stop(self, how: signal.Signals = signal.SIGINT) -> None:
        """Stop it: SIGINT throws everybody out, SIGQUIT does so without tidying up."""
        assert self._process
        self._process.send_signal(how)
        self._process.wait(_START)


@contextmanager
def cluster(*, durable: bool = False) -> Iterator[Cluster]:
    """One that runs while the block does; what it has written outlives a loss of power only if it is `durable`."""
    # Not pytest's folder, which nobody but its owner can reach; and the path of a socket is short.
    folder = Path(tempfile.mkdtemp(prefix="boxship-pg-"))
    if os.geteuid() == 0:
        os.chown(folder, _somebody().pw_uid, _somebody().pw_gid)
    made = Cluster(folder, durable=durable)
    try:
        made.make()
        made.start()
        yield made
    finally:
        if made._process and made._process.poll() is None:
            made.stop()
        shutil.rmtree(folder)


def _somebody() -> pwd.struct_passwd:
    return pwd.getpwnam("postgres")


def _as_somebody(command: list[str]) -> list[str]:
    """The command as a user that PostgreSQL runs as, which is not root; it ends with this process."""
    who = [f"--reuid={_somebody().pw_uid}", f"--regid={_somebody().pw_gid}", "--clear-groups"]
    return ["setpriv", *(who if os.geteuid() == 0 else ()), "--pdeathsig", "KILL", "--", *inside(None, command)]
