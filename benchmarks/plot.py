"""A drawing of what moves bytes: how many times as fast as another program, with the mark that is to be reached."""

from __future__ import annotations

__all__ = ["WIDTH", "draw", "svg"]

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from statistics import quantiles

from measure import Row

WIDTH = 960
_LEFT, _ROW, _TOP = 520, 26, 30
_LEAST = ">= "


@dataclass(frozen=True, slots=True)
class _Bar:
    """The median of the rounds, the middle half of them, and the mark."""

    name: str
    low: float
    middle: float
    high: float
    mark: float


def draw(rows: Sequence[Row]) -> str:
    """The SVG; nothing where no row compares throughputs."""
    bars = [_bar(row.name, row.target, row.facts) for row in rows if row.target.endswith("throughput") and row.facts]
    if not bars:
        return ""
    most = max(max(bar.high, bar.mark) for bar in bars) * 1.05
    height = _TOP + _ROW * len(bars) + 6
    parts = (*_scale(most, height), *(part for number, bar in enumerate(bars) for part in _row(bar, number, most)))
    return svg(height, parts)


def svg(height: int, parts: Iterable[str]) -> str:
    """A drawing of so many units in height, and `WIDTH` across, of these parts on white."""
    box = f'viewBox="0 0 {WIDTH} {height}"'
    head = f'<svg xmlns="http://www.w3.org/2000/svg" {box} font-family="sans-serif" font-size="11">'
    back = f'<rect width="{WIDTH}" height="{height}" fill="#fff"/>'
    return f"{head}{back}{''.join(parts)}</svg>\n"


def _bar(name: str, target: str, facts: Mapping[str, object]) -> _Bar:
    ours, theirs = facts["ours"], facts["theirs"]
    assert isinstance(ours, list)
    assert isinstance(theirs, list)
    low, middle, high = quantiles([b / a for a, b in zip(ours, theirs, strict=True)], n=4)
    return _Bar(name, low, middle, high, float(target.removeprefix(_LEAST).partition(" ")[0]))


def _scale(most: float, height: int) -> Iterator[str]:
    step = 1 if most < 12 else 5
    for times in range(0, int(most) + 1, step):
        x = _at(times, most)
        yield f'<path d="M{x:.0f} {_TOP - 8}V{height}" stroke="{"#666" if times == 1 else "#ddd"}"/>'
        yield f'<text x="{x:.0f}" y="{_TOP - 13}" text-anchor="middle" fill="#666">{times} x</text>'


def _row(bar: _Bar, number: int, most: float) -> Iterator[str]:
    y = _TOP + number * _ROW
    colour = "#2a7" if bar.middle >= bar.mark else "#c70"
    yield f'<text x="{_LEFT - 8}" y="{y + 12}" text-anchor="end" fill="#222">{escape(bar.name)}</text>'
    yield f'<rect x="{_LEFT}" y="{y + 2}" width="{_at(bar.middle, most) - _LEFT:.0f}" height="13" fill="{colour}"/>'
    low, high, mark = (_at(times, most) for times in (bar.low, bar.high, bar.mark))
    yield f'<path d="M{low:.0f} {y + 8.5}H{high:.0f}" stroke="#222"/>'
    yield f'<path d="M{mark:.0f} {y - 1}v19" stroke="#222" stroke-width="2"/>'


def _at(times: float, most: float) -> float:
    return _LEFT + times / most * (WIDTH - _LEFT - 10)
