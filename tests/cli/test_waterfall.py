"""The timeline fits any terminal, in any encoding, and each wait can be seen in it."""

from __future__ import annotations

import io
import re

import pytest

from boxship.cli.ink import Ink, ink_of
from boxship.cli.waterfall import waterfall
from boxship.hop import Hop, Layer, Phase, Role

DROPPED = Hop(
    role=Role.REGISTRY,
    url="https://reg.corp",
    address="10.0.0.5:443",
    error="no answer at all (dropped, not refused)",
    phases=(Phase(Layer.NAMES, 0, 20), Phase(Layer.TCP, 20, 1000, "no answer at all")),
)
ASKED = Hop(
    role=Role.TOKENS,
    url="https://auth.corp/a/very/long/path/to/a/token/server/that/fits/no/terminal/token",
    method="GET",
    status=200,
    phases=(
        Phase(Layer.PROXY, 200, 300),
        Phase(Layer.TLS, 300, 301),
        Phase(Layer.FIRST_BYTE, 301, 700),
        Phase(Layer.TRANSFER, 700, 720),
    ),
)
HOPS = (DROPPED, ASKED)
COLOURS = re.compile(r"\x1b\[\d+m")


@pytest.mark.parametrize("width", [40, 41, 64, 80, 120, 250])
@pytest.mark.parametrize("ink", [Ink(), Ink(blocks=True), Ink(colours=True)])
def test_no_line_is_wider_than_the_terminal(width: int, ink: Ink) -> None:
    lines = [COLOURS.sub("", line) for line in waterfall(HOPS, width, ink)]
    assert max(map(len, lines)) <= width
    bars = next(line for line in lines if line.startswith("reg"))
    assert len(bars) == width


def test_every_wait_is_seen_where_it_was() -> None:
    legend, first, why, second = waterfall(HOPS, 80, Ink())
    assert legend == "n names  c TCP  p proxy  s TLS  = first byte  # transfer"
    label = 32
    bars = first[label + 1 : -9]
    assert re.fullmatch(r"nc+x", bars)
    assert first.endswith(" 1.00 s")
    assert why == "  no answer at all (dropped, not refused)"
    token = second[label + 1 : -9]
    assert re.fullmatch(r" +p+s=+# +", token)
    assert token.index("p") == pytest.approx(len(token) * 0.2, abs=1)
    assert second.startswith("token server GET ")
    assert second[:label].rstrip().endswith("en 200")


def test_blocks_and_colours_are_used_where_they_can_be() -> None:
    text = "\n".join(waterfall(HOPS, 80, Ink(blocks=True, colours=True)))
    assert "\x1b[31m✗\x1b[0m" in text
    assert "▓" in text
    assert COLOURS.sub("", text) == "\n".join(waterfall(HOPS, 80, Ink(blocks=True)))
    assert "\n".join(waterfall(HOPS, 80, Ink())).isascii()


def test_what_a_server_says_cannot_change_the_terminal() -> None:
    hostile = Hop(
        role=Role.STORE, url="https://x/\x1b[2J\u202e", method="GET", error="\x1b]0;x\x07", phases=DROPPED.phases
    )
    assert all(line.isprintable() for line in waterfall([hostile], 80, Ink()))


def test_nothing_is_drawn_of_nothing() -> None:
    assert list(waterfall((), 80, Ink())) == []


@pytest.mark.parametrize(
    ("encoding", "terminal", "environment", "ink"),
    [
        ("utf-8", True, {}, Ink(blocks=True, colours=True)),
        ("utf-8", False, {}, Ink(blocks=True)),
        ("ascii", True, {}, Ink(colours=True)),
        ("latin-1", False, {}, Ink()),
        ("utf-8", True, {"TERM": "dumb"}, Ink()),
        ("utf-8", True, {"NO_COLOR": "1"}, Ink(blocks=True)),
        ("utf-8", True, {"NO_COLOR": ""}, Ink(blocks=True, colours=True)),
        ("utf-8", False, {"FORCE_COLOR": "1"}, Ink(blocks=True, colours=True)),
        ("utf-8", True, {"FORCE_COLOR": "1", "NO_COLOR": "1"}, Ink(blocks=True)),
        ("ascii", True, {"FORCE_COLOR": "1", "TERM": "dumb"}, Ink(colours=True)),
    ],
)
def test_ink_is_what_the_output_shows(encoding: str, terminal: bool, environment: dict[str, str], ink: Ink) -> None:  # noqa: FBT001 -- a row
    output = io.TextIOWrapper(io.BytesIO(), encoding=encoding)
    output.isatty = lambda: terminal  # type: ignore[method-assign]
    assert ink_of(output, environment) == ink


def test_no_output_shows_nothing() -> None:
    assert ink_of(None, {}) == Ink()
