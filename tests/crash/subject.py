"""The program that is killed: it does a task in a folder, and tells the numbers of what is done in a file there.

It is started once, and for each line of its standard input (a task, and a folder) there is a fork of it, in which
nothing has happened yet: starting Python anew takes longer than most tasks. The fork stops itself, so that strace can
be attached to it, and goes on when it is told to.

One thread does everything, so that the calls of two runs come in the same order and can be told by their number; the
code that runs, and the order of its calls, are the server's own. Lines are written with writev(2), which nothing else
uses: the number of a write(2) is then that of the registry's.
"""

from __future__ import annotations

import concurrent.futures
import ctypes
import os
import signal
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

_PR_SET_PDEATHSIG, _PR_SET_PTRACER = 1, 0x59616D61
_ANYBODY = ctypes.c_ulong(-1)


class _InOneThread(concurrent.futures.ThreadPoolExecutor):
    """Work is done where it is handed in."""

    def submit(self, work: Callable[..., Any], /, *arguments: Any, **named: Any) -> concurrent.futures.Future[Any]:
        future: concurrent.futures.Future[Any] = concurrent.futures.Future()
        try:
            future.set_result(work(*arguments, **named))
        except BaseException as error:  # noqa: BLE001 - handed on
            future.set_exception(error)
        return future


def main() -> None:
    """For each line, say which process does it, once that has stopped, and how it ended, once it has."""
    concurrent.futures.ThreadPoolExecutor = _InOneThread  # type: ignore[misc]  # before anybody takes it
    import tests.crash.tasks  # noqa: F401 - whatever there is to import

    for line in sys.stdin:
        name, _, scope = line.rstrip("\n").partition(" ")
        pid = os.fork() or _act(name, Path(scope))
        os.waitpid(pid, os.WUNTRACED)
        _say(pid)
        _, status = os.waitpid(pid, 0)
        _say(os.waitstatus_to_exitcode(status))


def _say(number: int) -> None:
    sys.stdout.write(f"{number}\n")
    sys.stdout.flush()


def _act(name: str, scope: Path) -> NoReturn:
    for descriptor, file in ((1, "told"), (2, "errors")):
        os.dup2(os.open(scope / file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC), descriptor)
    system = ctypes.CDLL(None)
    system.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    # Where only a parent may be a tracer (Yama), anybody may be this one's.
    system.prctl(_PR_SET_PTRACER, _ANYBODY, 0, 0, 0)
    os.kill(os.getpid(), signal.SIGSTOP)
    status = 1
    try:
        _tell(name, scope)
        status = 0
    except BaseException:  # noqa: BLE001 - nobody above it is to go on
        traceback.print_exc()
    finally:
        os._exit(status)


def _tell(name: str, scope: Path) -> None:
    from tests.crash.tasks import TASKS

    for number in TASKS[name].act(scope):
        os.writev(1, [b"%d\n" % number])


if __name__ == "__main__":
    main()
