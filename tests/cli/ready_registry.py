"""Registries of tests, forked off by the process that has imported boxship: to start an interpreter costs most of one.

They are what `boxship.testing.registry` starts, with all that it does around it. Its own tests start real ones.
"""

from __future__ import annotations

__all__ = ["Forked", "ending", "forked_registries"]

import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path

import pytest

from tests.cli.ready import Command
from tests.cli.running import forks, ready

_TESTING = import_module("boxship.testing.registry")  # of that name, `boxship.testing` has the function
_start, _end = _TESTING._running, _TESTING._end


class Forked:
    """A registry that runs, as far as who waits for it asks a process."""

    def __init__(self, command: Command) -> None:
        self._command = command
        self.pid = command.pid
        self.returncode: int | None = None

    def poll(self) -> int | None:
        """How it ended, or None while it runs."""
        if self.returncode is None and self._command.ends(0):
            self.returncode = self._command.wait()
        return self.returncode

    def wait(self, seconds: float | None = None) -> int:
        """How it ended, once it has; `subprocess.TimeoutExpired` if that takes longer."""
        if self.returncode is None and not self._command.ends(seconds):
            raise subprocess.TimeoutExpired("the registry", seconds or 0.0)
        self.poll()
        assert self.returncode is not None
        return self.returncode

    def send_signal(self, number: int) -> None:
        """Send it that signal, if it has not ended."""
        if self.poll() is None:
            self._command.kill(number)

    def terminate(self) -> None:
        """Tell it to end, if it has not ended."""
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        """End it, if it has not ended."""
        self.send_signal(signal.SIGKILL)


@contextmanager
def forked_registries() -> Iterator[None]:
    """While the block runs, registries are not started where to fork them off is no different."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_TESTING, "_running", _running)
        yield


@contextmanager
def _running(command: list[str], log: Path) -> Iterator[object]:
    environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
    if not forks(os.environ):
        with _start(command, log) as started:
            yield started
        return
    with log.open("wb") as output, Path(os.devnull).open("rb") as nothing:
        streams = (nothing.fileno(), output.fileno(), output.fileno())
        words = command[command.index("boxship.server") + 1 :]
        process = Forked(ready().begin(words, environment, streams, Path.cwd(), program="registry"))
    with ending(process):
        yield process


@contextmanager
def ending(process: Forked) -> Iterator[Forked]:
    """Give it, and end it with the block."""
    try:
        yield process
    finally:
        _end(process)
