from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from boxship.testing import NEVER, Image, ScriptedRegistry, serving
from tests.cli.running import COMMAND, PATIENCE, boxship
from tests.registry.faults import CONTENT, MIB, asked_from, faulty, reference


def test_a_blob_that_breaks_off_is_whole_in_the_file_it_is_printed_to(tmp_path: Path) -> None:
    cut = faulty(lambda good: replace(good, truncate_after=MIB), lambda good: replace(good, stall_after=MIB))
    file = tmp_path / "blob"
    with serving(cut) as server, file.open("wb") as taken:
        words = (*COMMAND, "blob", "--silence-timeout", "0.3", reference(server))
        assert subprocess.run(words, stdout=taken, timeout=PATIENCE, check=False).returncode == 0
        assert list(map(asked_from, server.requests)) == [None, MIB, 2 * MIB]
    assert file.read_bytes() == CONTENT


def test_a_blob_that_does_not_go_on_ends_with_its_story() -> None:
    silent = faulty(lambda good: replace(good, stall_after=10), *[NEVER] * 5)
    with serving(silent) as server:
        words = ("--silence-timeout", "0.1", "--first-byte-timeout", "0.1", reference(server))
        outcome = boxship("blob", "-v", *words)
    assert (outcome.status, outcome.raw) == (5, b"")
    assert "asked for the rest 5 times" in outcome.errors
    assert outcome.errors.count("] Resume: ") >= 5


def interrupted(process: subprocess.Popen[bytes], _: int) -> int:
    """Ctrl-C, and the status that a command has then."""
    process.send_signal(signal.SIGINT)
    return 130


def left(_: subprocess.Popen[bytes], reader: int) -> int:
    """The reader goes away."""
    os.close(reader)
    return 141


@pytest.mark.skipif(sys.platform == "win32", reason="no pipe of Windows can be asked whether it is full")
@pytest.mark.parametrize("unbuffered", ["", "1"], ids=["buffered", "unbuffered"])
@pytest.mark.parametrize("size", [66_000, 2_000_000])  # a pipe holds 65,536: the end of the first waits in a buffer
@pytest.mark.parametrize("end", [interrupted, left])
def test_a_reader_that_never_reads_is_waited_for_until_ctrl_c_or_until_it_goes(
    end: Callable[[subprocess.Popen[bytes], int], int], size: int, unbuffered: str
) -> None:
    image = Image.of([os.urandom(size)])
    layer = next(digest for digest, content in image.blobs.items() if len(content) == size)
    reader, writer = os.pipe()
    with serving(ScriptedRegistry(image=image)) as server, os.fdopen(writer, "wb", buffering=0) as pipe:
        words = [*COMMAND, "blob", f"{server.url}/app@{layer}"]
        environment = {**os.environ, "PYTHONUNBUFFERED": unbuffered}
        with subprocess.Popen(words, stdout=pipe, stderr=subprocess.PIPE, env=environment) as process:
            limit = time.monotonic() + PATIENCE
            while select.select([], [pipe], [], 0)[1] and time.monotonic() < limit:
                time.sleep(0.02)
            time.sleep(0.1)  # it has begun to wait, or it does not
            assert process.poll() is None
            expected = end(process, reader)
            errors = process.communicate(timeout=PATIENCE)[1]
    if end is interrupted:
        os.close(reader)
    assert (process.returncode, errors) == (expected, b"")
