"""Chromium without a window, with a profile of its own: what it makes of a page, what it says, and a picture."""

from __future__ import annotations

__all__ = ["CHROMIUM", "Seen", "opened", "pictured"]

import re
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

from tests.peers.process import program

CHROMIUM = "chromium"
# It is root in CI, where its sandbox does not work, and asks nobody for updates.
_QUIETLY = ("--headless", "--no-sandbox", "--no-first-run", "--disable-background-networking", "--hide-scrollbars")
_CONSOLE = re.compile(r"CONSOLE(?:\(\d+\)|:\d+)\] (.*)")
_PATIENCE = 60


@dataclass(frozen=True, slots=True)
class Seen:
    """The document as the browser has it, and what it wrote to its console."""

    document: str
    console: tuple[str, ...]


def opened(page: Path) -> Seen:
    """The page, opened."""
    ended = _run("--dump-dom", "--enable-logging=stderr", page.as_uri())
    return Seen(ended.stdout, tuple(_CONSOLE.findall(ended.stderr)))


def pictured(page: Path, picture: Path, *, width: int = 1000, height: int = 1000, dark: bool = False) -> None:
    """Take a picture of the page's beginning (PNG)."""
    scheme = ("--force-dark-mode", "--blink-settings=preferredColorScheme=0") if dark else ()
    _run(*scheme, f"--screenshot={picture}", f"--window-size={width},{height}", page.as_uri())


def _run(*words: str) -> subprocess.CompletedProcess[str]:
    with tempfile.TemporaryDirectory() as profile:
        command = [program(CHROMIUM) or CHROMIUM, *_QUIETLY, f"--user-data-dir={profile}", *words]
        return subprocess.run(command, capture_output=True, text=True, timeout=_PATIENCE, check=True)
