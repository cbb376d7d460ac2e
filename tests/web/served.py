"""The page as it is served: by `boxship ui` for any registry, or by `boxship registry serve` for its own."""

from __future__ import annotations

__all__ = ["serving_its_own", "ui"]

import re
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.peers.process import running

_START = 30.0  # seconds, on a busy machine
_URL = re.compile(r"^serving (http://\S+)", re.MULTILINE)
_BOXSHIP = (sys.executable, "-m", "boxship")


@contextmanager
def ui(registry: str, folder: Path, *words: str) -> Iterator[str]:
    """`boxship ui` for the registry: the URL that it prints."""
    with _serving(("ui", "--registry", registry, *words), folder / "ui.log") as url:
        yield url


@contextmanager
def serving_its_own(folder: Path, *words: str) -> Iterator[str]:
    """`boxship registry serve` over the folder, on a free port: the page's URL, which ends with a slash."""
    words = ("registry", "serve", "--address", "127.0.0.1:0", "--disk", str(folder / "registry"), *words)
    with _serving(words, folder / "serve.log") as url:
        yield f"{url.rstrip('/')}/"


@contextmanager
def _serving(words: tuple[str, ...], log: Path) -> Iterator[str]:
    log.unlink(missing_ok=True)  # of another one there
    with running([*_BOXSHIP, *words], log=log) as process:
        deadline = time.monotonic() + _START
        while not (found := _URL.search(log.read_text())):
            assert process.poll() is None, log.read_text()
            assert time.monotonic() < deadline, log.read_text()
            time.sleep(0.02)
        yield found[1]
