"""boxship's own registry in a program of its own, on a free port, for the time of a `with` block.

It needs the extra `server`. A scripted one, without storage and with faults, is `scripted`.
"""

from __future__ import annotations

__all__ = ["RunningRegistry", "registry"]

import ipaddress
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from importlib.util import find_spec
from pathlib import Path

from boxship.errors import MissingExtra
from boxship.testing.place import LOOPBACK, Place
from boxship.value import dataclass

_READY = re.compile(r"^serving http://\[?([^\s/\]]+)\]?:(\d+)/?\s*$", re.MULTILINE)
_START = 30.0  # seconds for an interpreter and granian on a busy machine; 0.5 is usual
_END = 10.0
_LOOK_AGAIN = 0.01
_GRACE = ("--grace", "0.25")  # a test that ends has no request in progress that matters


@dataclass(frozen=True, slots=True)
class RunningRegistry(Place):
    """Where the registry is, the folder it keeps everything in, and the file with what it printed."""

    folder: Path
    log: Path

    @property
    def url(self) -> str:
        """`http://127.0.0.1:43210`."""
        return f"http://{self.address}"


@contextmanager
def registry(
    folder: str | os.PathLike[str] | None = None,
    *,
    allow_delete: bool = False,
    host_names: Iterable[str] = (),
    host: str = LOOPBACK,
    port: int = 0,
) -> Iterator[RunningRegistry]:
    """A registry on a free port that anyone may pull from and push to, and that is empty unless `folder` is not.

    Without a `folder` it keeps its content in a temporary one, removed at the end. `host_names` are names it may be
    called by besides those of loopback. `RuntimeError`, with what it printed, where it does not start.
    """
    if find_spec("granian") is None:
        raise MissingExtra("server", "the registry")
    work = Path(tempfile.mkdtemp(prefix="boxship-registry-"))
    try:
        kept = Path(folder) if folder is not None else work / "storage"
        kept.mkdir(parents=True, exist_ok=True)
        command = [*_command(Place(host, port), kept, host_names), *(["--allow-delete"] if allow_delete else [])]
        with _running(command, work / "log") as process:
            place = _ready(process, work / "log")
            yield RunningRegistry(place.host, place.port, kept, work / "log")
    finally:
        shutil.rmtree(work, ignore_errors=True)


def _command(place: Place, folder: Path, host_names: Iterable[str]) -> list[str]:
    names = [word for name in host_names for word in ("--host-name", name)]
    consent = [] if ipaddress.ip_address(place.host).is_loopback else ["--insecure-http", "--anonymous", "push"]
    program = [sys.executable, "-m", "boxship.server"]
    return [*program, "--address", place.address, "--disk", str(folder), *_GRACE, *names, *consent]


@contextmanager
def _running(command: list[str], log: Path) -> Iterator[subprocess.Popen[bytes]]:
    # A file, not a pipe: nobody has to empty it.
    with log.open("wb") as output:
        process = subprocess.Popen(  # noqa: S603 - this interpreter, with a module of ours
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env={**os.environ, "PYTHONUNBUFFERED": "1"},
            start_new_session=True,  # Ctrl-C is the test's; and its workers can be ended with it
        )
    try:
        yield process
    finally:
        _end(process)


def _end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(_END)
    except subprocess.TimeoutExpired:
        if sys.platform == "win32":
            process.kill()
        else:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _ready(process: subprocess.Popen[bytes], log: Path) -> Place:
    until = time.monotonic() + _START
    while time.monotonic() < until:
        ended = process.poll() is not None
        found = _READY.search(log.read_text("utf-8", "replace"))
        if found:
            return Place(found[1], int(found[2]))
        if ended:
            raise RuntimeError(f"the registry ended with {process.returncode}: {log.read_text('utf-8', 'replace')}")
        time.sleep(_LOOK_AGAIN)
    raise RuntimeError(f"the registry did not start within {_START:g} s: {log.read_text('utf-8', 'replace')}")
