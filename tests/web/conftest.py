from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from boxship.testing import RunningRegistry, registry
from tests.web.content import fill, fill_hostile
from tests.web.served import ui

if TYPE_CHECKING:
    from playwright.sync_api import Browser

    from tests.web.driven import Opened


# Of a module each: while a browser is driven, an event loop runs in this thread.
@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    from tests.web.driven import chromium

    with chromium() as running:
        yield running


@pytest.fixture(scope="module")
def shop() -> Iterator[RunningRegistry]:
    """A registry with what a small company has, and what somebody evil has pushed."""
    with registry(allow_delete=True) as running:
        fill(running.address)
        fill_hostile(running.address)
        yield running


@pytest.fixture(scope="module")
def url(shop: RunningRegistry, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Where `boxship ui` serves the page for it."""
    folder: Path = tmp_path_factory.mktemp("ui")
    with ui(shop.address, folder) as served:
        yield served


@pytest.fixture
def window(browser: Browser, url: str) -> Iterator[Opened]:
    """The page in a window; it did nothing that it must not."""
    from tests.web.driven import opened

    with opened(browser, url) as page:
        yield page
