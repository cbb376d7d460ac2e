"""The page of networks is the table of the tests, and what was measured can be shown."""

from __future__ import annotations

from tests.matrix.proof import simulate
from tests.matrix.report import PAGE, measured, promised
from tests.matrix.row import Stage
from tests.matrix.rows import ROWS

CLOCKED = [name for name, row in ROWS.items() if Stage.SIMULATED in row.stages]


def test_the_page_is_what_the_rows_promise() -> None:
    assert PAGE.read_text("utf-8") == promised(), "python -m tests.matrix --write"


def test_the_page_names_every_network_once() -> None:
    page = PAGE.read_text("utf-8")
    assert [name for name in ROWS if page.count(f"| {name} |") != 1] == []


def test_what_was_measured_has_a_line_for_each_network() -> None:
    lines = measured({Stage.SIMULATED: {name: simulate(name) for name in CLOCKED}}).splitlines()
    assert [line.split(" | ")[0].removeprefix("| ") for line in lines[2:]] == CLOCKED
    assert "| TLS | 0.002 | 443: 0, 1, -; 80: 0, 1, - | nothing |" in lines[2 + CLOCKED.index("TLS, 80 serves")]
