"""The pictures of the page in the docs, of a registry that is made for them.

    python -m tests.web.pictures docs/images

The browser's clock stands still, so that a picture differs only where the page does.
"""

from __future__ import annotations

__all__ = ["PICTURES", "Picture", "main"]

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from boxship.testing import registry
from tests.peers.programs import free_port
from tests.web.content import fill
from tests.web.driven import Scheme, chromium, opened
from tests.web.served import ui

_NOW = datetime(2026, 9, 21, 12, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Picture:
    """A view, what is to be seen in it, and how it is looked at."""

    address: str
    words: str
    scheme: Scheme = "light"
    width: int = 1100
    height: int = 640


PICTURES: Mapping[str, Picture] = {
    "page-search": Picture("#/?q=web", "4 of 25", height=420),
    "page-tags": Picture("#/team/app", "linux/arm64"),
    "page-image": Picture("#/team/app:1.12", "docker pull", height=760),
    "page-layers": Picture("#/team/app:1.12?view=layers", "KiB wasted", "dark", height=560),
    "page-diff": Picture("#/team/app?view=diff&before=1.9&after=1.12", "libssl3", height=860),
    "page-referrers": Picture("#/team/app:1.12?view=referrers", "Bill of materials", "dark", height=420),
    "page-doctor": Picture("#/team/app:1.12?view=doctor", "can be pulled", height=760),
    "page-narrow": Picture("#/team/app:1.12?view=layers", "KiB wasted", width=360, height=700),
}


def main(folder: Path) -> None:
    """Take them all."""
    with TemporaryDirectory() as name, registry(allow_delete=True, port=free_port()) as running:
        fill(running.address)
        with ui(running.address, Path(name)) as url, chromium() as browser:
            for title, one in PICTURES.items():
                with opened(browser, url, scheme=one.scheme, width=one.width, height=one.height) as window:
                    window.page.clock.set_fixed_time(_NOW)
                    page = window.go(one.address)
                    window.see(one.words)
                    page.wait_for_load_state("networkidle")
                    page.screenshot(path=folder / f"{title}.png", animations="disabled")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
