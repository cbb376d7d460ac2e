"""Ctrl-C, sent to a program that waits: how it ends, and how soon."""

from __future__ import annotations

__all__ = ["INTERRUPTED", "interrupt"]

import signal
import subprocess
import time
from pathlib import Path

INTERRUPTED = 130
_SETTLED = 0.2  # seconds after its last sign of life until a program surely waits
_START = 10.0


def interrupt(process: subprocess.Popen[bytes], said: Path, *, after: str) -> tuple[int, float]:
    """The exit status of `boxship -v`, interrupted while it waits after the event `after`, and the seconds it took."""
    _wait_for(f" {after}: ", said)
    time.sleep(_SETTLED)
    assert process.poll() is None, said.read_text()
    begun = time.monotonic()
    process.send_signal(signal.SIGINT)
    status = process.wait(timeout=10)
    return status, time.monotonic() - begun


def _wait_for(sign: str, said: Path) -> None:
    until = time.monotonic() + _START
    while sign not in said.read_text():
        assert time.monotonic() < until, said.read_text()
        time.sleep(0.01)
