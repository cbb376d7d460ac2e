"""A process that has imported boxship and forks off commands: what a command costs then is what it does.

Its commands are processes as all others are, with arguments, environment, folder, streams and an end of their own. Only
the start of an interpreter and what it imports are not theirs, which cost ten times as much and are the same for all;
that each verb imports what it needs is what `test_every_verb` shows, where each is started.
"""

from __future__ import annotations

__all__ = ["Ready", "as_started"]

import contextlib
import gc
import importlib
import io
import json
import os
import pkgutil
import select
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import ClassVar, NoReturn

import boxship
from boxship.cli.leaving import leave
from boxship.cli.main import run
from boxship.settings import machine

# Commands import nothing of these, but for `demo`.
_FOR_OTHERS = ("boxship.__main__", "boxship.pytest_plugin", "boxship.testing")
# What a registry imports once it serves.
_OF_REGISTRIES = ("granian.server.embed", "uvloop")
# What of the tests is forked off, or before that.
_OF_TESTS = _PORTS, _ENTERING = "tests.behaviour.ports", "tests.network.entering"
_READ_AT_THE_START = ("PYTHON", "LC_", "LANG", "TZ")
_COUNTING = threading.Lock()


def as_started(environment: Mapping[str, str]) -> dict[str, str]:
    """What an interpreter reads of its environment when it starts, and never again."""
    return {name: value for name, value in environment.items() if name.startswith(_READ_AT_THE_START)}


class Ready:
    """The process, for those who run commands; it ends when nobody has the other end of its socket.

    Attributes:
        spent: seconds of processors of all commands that were waited for, which the system adds to no process yet.
    """

    spent: ClassVar[float] = 0.0

    def __init__(self, program: Sequence[str], environment: Mapping[str, str]) -> None:
        self._socket, theirs = socket.socketpair()
        with theirs:
            argv, nothing = [*program, str(theirs.fileno())], subprocess.DEVNULL
            self._process = subprocess.Popen(
                argv, stdin=nothing, stdout=nothing, env=environment, pass_fds=[theirs.fileno()]
            )

    @property
    def control(self) -> int:
        """The descriptor for programs that ask for commands themselves (`asking`)."""
        return self._socket.fileno()

    def close(self) -> None:
        """End the process."""
        self._socket.close()
        self._process.wait()

    def begin(
        self,
        words: Sequence[str],
        environment: Mapping[str, str],
        streams: Sequence[int],
        folder: Path,
        *,
        program: str = "boxship",
        namespace: str = "",
    ) -> Command:
        """Have a command of one of the `PROGRAMS` begin in a folder, which reads and writes these three.

        It is in the network namespace, if one is named.
        """
        ours, theirs = socket.socketpair()
        with theirs:
            socket.send_fds(self._socket, [b"."], [*streams, theirs.fileno()])
        ours.sendall(json.dumps([program, words, dict(environment), str(folder), namespace]).encode())
        ours.shutdown(socket.SHUT_WR)
        return Command(ours)


class Command:
    """A command that runs."""

    def __init__(self, told: socket.socket) -> None:
        self._lines = told.makefile("rb", buffering=0)  # what can be read is there to see
        told.close()  # once the file is closed
        self.pid = int(self._lines.readline())

    def kill(self, number: int = signal.SIGKILL) -> None:
        """Send it that signal, if it has not ended."""
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, number)

    def ends(self, seconds: float | None) -> bool:
        """Whether it has ended, or does within so many seconds, or at some time."""
        return bool(select.select([self._lines], [], [], seconds)[0])

    def wait(self) -> int:
        """Its exit status, or the number of the signal that ended it, below zero."""
        with self._lines:
            status, spent = self._lines.readline().split()
        with _COUNTING:
            Ready.spent += float(spent)
        return int(status)


def _serve(asked: socket.socket) -> None:
    """Start commands until there is nobody to ask for one."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # Ctrl-C is for everybody at the terminal
    while descriptors := socket.recv_fds(asked, 1, 4)[1]:
        _reap()
        if not os.fork():
            asked.close()
            _look_after(*descriptors)
        for descriptor in descriptors:
            os.close(descriptor)


def _reap() -> None:
    with contextlib.suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass


def _look_after(*descriptors: int) -> NoReturn:
    """Tell the command's number, and once it ends how it did."""
    *streams, answer = descriptors
    with socket.socket(fileno=answer) as told:
        with told.makefile() as written:
            program, words, environment, folder, namespace = json.load(written)
        pid = os.fork()
        if not pid:
            told.close()
            _take_over(streams)
            if namespace:
                importlib.import_module(_ENTERING).enter(namespace)
            _become(PROGRAMS[program], words, environment, folder)
        for stream in streams:
            os.close(stream)
        told.sendall(b"%d\n" % pid)
        _, status, usage = os.wait4(pid, 0)
        told.sendall(f"{os.waitstatus_to_exitcode(status)} {usage.ru_utime + usage.ru_stime}\n".encode())
    os._exit(0)


def _take_over(streams: Sequence[int]) -> None:
    for number, stream in enumerate(streams):
        os.dup2(stream, number)
        os.close(stream)


def _become(
    program: Callable[[], NoReturn], words: Sequence[str], environment: Mapping[str, str], folder: str
) -> NoReturn:
    signal.signal(signal.SIGINT, signal.default_int_handler)
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    if home := environment.get("HOME"):
        machine.ROOT = Path(home)  # as alone.py does
    sys.argv = [str(Path(__file__).with_name("alone.py")), *words]
    program()


def _registry() -> NoReturn:
    """What `python -u -m boxship.server` is, in a session of its own."""
    from boxship.server.__main__ import main

    os.setsid()
    for stream in (sys.stdout, sys.stderr):
        assert isinstance(stream, io.TextIOWrapper)
        stream.reconfigure(write_through=True)
    leave(main())  # to take an interpreter apart that was forked off is to copy it first


def _ports() -> NoReturn:
    """What `python -m tests.behaviour.ports` is."""
    importlib.import_module(_PORTS).main()
    leave(0)


PROGRAMS: Mapping[str, Callable[[], NoReturn]] = {"boxship": run, "registry": _registry, "ports": _ports}


if __name__ == "__main__":
    for module in pkgutil.walk_packages(boxship.__path__, "boxship."):
        if not module.name.startswith(_FOR_OTHERS):
            importlib.import_module(module.name)
    for name in _OF_REGISTRIES:
        importlib.import_module(name)
    sys.path.append(str(Path(__file__).parents[2]))
    for name in _OF_TESTS:
        importlib.import_module(name)
    sys.path.pop()  # commands find no tests
    gc.freeze()  # or each command would copy what it looks through for cycles
    with socket.socket(fileno=int(sys.argv[1])) as control:
        _serve(control)
