"""The whole page of `make bench`, of what was measured once: nothing of it is lost, and it is always the same."""

from __future__ import annotations

import re
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from xml.etree import ElementTree as ET

import cluster
import pytest
from measure import Row, Sides
from mirrors import Spent
from report import read, write
from run import NAMES, title

from tests.benchmarks.recorded import sections

SVG = "{http://www.w3.org/2000/svg}"
LINK = re.compile(r"\]\((.+?)\)")
RATIO = re.compile(r"\d x\b")
MACHINE = {"CPU": "two cores", "Python": "3.11"}


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page, among its drawings."""
    return _written(tmp_path_factory.mktemp("page"))


def _written(folder: Path) -> Path:
    return write(folder, "whole", MACHINE, sections(), ["a note"])


def _parts(page: Path) -> dict[str, str]:
    """The text below each heading."""
    _, *parts = re.split(r"^## ", page.read_text(), flags=re.MULTILINE)
    return {heading: text for heading, _, text in (part.partition("\n") for part in parts)}


def test_every_benchmark_has_a_section(page: Path) -> None:
    assert list(_parts(page)) == [title(name) for name in NAMES]


@pytest.mark.parametrize("name", NAMES)
def test_every_benchmark_puts_programs_beside_each_other(name: str) -> None:
    assert import_module(name).Sides is Sides


@pytest.mark.parametrize("name", NAMES)
def test_all_that_stands_side_by_side_is_drawn_below_its_table(name: str, page: Path) -> None:
    (picture,) = LINK.findall(_parts(page)[title(name)])
    drawn = ET.parse(page.parent / picture).getroot()
    works = _works(sections()[title(name)])
    words = [text.text or "" for text in drawn.iter(f"{SVG}text")]
    assert works
    assert [word.partition(" (")[0] for word in words if word.endswith(" is better)")] == list(works)
    assert all(len(sides.values) > 1 and set(sides.values) <= set(words) for sides in works.values())
    # The first is the background.
    assert len(list(drawn.iter(f"{SVG}rect"))) == 1 + sum(len(sides.values) for sides in works.values())


def _works(rows: list[Row]) -> Mapping[str, Sides]:
    found = [row.sides for row in rows if row.sides]
    return {sides.work.replace("`", "").partition(" (")[0]: sides for sides in found}


@pytest.mark.parametrize("name", ["instructions", "looking", "auditing", "fleets"])
def test_every_row_that_can_be_made_again_has_its_sides(name: str) -> None:
    assert [row.name for row in sections()[title(name)] if not row.sides] == []


@pytest.mark.parametrize("name", NAMES)
def test_ratios_and_spread_are_written(name: str, page: Path) -> None:
    text, rows = _parts(page)[title(name)], sections()[title(name)]
    assert RATIO.search(text)
    for row in rows:
        (line,) = (line for line in text.splitlines() if line.startswith(f"| {row.name} "))
        cells = [cell.strip() for cell in line.strip("|").split(" | ")]
        assert cells == [row.name, row.target, row.measured, row.spread, row.holds]
        assert re.search(r"\d rounds?$", row.spread) or not row.sides


def test_the_ratios_of_throughput_are_drawn_above_all_sections(page: Path) -> None:
    ratios = [row for rows in sections().values() for row in rows if row.target.endswith("throughput")]
    drawn = ET.parse(page.with_suffix(".svg")).getroot()
    assert {row.name for row in ratios} <= {text.text for text in drawn.iter(f"{SVG}text")}


def test_every_link_is_of_something_that_is_there(page: Path) -> None:
    links = LINK.findall(page.read_text())
    assert len(links) == len(set(links)) == 1 + len(NAMES)
    assert {page.name, f"{page.stem}.json", *links} == {each.name for each in page.parent.iterdir()}


def test_the_page_is_the_same_the_second_time_and_from_what_it_kept(page: Path, tmp_path: Path) -> None:
    first = _bytes(page.parent)
    _written(tmp_path / "second")
    write(tmp_path / "kept", page.stem, *read(page.with_suffix(".json")))
    assert _bytes(tmp_path / "second") == first
    assert _bytes(tmp_path / "kept") == first


def _bytes(folder: Path) -> dict[str, bytes]:
    return {each.name: each.read_bytes() for each in folder.iterdir()}


def test_results_that_do_not_say_their_sections_make_no_page(tmp_path: Path) -> None:
    kept = tmp_path / "old.json"
    kept.write_text('{"date": "old", "machine": {}, "notes": [], "rows": [{"name": "a row"}]}')
    with pytest.raises(ValueError, match="which section"):
        read(kept)


@pytest.mark.parametrize(
    ("ended", "copied", "sent", "holds"),
    [
        (0, 1_000, (2_002, 2_004), "yes"),
        (0, 1_000, (2_002, 2_005), "no"),
        (0, 999, (2_002, 2_002), "no"),
        (1, 1_000, (2_002, 2_002), "no"),
        (0, 1_000, (2_001, 2_001), "no"),
    ],
)
def test_a_mirror_by_workers_holds_where_all_is_there_and_little_was_sent_twice(
    ended: int, copied: int, sent: tuple[int, int], holds: str
) -> None:
    found = cluster.Mirrored(ended, 33.0, 1.7, {"copied": copied}, sent)
    assert cluster.row(found, Spent(16.0, 8.0, 1)).holds == holds
