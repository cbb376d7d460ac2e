"""A program that is run for its answer: bounded in time and size, and killed with its children when unwanted.

`subprocess` alone would wait for whoever holds the program's pipes open, and would read without end.
"""

from __future__ import annotations

__all__ = ["Outcome", "Stopped", "Watch", "run"]

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext, suppress
from typing import IO

from boxship.seconds import spoken
from boxship.value import dataclass, field

# Is given a callback for whoever may cancel, for as long as the context lasts; `Work.watch` is one.
Watch = Callable[[Callable[[], None]], AbstractContextManager[None]]

_LONGEST_OUTPUT = 1 << 20
_LONGEST_ERRORS = 4096  # of standard error the end is kept: the last line says why
_PIECE = 1 << 16
_TICK = 0.002  # seconds between looks at a program that runs
_AFTER_THE_END = 0.1  # seconds for what it wrote last to arrive


class Stopped(Exception):
    """The program was killed; `why` is `cancelled`, or what it did beyond its bounds."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a program ended (below zero: by that signal) and what it wrote."""

    status: int
    output: bytes = field(repr=False)
    errors: bytes = field(repr=False)


def run(command: Sequence[str], question: bytes, *, timeout: float, watch: Watch | None = None) -> Outcome:
    """Run `command` with `question` (a few bytes) on its standard input, or raise `Stopped` or `OSError`."""
    cancelled = threading.Event()
    with (
        watch(cancelled.set) if watch else nullcontext(),
        subprocess.Popen(  # noqa: S603 -- no shell; the caller answers for the command
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            bufsize=0,
            start_new_session=True,
        ) as process,
    ):
        try:
            return _Conversation(process, timeout, cancelled).hold(question)
        finally:
            _kill(process)


class _Conversation:
    def __init__(self, process: subprocess.Popen[bytes], timeout: float, cancelled: threading.Event) -> None:
        self._process, self._timeout, self._cancelled = process, timeout, cancelled
        self._until = time.monotonic() + timeout

    def hold(self, question: bytes) -> Outcome:
        output, errors = _Ear(self._process.stdout), _Ear(self._process.stderr, keep=_LONGEST_ERRORS)
        _tell_aside(self._process, question)
        while (status := self._process.poll()) is None:
            self._check(output)
        # Whoever it left behind may hold its pipes open: what comes after its end is not waited for.
        ended = time.monotonic()
        while (output.listening or errors.listening) and time.monotonic() < ended + _AFTER_THE_END:
            self._check(output)
        return Outcome(status, bytes(output.heard), bytes(errors.heard))

    def _check(self, output: _Ear) -> None:
        if self._cancelled.wait(_TICK):
            raise Stopped("cancelled")
        if len(output.heard) > _LONGEST_OUTPUT:
            raise Stopped(f"it wrote more than {_LONGEST_OUTPUT >> 20} MiB")
        if time.monotonic() >= self._until:
            raise Stopped(f"no answer within {spoken(self._timeout)}")


class _Ear:
    """Listens to a pipe in a thread of its own: on Windows nothing else can wait for one."""

    def __init__(self, pipe: IO[bytes] | None, *, keep: int | None = None) -> None:
        """`keep`: how much of the end is kept; by default, all is, up to a little more than an answer may have."""
        assert pipe
        self._pipe, self._keep = pipe, keep
        self.heard = bytearray()
        self._thread = threading.Thread(target=self._listen, name="boxship-helper", daemon=True)
        self._thread.start()

    @property
    def listening(self) -> bool:
        """Whether more may come."""
        return self._thread.is_alive()

    def _listen(self) -> None:
        with suppress(OSError, ValueError):  # the pipe was closed: nobody wants to know any more
            while len(self.heard) <= _LONGEST_OUTPUT and (piece := self._pipe.read(_PIECE)):
                self.heard += piece
                if self._keep:
                    del self.heard[: -self._keep]


def _tell_aside(process: subprocess.Popen[bytes], question: bytes) -> None:
    """Write it in a thread of its own: what is longer than a pipe holds waits for a program to read."""
    # The thread alone closes the pipe. Closed under it, its number could be another program's pipe by the time of the
    # write, and that program would be told the secret.
    pipe, process.stdin = process.stdin, None
    assert pipe
    threading.Thread(target=_tell, args=(pipe, question), name="boxship-helper", daemon=True).start()


def _tell(pipe: IO[bytes], question: bytes) -> None:
    # A program may end without reading; its answer counts all the same.
    with suppress(OSError):
        pipe.write(question)
    with suppress(OSError):
        pipe.close()


def _kill(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        if sys.platform == "win32":
            process.kill()
            return
        # Its session is its own, so that its children go with it.
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
