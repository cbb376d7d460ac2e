"""`reg.test:5000` has one connection: the TLS hello first, and plain where the answer permits it (rule 9)."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from tests.behaviour.ports import PLAIN_TAG, SLOW, TLS_TAG
from tests.behaviour.scene import Stage, in_time

UNREACHABLE = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """What is on the port, the tags that are listed, how soon, and whether there is a warning."""

    at: str
    tags: list[str]
    within: float = 0.15
    warned: bool = False


ROWS = {
    "plain": Row(at="open", tags=[PLAIN_TAG]),
    "plain, with a challenge": Row(at="basic", tags=[PLAIN_TAG], warned=True),
    "plain, with tokens": Row(at="bearer", tags=[PLAIN_TAG], warned=True),
    "TLS": Row(at="TLS", tags=[TLS_TAG]),
    "slow TLS": Row(at="slow TLS", tags=[TLS_TAG], within=SLOW),
    "a single-threaded TLS server": Row(at="single-threaded TLS", tags=[TLS_TAG]),
}


@pytest.mark.parametrize("row", ROWS.values(), ids=ROWS)
def test_an_explicit_port_speaks_what_it_speaks(stage: Stage, row: Row) -> None:
    with stage.scene({5000: row.at}) as scene:
        played = in_time(row.within, lambda: scene.boxship("ls", "--insecure", "reg.test:5000/app"))
        assert (played.status, played.tags) == (0, row.tags)
        assert ("http://reg.test:5000" in played.stderr) is row.warned
        assert not scene.asked(5000)[0].secret


def test_a_refused_port_is_final(stage: Stage) -> None:
    with stage.scene({5000: "refused", 443: "TLS", 80: "open"}) as scene:
        played = in_time(0.15, lambda: scene.boxship("ls", "--insecure", "reg.test:5000/app"))
        assert (played.status, played.tags) == (UNREACHABLE, [])
        assert f"{scene.dialled[5000]} refused" in played.stderr
        assert (scene.asked(443), scene.asked(80)) == ((), ())
