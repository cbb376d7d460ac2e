"""strace(1): the calls that a task makes, one killed or failed, and what they did to a folder.

A call is told by its name and its number among the calls of that name, which is what strace counts. A task has
one thread, so these are the same in each run (sessions have random names, and these are not compared).
"""

from __future__ import annotations

__all__ = ["Call", "Outcome", "read", "run"]

import os
import re
import select
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

from tests.peers.process import DIES_WITH_US

# Every call by which the registry, Python or SQLite changes what a disk holds, and writev, which acknowledges.
CALLS = (
    *("openat", "creat", "write", "pwrite64", "writev", "pwritev", "copy_file_range", "sendfile"),
    *(
        "rename",
        "renameat",
        "renameat2",
        "link",
        "linkat",
        "symlink",
        "unlink",
        "unlinkat",
        "mkdir",
        "mkdirat",
        "rmdir",
    ),
    *("fsync", "fdatasync", "ftruncate", "truncate", "fallocate", "fchmod", "fchmodat"),
)
_PROJECT = Path(__file__).parents[2]
_LONGEST = 60.0  # seconds for one run
_WHOLE = 4 * 1024 * 1024  # bytes of a string that are shown: all of them

_LINE = re.compile(r"^\d+ +(?P<name>\w+)\((?P<arguments>.*)\) += (?P<result>-?\d+|\?)")
_STRING = re.compile(r'(?P<open>["<])(?P<bytes>(?:\\x[0-9a-f]{2})+)(?P<close>[">])')
_FLAGS = re.compile(r"\bO_[A-Z|_]+")


@dataclass(frozen=True, slots=True)
class Call:
    """A call that did something: what it was, on which files, and with which bytes.

    Attributes:
        number: its number among the calls of its name.
        paths: what it names, or the file behind its descriptor; relative to what the registry's folder is in.
        numbers: its numeric arguments, last first: offsets, lengths and modes.
        content: the bytes that it writes.
    """

    name: str
    number: int
    paths: tuple[str, ...]
    flags: frozenset[str] = frozenset()
    numbers: tuple[int, ...] = ()
    content: bytes = field(default=b"", repr=False)

    @property
    def changes(self) -> bool:
        """Whether it may change what a disk holds; shared memory is on none."""
        creates = self.name != "openat" or not self.flags.isdisjoint({"O_CREAT", "O_TRUNC"})
        return creates and self.name != "writev" and not any(path.endswith("-shm") for path in self.paths)

    def __str__(self) -> str:
        return f"{self.name} {self.number} {' '.join(self.paths)}"


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a run ended: its exit status, negative for a signal, and the numbers that it told."""

    status: int
    told: tuple[int, ...]
    errors: str


def run(task: str, scope: Path, *injections: str, log: Path | None = None) -> Outcome:
    """Do the task in the folder `scope`, with strace's injections (`inject=` expressions)."""
    nursery = _nursery()
    pid = int(nursery.ask(f"{task} {scope}"))
    try:
        with _tracing(pid, injections, log):
            os.kill(pid, signal.SIGCONT)
            status = int(nursery.hear())
    except BaseException:
        os.kill(pid, signal.SIGKILL)
        raise
    told = tuple(int(line) for line in (scope / "told").read_text().split())
    return Outcome(status, told, (scope / "errors").read_text())


class _Nursery:
    """The `subject`, which waits for tasks."""

    def __init__(self) -> None:
        # A file of bytecode that is written in one run is not in the next.
        environment = os.environ | {"PYTHONDONTWRITEBYTECODE": "1", "PYTHONHASHSEED": "0"}
        self._program = subprocess.Popen(
            [*DIES_WITH_US, sys.executable, "-m", "tests.crash.subject"],
            cwd=_PROJECT,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def ask(self, line: str) -> str:
        assert self._program.stdin
        self._program.stdin.write(f"{line}\n")
        self._program.stdin.flush()
        return self.hear()

    def hear(self) -> str:
        assert self._program.stdout
        heard, _, _ = select.select([self._program.stdout], [], [], _LONGEST)
        assert heard, "the task hangs"
        return self._program.stdout.readline()


_nursery = lru_cache(maxsize=1)(_Nursery)


@contextmanager
def _tracing(pid: int, injections: Sequence[str], log: Path | None) -> Iterator[None]:
    """Trace a process from now until it ends."""
    options = [option for injection in injections for option in ("-e", f"inject={injection}")]
    shown = ["-y", "-xx", "-s", str(_WHOLE), "-o", str(log)] if log else ["-o", os.devnull]
    strace = [*DIES_WITH_US, "strace", "-f", "-p", str(pid), *shown, "-e", f"trace={','.join(CALLS)}", *options]
    with subprocess.Popen(strace, stderr=subprocess.PIPE, text=True) as tracer:
        assert tracer.stderr
        line = tracer.stderr.readline()
        assert line == f"strace: Process {pid} attached\n", line
        yield


def read(log: Path, scope: Path) -> tuple[Call, ...]:
    """The calls in strace's log that concern what is in `scope`, and those that acknowledge."""
    with log.open(encoding="ascii") as lines:
        return tuple(_calls(lines, str(scope)))


def _calls(lines: Iterator[str], folder: str) -> Iterator[Call]:
    numbers: Counter[str] = Counter()
    for line in lines:
        found = _LINE.match(line)
        if not found:
            continue
        name, arguments = found["name"], found["arguments"]
        numbers[name] += 1
        if found["result"].startswith("-"):
            continue
        call = _call(name, numbers[name], arguments, folder)
        if call.paths or name == "writev":
            yield call


def _call(name: str, number: int, arguments: str, folder: str) -> Call:
    strings = [
        (found["open"], bytes.fromhex(found["bytes"].replace("\\x", ""))) for found in _STRING.finditer(arguments)
    ]
    rest = _STRING.sub("", arguments)
    # Descriptors show their file in angle brackets; paths are strings, and what is written is the last of them.
    writes = name in ("write", "pwrite64", "writev")
    content = b"".join(text for kind, text in strings if kind == '"') if writes else b""
    named = [text.decode() for kind, text in strings if kind == ("<" if writes else '"') or name.startswith("f")]
    paths = tuple(path.removeprefix(folder).lstrip("/") or "." for path in named if _is_in(path, folder))
    flags = frozenset(flag for word in _FLAGS.findall(rest) for flag in word.split("|"))
    return Call(name, number, paths, flags, _numbers(rest), content)


def _is_in(path: str, folder: str) -> bool:
    return path == folder or path.startswith(f"{folder}/")


def _numbers(arguments: str) -> tuple[int, ...]:
    words = (word.strip() for word in reversed(arguments.split(",")))
    return tuple(int(word, 8 if word.startswith("0") and len(word) > 1 else 10) for word in words if word.isdigit())
