"""Standard output as what an archive is written to."""

from __future__ import annotations

__all__ = ["output"]

import sys
from functools import partial
from io import FileIO

from boxship.errors import InvalidInput
from boxship.formats.flowing import own_pipe
from boxship.formats.stored import write_all
from boxship.formats.streamed_tar import Write


def output() -> Write:
    """What writes there; a terminal is none that bytes are for."""
    if sys.stdout is None or sys.stdout.isatty():
        why = "it is a terminal" if sys.stdout else "it is closed"
        raise InvalidInput("nothing is written to standard output", why=why, remedy="for example … | docker load")
    stream = sys.stdout.buffer
    stream.flush()
    if pipe := own_pipe(stream.fileno()):
        return partial(_write, pipe)

    def write(content: bytes | memoryview) -> None:
        stream.write(content)

    return write


def _write(pipe: FileIO, content: bytes | memoryview) -> None:
    write_all(pipe, memoryview(content))
