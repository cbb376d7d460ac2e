"""A program that is run for its answer: bounded in time and size, and killed with its children when unwanted.

`subprocess` alone would wait for whoever holds the program's pipes open, and would read without end.
"""

from __future__ import annotations

__all__ = ["Outcome", "Stopped", "Watch", "run"]

import os
import selectors
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext, suppress
from dataclasses import dataclass, field
from typing import IO

# Is given a callback for whoever may cancel, for as long as the context lasts; `Work.watch` is one.
Watch = Callable[[Callable[[], None]], AbstractContextManager[None]]

_LONGEST_OUTPUT = 1 << 20
_LONGEST_ERRORS = 4096  # of standard error the end is kept: the last line says why
_PIECE = 1 << 16
_TICK = 0.05  # seconds between looks at a program that is silent
_SHORT_TICK = 0.002  # the same once its pipes are closed: its end is near


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
        self._output, self._errors = bytearray(), bytearray()

    def hold(self, question: bytes) -> Outcome:
        _tell(self._process.stdin, question)
        with selectors.DefaultSelector() as selector:
            for pipe, take in ((self._process.stdout, self._take_output), (self._process.stderr, self._take_errors)):
                assert pipe
                selector.register(pipe, selectors.EVENT_READ, take)
            while selector.get_map() and self._listen(selector):
                self._check()
        while (status := self._process.poll()) is None:
            self._check()
            self._cancelled.wait(_SHORT_TICK)
        return Outcome(status, bytes(self._output), bytes(self._errors))

    def _listen(self, selector: selectors.BaseSelector) -> bool:
        """Take what is there; False once the program has ended and nothing more comes from whoever it left behind."""
        ready = selector.select(_TICK)
        for key, _ in ready:
            piece = os.read(key.fd, _PIECE)
            if piece:
                key.data(piece)
            else:
                selector.unregister(key.fileobj)
        return bool(ready) or self._process.poll() is None

    def _take_output(self, piece: bytes) -> None:
        self._output += piece
        if len(self._output) > _LONGEST_OUTPUT:
            raise Stopped(f"it wrote more than {_LONGEST_OUTPUT >> 20} MiB")

    def _take_errors(self, piece: bytes) -> None:
        self._errors += piece
        del self._errors[:-_LONGEST_ERRORS]

    def _check(self) -> None:
        if self._cancelled.is_set():
            raise Stopped("cancelled")
        if time.monotonic() >= self._until:
            raise Stopped(f"no answer within {self._timeout:g} s")


def _tell(pipe: IO[bytes] | None, question: bytes) -> None:
    assert pipe
    # A program may end without reading; its answer counts all the same.
    with suppress(BrokenPipeError):
        pipe.write(question)
    with suppress(BrokenPipeError):
        pipe.close()


def _kill(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        # Its session is its own, so that its children go with it.
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
