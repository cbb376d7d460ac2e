"""Ctrl-C ends whatever is waited for, at once and without a traceback."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pytest

from tests.behaviour.interrupt import INTERRUPTED, interrupt
from tests.behaviour.scene import Stage, limit


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
        status, seconds = interrupt(process, said, after=row.sign)
        assert status == INTERRUPTED
        assert seconds <= limit(0.2)
        assert "Traceback" not in said.read_text()
