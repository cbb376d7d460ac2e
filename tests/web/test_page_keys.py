"""The page by keyboard alone, and its addresses: shared, reloaded, gone back to."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from tests.web.browser import CHROMIUM
from tests.web.driven import Opened

pytestmark = pytest.mark.peer(CHROMIUM)


def focused(page: Page) -> str:
    return page.evaluate("() => document.activeElement.textContent || document.activeElement.ariaLabel") or ""


def press(page: Page, *keys: str) -> None:
    for key in keys:
        page.keyboard.press(key)


def test_from_the_search_to_an_image_and_back(window: Opened) -> None:
    page = window.go("")
    press(page, "/")
    expect(page.get_by_role("searchbox")).to_be_focused()
    page.keyboard.type("team/app")
    window.see("1 of 26")
    press(page, "ArrowDown", "Enter")
    expect(page.get_by_role("heading", level=1)).to_contain_text("team/app")
    expect(page.get_by_role("heading", level=1)).to_be_focused()
    expect(page.locator("tbody tr")).to_have_count(14)
    expect(page.locator("tbody tr").nth(1)).to_contain_text("latest")  # the newest come first once that is known
    press(page, "ArrowDown", "ArrowDown", "j", "k")
    assert focused(page) == "latest"
    press(page, "Enter")
    window.see("2026-07-05")
    page.go_back()
    expect(page.get_by_role("link", name="latest", exact=True)).to_be_focused()
    page.go_back()
    expect(page.get_by_role("searchbox")).to_have_value("team/app")
    expect(page.get_by_role("link", name="team/app")).to_be_focused()


def test_arrows_go_through_the_rows_and_back_to_the_search(window: Opened) -> None:
    page = window.go("")
    press(page, "ArrowDown")
    assert focused(page) == "evil/app"
    press(page, "End")
    assert focused(page) == "tools/boxship"
    press(page, "ArrowDown")
    assert focused(page) == "tools/boxship", "there is nothing below the last one"
    press(page, "Home", "ArrowUp")
    expect(page.get_by_role("searchbox")).to_be_focused()


def test_enter_opens_the_first_that_is_found(window: Opened) -> None:
    page = window.go("")
    page.get_by_role("searchbox").fill("ledger")
    window.see("1 of 26")
    press(page, "Enter")
    expect(page).to_have_url(re.compile("#/payments/ledger$"))


def test_escape_empties_the_search_leaves_it_and_goes_up(window: Opened) -> None:
    page = window.go("#/team/app?q=1.1")
    expect(page.locator("tbody tr")).to_have_count(4)
    press(page, "/")
    press(page, "Escape")
    expect(page.get_by_role("searchbox")).to_have_value("")
    expect(page.locator("tbody tr")).to_have_count(14)
    press(page, "Escape")
    expect(page.get_by_role("searchbox")).not_to_be_focused()
    press(page, "Escape")
    expect(page.get_by_role("heading", level=1)).to_have_text("Repositories")


def test_the_search_of_all_repositories_is_a_key_away(window: Opened) -> None:
    page = window.go("#/team/app:latest")
    press(page, "/")
    expect(page.get_by_role("searchbox", name="Search repositories")).to_be_focused()


def test_the_keys_are_told_and_the_focus_comes_back(window: Opened) -> None:
    page = window.go("#/team/app:latest")
    page.get_by_role("link", name="History").focus()
    press(page, "?")
    dialog = page.get_by_role("dialog", name="Keys")
    expect(dialog).to_be_visible()
    expect(dialog).to_contain_text("Enter")
    press(page, "/", "ArrowDown")  # are the dialog's now
    expect(dialog).to_be_visible()
    press(page, "Escape")
    expect(dialog).to_have_count(0)
    expect(page.get_by_role("link", name="History")).to_be_focused()


def test_ways_to_look_keep_the_focus(window: Opened) -> None:
    page = window.go("#/team/app:latest")
    page.get_by_role("link", name="History").focus()
    press(page, "Enter")
    window.see("COPY dist/app")
    expect(page.get_by_role("link", name="History")).to_be_focused()


def test_everything_is_reached_by_tab_with_a_visible_focus(window: Opened) -> None:
    page = window.go("#/team/app:latest")
    wanted = page.locator("a[href], button, input, select").count()
    seen = set[str]()
    hidden = list[str]()
    for _ in range(wanted + 5):
        press(page, "Tab")
        name = focused(page)
        seen.add(name)
        style = page.evaluate("() => getComputedStyle(document.activeElement).outlineStyle")
        if style == "none" and page.evaluate("() => document.activeElement !== document.body"):
            hidden.append(name)
    assert {"Overview", "Commands", "Delete", "linux/arm64"} <= seen
    assert hidden == []


def test_the_first_tab_leads_past_the_bar(window: Opened) -> None:
    page = window.go("")
    press(page, "Tab", "Enter", "Tab")
    expect(page.get_by_role("searchbox")).to_be_focused()
    assert not page.url.endswith("#main")


ADDRESSES = {
    "#/?q=web": "payments/web",
    "#/team/app?q=1.1": "1.11",
    "#/team/app:latest?view=files&path=usr/share": "doc",
    "#/team/app:1.2?view=layers&platform=linux/arm64": "COPY",
    "#/team/app?view=diff&before=1.9&after=1.12": "libssl3",
}


@pytest.mark.parametrize(("address", "words"), ADDRESSES.items())
def test_addresses_are_reloaded_as_they_are(window: Opened, address: str, words: str) -> None:
    page = window.go(address)
    window.see(words)
    page.reload()
    window.ready()
    window.see(words)
    assert page.url == f"{window.url}{address}"


def test_an_address_by_digest_and_one_that_is_nonsense(window: Opened) -> None:
    page = window.go("#/team/app:latest")
    digest = page.locator(".facts code").first.inner_text()
    window.go(f"#/team/app@{digest}")
    window.see("The application")
    window.go("#/team/app:latest?view=nonsense&x=%E0%A4%A")
    window.see("The application")


def test_a_list_is_where_it_was_when_somebody_comes_back(window: Opened) -> None:
    page = window.go("")
    page.set_viewport_size({"width": 900, "height": 400})
    row = page.get_by_role("link", name="team/docs")
    row.scroll_into_view_if_needed()
    before = page.evaluate("() => scrollY")
    assert before > 100
    row.click()
    window.see("1 tag")
    assert page.evaluate("() => scrollY") == 0
    page.go_back()
    expect(row).to_be_focused()
    assert abs(page.evaluate("() => scrollY") - before) < 5


_PLACE = '{repository: "a/b", reference: "1", path: "x y/<&>#?%"}'
MODULES = {
    "names": ('(m) => m.nameOf("a/b", "1")', "a/b:1"),
    "digests": ('(m) => m.nameOf("a", "sha256:0")', "a@sha256:0"),
    "a link": (f"(m) => m.link({_PLACE})", "#/a/b:1?path=x%20y/%3C%26%3E%23%3F%25"),
    "back": (f'(m) => m.read(m.link({_PLACE})).options.get("path")', "x y/<&>#?%"),
    "a port is no tag": ('(m) => m.read("#/localhost:5000/a").repository', "localhost:5000/a"),
    "a digest has a colon": ('(m) => m.read("#/a/b@sha256:00").reference', "sha256:00"),
}


@pytest.mark.parametrize(("script", "expected"), MODULES.values(), ids=MODULES)
def test_addresses_are_read_as_they_are_written(window: Opened, script: str, expected: str) -> None:
    page = window.go("")
    assert page.evaluate(f'() => import("{window.url}page/address.js").then({script})') == expected
