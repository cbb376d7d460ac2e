"""The page as it is served: by `boxship ui` for any registry, or by `boxship registry serve` for its own."""

from __future__ import annotations

__all__ = ["serving_its_own", "ui"]

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.ui.serving import printed_url


@contextmanager
def ui(registry: str, folder: Path, *words: str) -> Iterator[str]:
    """`boxship ui` for the registry: the URL that it prints."""
    with printed_url(("ui", "--registry", registry, *words), folder / "ui.log") as url:
        yield url


@contextmanager
def serving_its_own(folder: Path, *words: str) -> Iterator[str]:
    """`boxship registry serve` over the folder, on a free port: the page's URL, which ends with a slash."""
    words = ("registry", "serve", "--address", "127.0.0.1:0", "--disk", str(folder / "registry"), *words)
    with printed_url(words, folder / "serve.log") as url:
        yield f"{url.rstrip('/')}/"
