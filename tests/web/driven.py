"""Debian's Chromium, driven: what a page shows, which keys it takes, and everything that it must not do.

It runs without its sandbox, which does not work for root, as in CI; nothing is downloaded, and nobody is asked.
"""

from __future__ import annotations

__all__ = ["Opened", "Watch", "chromium", "opened"]

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Literal
from urllib.parse import urlsplit

from playwright.sync_api import Browser, ConsoleMessage, Locator, Page, Request, sync_playwright

from tests.peers.process import program
from tests.web.browser import CHROMIUM

Scheme = Literal["light", "dark"]
# Before a page's own scripts: whatever its policy forbids is an error on the console.
_LISTEN = 'document.addEventListener("securitypolicyviolation", (e) => console.error("policy", e.effectiveDirective))'
_PATIENCE = 20_000  # ms
_EXPECTED = "Failed to load resource"  # an answer with an error's status, which the page shows
# The same engine without what only windows need: a third of the cost of each page.
_WITHOUT_WINDOWS = "chromium-headless-shell"
_FLAGS = ["--no-sandbox", "--disable-background-networking", "--no-first-run", "--force-prefers-no-reduced-motion"]


@dataclass
class Watch:
    """What a page did that it must not do."""

    origin: str
    complaints: list[str] = field(default_factory=list)

    def console(self, message: ConsoleMessage) -> None:
        """An error or a warning on the console."""
        if message.type in {"error", "warning"} and not message.text.startswith(_EXPECTED):
            self.complaints.append(f"{message.type}: {message.text}")

    def error(self, error: object) -> None:
        """An exception that nobody caught."""
        self.complaints.append(f"exception: {error}")

    def request(self, request: Request) -> None:
        """A request, which is to go to the page's own server."""
        if not request.url.startswith((self.origin, "data:")):
            self.complaints.append(f"request: {request.url}")


@dataclass(frozen=True)
class Opened:
    """The page of a registry in a window, and the URL that it is at."""

    page: Page
    url: str

    def go(self, address: str) -> Page:
        """Open the view of an address, as somebody does who was sent it, and wait until it is there."""
        self.page.goto("about:blank")
        self.page.goto(f"{self.url}{address}")
        return self.ready()

    def ready(self) -> Page:
        """Wait until what the view asked for has come."""
        self.page.locator("main:not([aria-busy])").wait_for()
        return self.page

    def see(self, words: str) -> Locator:
        """What has these words in the view, as soon as it is seen."""
        found = self.page.locator("main").get_by_text(words).first
        found.wait_for()
        return found

    def text(self) -> str:
        """What can be read in the view."""
        return self.page.locator("main").inner_text()

    def kept(self) -> str:
        """All that the browser keeps for the page."""
        script = "() => ({...localStorage, session: {...sessionStorage}})"
        return json.dumps([self.page.evaluate(script), self.page.context.cookies()])

    def focused(self) -> str:
        """The words of what has the focus, or its label."""
        script = "() => document.activeElement.ariaLabel || document.activeElement.innerText"
        return str(self.page.evaluate(script)).strip()


@contextmanager
def chromium() -> Iterator[Browser]:
    """The browser, without a window."""
    with sync_playwright() as playwright:
        path = program(_WITHOUT_WINDOWS) or program(CHROMIUM)
        browser = playwright.chromium.launch(executable_path=path, args=_FLAGS)
        try:
            yield browser
        finally:
            browser.close()


@contextmanager
def opened(
    browser: Browser, url: str, *, scheme: Scheme = "light", width: int = 1180, height: int = 800, strict: bool = True
) -> Iterator[Opened]:
    """A window of its own; a page that did what it must not is a failure at the end, unless it is not `strict`."""
    parts = urlsplit(url)
    watch = Watch(f"{parts.scheme}://{parts.netloc}/")
    context = browser.new_context(viewport={"width": width, "height": height}, color_scheme=scheme)
    try:
        context.set_default_timeout(_PATIENCE)
        context.grant_permissions(["clipboard-read", "clipboard-write"])
        context.add_init_script(_LISTEN)
        page = context.new_page()
        page.on("console", watch.console)
        page.on("pageerror", watch.error)
        page.on("request", watch.request)
        yield Opened(page, url)
        if strict:
            assert watch.complaints == []
    finally:
        context.close()
