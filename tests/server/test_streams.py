"""A registry that is started without standard streams: nothing of its own takes their place."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.peers.programs import free_port
from tests.server.content import digest
from tests.server.running import CONTENT, ask

pytestmark = pytest.mark.skipif(
    not Path("/proc/self/fd").exists(), reason="it is seen in /proc which files a process has"
)
CLOSED = 'exec "$@" 0<&- 1>&- 2>&-'


def wait_for(address: str) -> None:
    until = time.monotonic() + 20
    while time.monotonic() < until:
        try:
            if ask(address, "GET", "/readyz")[0] == 200:
                return
        except OSError:
            time.sleep(0.02)
    raise AssertionError(f"nobody serves {address}")


@pytest.mark.parametrize("workers", ["1", "2"])
def test_it_serves_without_standard_streams_and_opens_nothing_in_their_place(workers: str, tmp_path: Path) -> None:
    address = f"127.0.0.1:{free_port()}"
    words = ("--address", address, "--disk", str(tmp_path / "registry"), "--workers", workers)
    with subprocess.Popen(["sh", "-c", CLOSED, "sh", sys.executable, "-m", "boxship.server", *words]) as process:
        try:
            wait_for(address)
            name = digest(CONTENT)
            assert ask(address, "POST", f"/v2/app/blobs/uploads/?digest={name}", CONTENT)[0] == 201
            open_files = Path("/proc", str(process.pid), "fd")
            assert {str((open_files / number).readlink()) for number in "012"} == {"/dev/null"}
            process.send_signal(signal.SIGTERM)
            assert process.wait(10) == 0
        finally:
            process.kill()
