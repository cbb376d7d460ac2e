"""The page of `make bench`: each section has its table and its drawing, in which programs stand side by side."""

from __future__ import annotations

import json
import re
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from beside import draw_beside
from instructions import counted
from measure import PYTHON, Comparison, Row, Sides, Times
from report import write

SVG = "{http://www.w3.org/2000/svg}"
TIMES = {"boxship": Times([1.0, 1.1, 1.2]), "crane": Times([2.0, 2.2, 2.4]), "a <new> one": Times([4.0, 4.4, 4.8])}


def _rows() -> list[Row]:
    sides = Sides.timed("move & verify", TIMES)
    over = {name: Comparison(TIMES[name], TIMES["boxship"]) for name in TIMES if name != "boxship"}
    return [compared.throughput(f"over {name}", 2.5, sides) for name, compared in over.items()]


def test_a_page_has_a_table_and_a_drawing_for_each_section(tmp_path: Path) -> None:
    plain = Row(name="peak memory", target="<= 9 MB", measured="8 MB", holds="yes")
    page = write(tmp_path, "now", {"CPU": "one"}, {"Moving": _rows(), "Memory": [plain]}, ["a note"])
    text = page.read_text()
    assert [line for line in text.splitlines() if line.startswith("#")] == ["# now", "## Moving", "## Memory"]
    pictures = re.findall(r"\]\((.+?)\)", text)
    assert pictures == ["now.svg", "now-1.svg"]
    assert all(ET.parse(tmp_path / name).getroot().tag == f"{SVG}svg" for name in pictures)
    kept = json.loads((tmp_path / "now.json").read_text())["rows"]
    assert [row["name"] for row in kept] == ["over crane", "over a <new> one", "peak memory"]


def test_bars_are_as_long_as_the_work_took_and_each_work_is_drawn_once() -> None:
    drawn = ET.fromstring(draw_beside([row.sides for row in _rows() if row.sides]))
    # The first is the background.
    widths = [float(bar.get("width", "0")) for bar in drawn.iter(f"{SVG}rect")][1:]
    assert len(widths) == len(TIMES)
    assert [width / widths[0] for width in widths] == pytest.approx([1, 2, 4], rel=0.02)
    words = [text.text for text in drawn.iter(f"{SVG}text")]
    assert words[0] == "move & verify (shorter is better)"
    assert words[1::2] == list(TIMES)
    assert words[2::2] == ["1.10 s", "2.20 s", "4.40 s"]


def test_nothing_is_drawn_of_nothing() -> None:
    assert draw_beside([]) == ""


@pytest.mark.peer("valgrind")
def test_instructions_are_the_same_each_time_and_more_for_more_work() -> None:
    idle, again, busy = (counted([PYTHON, "-c", code]) for code in ("pass", "pass", "for _ in range(300_000): pass"))
    assert abs(idle - again) < idle / 100
    assert busy > idle + 300_000
