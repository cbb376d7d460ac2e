"""strace(1): the calls that the pusher makes, one killed or failed, and what they did to a folder.

A call is told by its name and its number among the calls of that name, which is what strace counts. The pusher has one
thread, so these are the same in each run (sessions have random names, and these are not compared).
"""

from __future__ import annotations

__all__ = ["Call", "Outcome", "push", "read", "record"]

import os
import re
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
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
    """How a run ended: its exit status, negative for a signal, and the statuses that it told."""

    status: int
    statuses: tuple[int, ...]
    errors: str


def push(folder: Path, *injections: str, log: Path | None = None) -> Outcome:
    """Run the pusher over `folder`, with strace's injections (`inject=` expressions)."""
    # seccomp-bpf would make it faster, but a signal is then delivered after its call.
    options = [option for injection in injections for option in ("-e", f"inject={injection}")]
    names = ["-e", f"trace={','.join(CALLS)}"]
    shown = ["--seccomp-bpf", "-y", "-xx", "-s", str(_WHOLE), *names, "-o", str(log)] if log else ["-o", os.devnull]
    strace = ["strace", "-f", "-qq", *shown, *options] if log or injections else []
    program = [sys.executable, "-m", "tests.crash.pusher", str(folder)]
    # A file of bytecode that is written in one run is not in the next.
    environment = os.environ | {"PYTHONDONTWRITEBYTECODE": "1", "PYTHONHASHSEED": "0"}
    done = subprocess.run(
        [*DIES_WITH_US, *strace, *program],
        cwd=_PROJECT,
        env=environment,
        capture_output=True,
        timeout=_LONGEST,
        check=False,
    )
    status = -signal.SIGKILL if done.returncode == 128 + signal.SIGKILL else done.returncode
    statuses = tuple(int(line) for line in done.stdout.split())
    return Outcome(status, statuses, done.stderr.decode(errors="replace"))


def record(folder: Path, log: Path) -> tuple[Call, ...]:
    """The calls of an undisturbed run that concern what `folder` is in, and those that acknowledge."""
    outcome = push(folder, log=log)
    assert outcome.status == 0, outcome.errors
    return read(log, folder.parent)


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
