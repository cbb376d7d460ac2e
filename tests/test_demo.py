"""`make demo`'s verb shows what it promises, and fails when a step does."""

from __future__ import annotations

import re
import subprocess
import sys

from boxship.cli.commands import demo


def test_the_demo_lists_and_reaches_a_registry_behind_a_black_hole() -> None:
    ended = subprocess.run(
        [sys.executable, "-m", "boxship", "demo"], capture_output=True, text=True, timeout=60, check=False
    )
    assert ended.returncode == 0, ended.stderr
    answered = re.search(r"the answer came after (\d+) ms", ended.stdout)
    assert answered
    assert int(answered.group(1)) < 1000
    assert "ConnectStart: tcp 127.0.0.1:" in ended.stdout
    assert "socket.create_connection to port 443: nothing after" in ended.stdout


def test_a_failed_step_is_said() -> None:
    def broken() -> None:
        raise RuntimeError("expected")

    assert not demo._succeeds(broken)
