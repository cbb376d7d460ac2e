"""The page of a registry with 100,000 repositories, in Chromium: its first view, and how it keeps up with who types.

The server of each first view was started for it, so it has all of its page to load, too; the browser runs already.
"""

from __future__ import annotations

__all__ = ["run"]

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from statistics import median

from measure import Comparison, Row, Sides, Times, verdict
from playwright.sync_api import Browser, expect
from programs import missing
from tests.web.browser import CHROMIUM
from tests.web.content import large, many
from tests.web.driven import chromium, opened
from tests.web.served import serving_its_own, ui

from boxship.testing import registry

_ROUNDS = 7
_MOST = 1.0  # seconds, of a first view
_MOST_A_LETTER = 0.1
_SHOWN = 100  # repositories in a first view
_SOUGHT = "service-077777"
_WAYS = ("boxship registry serve", "boxship ui")
_WAIT = 60_000  # ms


def run(folder: Path) -> Iterator[Row]:
    """The rows of the page, where there is a browser."""
    if missing(CHROMIUM):
        return
    counts = {"100,000 repositories": 100_000, "100 repositories": _SHOWN}
    for name, count in counts.items():
        with registry(folder=folder / name / "registry"):
            pass
        many(folder / name / "registry", large(count))
    for way in _WAYS:
        with chromium() as browser:
            first: dict[str, Times] = {name: Times() for name in counts}
            for _ in range(_ROUNDS):
                for name, times in first.items():
                    times.seconds.append(_first_view(browser, way, folder / name))
            yield _viewed(way, first)
            yield _typed(way, _letters(browser, way, folder / "100,000 repositories"))


def _first_view(browser: Browser, way: str, folder: Path) -> float:
    with _served(way, folder) as url, opened(browser, url) as window:
        began = time.perf_counter()
        window.page.goto(url)
        expect(window.page.locator("main [data-row]")).to_have_count(_SHOWN, timeout=_WAIT)
        return time.perf_counter() - began


def _letters(browser: Browser, way: str, folder: Path) -> list[float]:
    """The seconds of each letter, until the field has it and the list what it leaves."""
    with _served(way, folder) as url, opened(browser, url) as window:
        window.page.goto(url)
        expect(window.page.locator(".count")).to_have_text("100,000", timeout=_WAIT)
        field = window.page.get_by_role("searchbox")
        field.focus()
        seconds = []
        for number, letter in enumerate(_SOUGHT, 1):
            began = time.perf_counter()
            window.page.keyboard.type(letter)
            expect(field).to_have_value(_SOUGHT[:number])
            expect(window.page.locator("main mark").first).to_have_text(_SOUGHT[:number], timeout=_WAIT)
            seconds.append(time.perf_counter() - began)
        return seconds


@contextmanager
def _served(way: str, folder: Path) -> Iterator[str]:
    with serving_its_own(folder) as url:
        if way == "boxship ui":
            with ui(url.removeprefix("http://").strip("/"), folder) as other:
                yield other
        else:
            yield url


def _viewed(way: str, first: Mapping[str, Times]) -> Row:
    ours, few = first.values()
    compared = Comparison(ours, few)
    return Row(
        name=f"first view of 100,000 repositories, `{way}`, and over that of {_SHOWN}",
        target=f"<= {_MOST:g} s",
        measured=f"{ours.best:.2f} s (median {ours.usual:.2f}); {compared.best:.2f} x",
        spread=compared.spread,
        holds=verdict(ours.best <= _MOST, ours.usual <= _MOST),
        sides=Sides.timed(f"first view, {way}", first),
    )


def _typed(way: str, seconds: Sequence[float]) -> Row:
    slowest, usual = max(seconds), median(seconds)
    return Row(
        name=f"a letter typed, until the list of 100,000 has what it leaves, `{way}`",
        target=f"<= {_MOST_A_LETTER:g} s",
        measured=f"{usual:.3f} s (slowest {slowest:.3f})",
        holds=verdict(usual <= _MOST_A_LETTER, slowest <= _MOST_A_LETTER),
        facts={"seconds": list(seconds)},
    )
