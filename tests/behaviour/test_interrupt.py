"""Ctrl-C ends whatever is waited for, at once and without a traceback."""

from __future__ import annotations

import signal
import subprocess
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.behaviour.scene import Stage, limit

INTERRUPTED = 130
SETTLED = 0.2  # seconds after the last sign of life until the program surely waits
START = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """The ports, and the words of the trace (`-v`) after which the program waits."""

    ports: Mapping[int, str]
    sign: str
    reference: str = "reg.test/app"


ROWS = {
    "both dropped": Row(ports={443: "dropped", 80: "dropped"}, sign="ConnectStart"),
    "mute, nothing else": Row(ports={443: "mute", 80: "dropped"}, sign="TLSHandshakeStart"),
    "mute, and its absence is to be certain": Row(ports={443: "mute", 80: "basic"}, sign="PlainAnswer"),
    "a mute explicit port": Row(ports={5000: "mute"}, sign="PlainQuestion", reference="reg.test:5000/app"),
    "an answer that does not come": Row(ports={443: "refused", 80: "never answers"}, sign="Verdict"),
    "a body that stalls": Row(ports={443: "refused", 80: "stalls"}, sign="Request"),
    "a slow token server": Row(ports={443: "open", 80: "slow tokens"}, sign="Token"),
    "a wait between two tries": Row(ports={443: "refused", 80: "long wait"}, sign="Retry"),
}


@pytest.mark.parametrize("row", ROWS.values(), ids=ROWS)
def test_an_interrupt_ends_every_wait(stage: Stage, row: Row) -> None:
    with (
        stage.scene(row.ports) as scene,
        scene.started("ls", "-v", "--insecure", row.reference) as (process, said),
    ):
        wait_for(row.sign, said, process)
        process.send_signal(signal.SIGINT)
        begun = time.monotonic()
        assert process.wait(timeout=10) == INTERRUPTED
        assert time.monotonic() - begun <= limit(0.2)
        assert "Traceback" not in said.read_text()


def wait_for(sign: str, said: Path, process: subprocess.Popen[bytes]) -> None:
    """Return when the program has said `sign`, and a moment later; it must not have ended by itself."""
    until = time.monotonic() + START
    while f" {sign}: " not in said.read_text() and time.monotonic() < until:
        time.sleep(0.01)
    time.sleep(SETTLED)
    assert f" {sign}: " in said.read_text()
    assert process.poll() is None, said.read_text()
