"""The timeline drawn in a terminal: a line for each hop, and in it a bar for each thing that it waited for."""

from __future__ import annotations

__all__ = ["waterfall"]

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from urllib.parse import urlsplit

from boxship.cli.ink import Colour, Ink
from boxship.hop import Hop, Layer, Phase, spoken
from boxship.value import dataclass
from boxship.wire.printable import printable

_TIME = 8  # columns for how long a hop took
_NARROWEST_LABEL, _WIDEST_LABEL = 16, 48


@dataclass(frozen=True, slots=True)
class _Look:
    """How a layer is drawn: with blocks, in ASCII, and in which colour."""

    block: str
    letter: str
    colour: Colour


_LOOKS: Mapping[Layer, _Look] = {
    Layer.NAMES: _Look("░", "n", Colour.CYAN),
    Layer.TCP: _Look("▒", "c", Colour.YELLOW),
    Layer.PROXY: _Look("▚", "p", Colour.MAGENTA),
    Layer.TLS: _Look("▓", "s", Colour.MAGENTA),
    Layer.FIRST_BYTE: _Look("█", "=", Colour.GREEN),
    Layer.TRANSFER: _Look("▄", "#", Colour.BLUE),
}
_FAILED = _Look("✗", "x", Colour.RED)


def waterfall(hops: Sequence[Hop], width: int, ink: Ink) -> Iterator[str]:
    """The lines; none is wider than `width`."""
    if not hops:
        return
    label = min(max(2 * width // 5, _NARROWEST_LABEL), _WIDEST_LABEL)
    chart = _Chart(hops, width - label - _TIME - 2, ink)
    yield from _legend(hops, width, ink)
    for hop in hops:
        name = _cut(_name(hop), label, ink)
        yield f"{name:<{label}} {chart.bars(hop)} {spoken(hop.end - hop.start):>{_TIME}}"
        if hop.error:
            yield ink.painted(_cut(f"  {printable(hop.error)}", width, ink), Colour.RED)


class _Chart:
    """The bars of hops, on one scale."""

    def __init__(self, hops: Sequence[Hop], columns: int, ink: Ink) -> None:
        self._columns, self._ink = columns, ink
        self._scale = columns / (max(hop.end for hop in hops) or 1.0)

    def bars(self, hop: Hop) -> str:
        """The bars of a hop; what is short is drawn over what is long, so that each is seen."""
        cells: list[_Look | None] = [None] * self._columns
        for phase in sorted(hop.phases, key=lambda phase: -phase.ms):
            first, last = self._place(phase)
            cells[first : last + 1] = [_LOOKS[phase.layer]] * (last + 1 - first)
            if phase.failure:
                cells[last] = _FAILED
        return "".join(self._drawn(look, len(list(same))) for look, same in groupby(cells))

    def _place(self, phase: Phase) -> tuple[int, int]:
        last = self._columns - 1
        first = min(int(phase.start * self._scale), last)
        return first, min(max(first, round(phase.end * self._scale) - 1), last)

    def _drawn(self, look: _Look | None, count: int) -> str:
        if look is None:
            return " " * count
        return self._ink.painted((look.block if self._ink.blocks else look.letter) * count, look.colour)


def _legend(hops: Sequence[Hop], width: int, ink: Ink) -> Iterator[str]:
    """What is drawn, on as many lines as it needs."""
    drawn = {phase.layer for hop in hops for phase in hop.phases}
    line, columns = "", 0
    for layer, look in _LOOKS.items():
        if layer not in drawn:
            continue
        sign = look.block if ink.blocks else look.letter
        wide = len(layer.value) + 4
        if columns + wide > width:
            yield line.rstrip()
            line, columns = "", 0
        line += f"{ink.painted(sign, look.colour)} {layer.value}  "
        columns += wide
    yield line.rstrip()


def _name(hop: Hop) -> str:
    if not hop.method:
        return f"{hop.role.value} {printable(hop.address or hop.url)}"
    status = f" {hop.status}" if hop.status else ""
    return f"{hop.role.value} {hop.method} {printable(urlsplit(hop.url).path)}{status}"


def _cut(text: str, width: int, ink: Ink) -> str:
    """The text in so many columns: what is too much is left out of its middle, as its end says what came of it."""
    if len(text) <= width:
        return text
    gap = "…" if ink.blocks else ".."
    end = (width - len(gap)) // 3
    return f"{text[: width - len(gap) - end]}{gap}{text[len(text) - end :]}"
