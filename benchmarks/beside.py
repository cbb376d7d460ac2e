"""A drawing of programs side by side: for each work a bar a program, as long as that work took it.

Each work has a scale of its own; a bar ends at the median of the rounds, and a line shows the middle half of them.
"""

from __future__ import annotations

__all__ = ["draw_beside"]

from collections.abc import Iterator, Mapping, Sequence
from html import escape
from statistics import median, quantiles

from measure import Sides
from plot import WIDTH, svg

_LEFT, _RIGHT, _BAR, _GAP, _TOP = 270, 110, 17, 12, 8
_OURS, _OTHER = "#2a7", "#a9b4be"
# The same program has the same colour in every drawing; behind a comma stands how it was told to work.
_COLOURS: Mapping[str, str] = {"crane": "#47c", "skopeo": "#c70", "docker-registry": "#768"}
_BETTER = dict.fromkeys(("s", "instructions", "bytes"), "shorter is better") | {"/s": "longer is better"}
_EXACT = 0.01  # seconds; what is shorter is told in hundredths of a millisecond


def draw_beside(sides: Sequence[Sides]) -> str:
    """The SVG of each work once; nothing where there is none."""
    works = list({one.work: one for one in sides}.values())
    if not works:
        return ""
    parts: list[str] = []
    y = _TOP
    for one in works:
        parts += _work(one, y)
        y += (len(one.values) + 1) * _BAR + _GAP
    return svg(y, parts)


def _work(sides: Sides, y: int) -> Iterator[str]:
    words = f"{sides.work} ({_BETTER[sides.unit]})".replace("`", "")
    yield f'<text x="8" y="{y + 12}" fill="#222" font-weight="bold">{escape(words)}</text>'
    most = max(max(values) for values in sides.values.values())
    for number, (name, values) in enumerate(sides.values.items(), 1):
        yield from _bar(name, values, y + number * _BAR, most, sides.unit)


def _bar(name: str, values: Sequence[float], y: int, most: float, unit: str) -> Iterator[str]:
    low, middle, high = _middle_half(values)
    colour = _OURS if name.startswith("boxship") else _COLOURS.get(name.partition(",")[0], _OTHER)
    yield f'<text x="{_LEFT - 8}" y="{y + 12}" text-anchor="end" fill="#222">{escape(name)}</text>'
    yield f'<rect x="{_LEFT}" y="{y + 2}" width="{_long(middle, most):.0f}" height="12" fill="{colour}"/>'
    yield f'<path d="M{_LEFT + _long(low, most):.0f} {y + 8}H{_LEFT + _long(high, most):.0f}" stroke="#222"/>'
    x = _LEFT + _long(max(middle, high), most) + 6
    yield f'<text x="{x:.0f}" y="{y + 12}" fill="#222">{_told(middle, unit)}</text>'


def _middle_half(values: Sequence[float]) -> tuple[float, float, float]:
    if len(values) < 2:
        return values[0], values[0], values[0]
    # Of few rounds the quarters would lie outside of what was measured.
    low, _, high = quantiles(values, n=4, method="inclusive")
    return low, median(values), high


def _long(value: float, most: float) -> float:
    return value / most * (WIDTH - _LEFT - _RIGHT)


def _told(value: float, unit: str) -> str:
    if unit == "/s":
        return f"{value:,.0f}/s"
    if unit == "instructions":
        return f"{value / 1e6:,.0f} M"
    if unit == "bytes":
        return f"{value / 1e6:,.1f} MB"
    if value < _EXACT:
        return f"{value * 1000:.2f} ms"
    return f"{value * 1000:,.0f} ms" if value < 1 else f"{value:.2f} s"
