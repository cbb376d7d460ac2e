"""The timeline as a drawing: for each hop what was asked of whom, and under it a bar for each thing it waited for."""

from __future__ import annotations

__all__ = ["timeline_svg"]

from collections.abc import Iterator, Sequence

from boxship.hop import Hop, Layer, Phase, spoken
from boxship.web.page import text

_WIDTH = 960  # units, which the page scales
_TOP = 42  # the legend's and the scale's
_ROW = 44
_BAR = 14
_LEAST = 2.0  # of a bar that would not be seen
_TICKS = 4
_LETTERS = 118  # that fit into a row
_FEWEST = 24  # of a URL


def timeline_svg(hops: Sequence[Hop]) -> str:
    """The drawing, or nothing where nothing was asked."""
    if not hops:
        return ""
    height = _TOP + _ROW * len(hops)
    longest = max(hop.end for hop in hops) or 1.0
    parts = (*_scale(longest, height), *_legend(hops), *(_row(hop, number, longest) for number, hop in enumerate(hops)))
    label = f"timeline: {len(hops)} hops in {spoken(longest)}"
    return f'<svg viewBox="0 0 {_WIDTH} {height}" role="img" aria-label="{label}">{"".join(parts)}</svg>'


def _scale(longest: float, height: int) -> Iterator[str]:
    for tick in range(_TICKS + 1):
        x = tick * _WIDTH / _TICKS
        anchor = "start" if tick == 0 else "end" if tick == _TICKS else "middle"
        yield f'<path class="line" d="M{x:.0f} {_TOP - 6}V{height}"/>'
        words = spoken(longest * tick / _TICKS)
        yield f'<text class="faint" x="{x:.0f}" y="{_TOP - 10}" text-anchor="{anchor}">{words}</text>'


def _legend(hops: Sequence[Hop]) -> Iterator[str]:
    drawn = {phase.layer for hop in hops for phase in hop.phases}
    x = 0
    for layer in Layer:
        if layer in drawn:
            yield f'<rect class="{_kind(layer)}" x="{x}" y="1" width="9" height="9"/>'
            yield f'<text x="{x + 13}" y="10">{layer.value}</text>'
            x += 30 + 8 * len(layer.value)


def _row(hop: Hop, number: int, longest: float) -> str:
    y = _TOP + number * _ROW
    bars = "".join(_bar(phase, y + 20, longest) for phase in hop.phases)
    return f'<g class="hop">{_name(hop, y + 14)}{bars}</g>'


def _name(hop: Hop, y: int) -> str:
    role, error = hop.role.value, _cut(hop.error, _LETTERS // 2)
    again = ", same connection" if hop.reused else ""
    where = f"{hop.address}{again} {spoken(hop.end - hop.start)}"
    answer = f" {hop.status}" if hop.status else ""
    room = _LETTERS - sum(map(len, (role, hop.method, answer, where, error))) - 4
    asked = " ".join(filter(None, (hop.method, _cut(hop.url, max(room, _FEWEST)))))
    failure = f' <tspan class="failure">{text(error)}</tspan>' if error else ""
    told = f'<tspan class="faint">{role}</tspan> {text(asked)}{answer} <tspan class="faint">{text(where)}</tspan>'
    return f'<text x="3" y="{y}"><title>{text(hop.url)}</title>{told}{failure}</text>'


def _cut(words: str, letters: int) -> str:
    """So many letters at most: what is too much is left out of the middle."""
    if len(words) <= letters:
        return words
    end = letters // 3
    return f"{words[: letters - end - 1]}…{words[-end:]}"


def _bar(phase: Phase, y: int, longest: float) -> str:
    width = max(_LEAST, phase.ms * _WIDTH / longest)
    x = min(phase.start * _WIDTH / longest, _WIDTH - width)
    kind = f"{_kind(phase.layer)} failed" if phase.failure else _kind(phase.layer)
    words = " ".join(filter(None, (phase.layer.value, spoken(phase.ms), phase.failure)))
    shape = f'x="{x:.1f}" y="{y}" width="{width:.1f}" height="{_BAR}"'
    return f'<rect class="{kind}" {shape}><title>{text(words)}</title></rect>'


def _kind(layer: Layer) -> str:
    return layer.value.lower().replace(" ", "-")
