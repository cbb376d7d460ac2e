"""The page for everybody: axe-core finds nothing serious in any view, in the light and in the dark, wide and narrow."""

from __future__ import annotations

import pytest
from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped]  # it has none
from playwright.sync_api import Browser, Page

from tests.web.browser import CHROMIUM
from tests.web.driven import Opened, Scheme, opened

pytestmark = pytest.mark.peer(CHROMIUM)
# Each view, and what is to be seen before it is looked at.
VIEWS = {
    "": "evil/app",
    "#/?q=nowhere": "No repository has",
    "#/team/app": "3.6 MiB",  # platforms have no room on a narrow screen
    "#/team/app:latest": "docker pull",
    "#/team/app:latest?view=layers": "KiB wasted",
    "#/team/app:latest?view=history": "COPY dist/app",
    "#/team/app:latest?view=files&path=etc": "passwd",
    "#/team/app:latest?view=config": '"history"',
    "#/team/app:latest?view=referrers": "Bill of materials",
    "#/team/app:latest?view=commands": "kubectl",
    "#/team/app:latest?view=delete": "Delete what is listed",
    "#/team/app?view=diff&before=1.9&after=1.12": "libssl3",
    "#/team/app:latest?view=doctor": "Hosts and ports",
    "#/team/nothing:1": "On the command line",
}
SERIOUS = {"serious", "critical", "moderate"}


def findings(page: Page) -> list[str]:
    """What axe-core finds, without what is a matter of taste."""
    found = Axe().run(page).response["violations"]
    return [
        f"{one['id']}: {one['help']}: {[node['html'][:200] for node in one['nodes']][:4]}"
        for one in found
        if one["impact"] in SERIOUS
    ]


@pytest.fixture(scope="module", params=["light", "dark"])
def scheme(request: pytest.FixtureRequest) -> Scheme:
    return "dark" if request.param == "dark" else "light"


@pytest.fixture(scope="module")
def coloured(browser: Browser, url: str, scheme: Scheme) -> object:
    with opened(browser, url, scheme=scheme) as window:
        yield window


@pytest.mark.parametrize(("address", "words"), VIEWS.items(), ids=[address or "repositories" for address in VIEWS])
def test_every_view(coloured: Opened, address: str, words: str) -> None:
    coloured.go(address)
    coloured.see(words)
    assert findings(coloured.page) == []


def test_the_list_of_keys(coloured: Opened) -> None:
    page = coloured.go("")
    page.keyboard.press("?")
    page.get_by_role("dialog").wait_for()
    assert findings(page) == []
    page.keyboard.press("Escape")


@pytest.mark.parametrize(("address", "words"), VIEWS.items(), ids=[address or "repositories" for address in VIEWS])
def test_nothing_is_cut_off_on_a_narrow_screen(narrow: Opened, address: str, words: str) -> None:
    page = narrow.go(address)
    narrow.see(words)
    wide = page.evaluate("() => [document.documentElement.scrollWidth, document.documentElement.clientWidth]")
    assert wide[0] <= wide[1], "it scrolls sideways"
    assert page.locator("main h1").is_visible()


@pytest.fixture(scope="module")
def narrow(browser: Browser, url: str) -> object:
    with opened(browser, url, width=360, height=740) as window:
        yield window


def test_the_dark_is_dark_and_the_switch_overrides_it(browser: Browser, url: str) -> None:
    script = "() => getComputedStyle(document.body).backgroundColor"
    with opened(browser, url, scheme="dark") as window:
        page = window.go("")
        dark = page.evaluate(script)
        page.get_by_role("button", name="Colours: as the system is").click()
        light = page.evaluate(script)
    assert light == "rgb(255, 255, 255)"
    assert sum(map(int, dark[4:-1].split(","))) < 100


def test_nothing_moves_for_who_does_not_want_it(browser: Browser, url: str) -> None:
    with opened(browser, url) as window:
        window.page.emulate_media(reduced_motion="reduce")
        page = window.go("")
        script = """() => {
            const line = document.createElement("span");
            line.className = "line";
            document.body.append(line);
            return getComputedStyle(line).animationIterationCount;
        }"""
        assert set(page.evaluate(script).split(", ")) == {"1"}


def test_what_is_wrong_is_found(browser: Browser, url: str) -> None:
    with opened(browser, url) as window:
        page = window.go("")
        page.evaluate("() => document.querySelector('main').append(document.createElement('button'))")
        assert [found.partition(":")[0] for found in findings(page)] == ["button-name"]
