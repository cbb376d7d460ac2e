"""Whoever pushes to a registry writes what the page shows: none of it becomes markup, and nobody else is asked."""

from __future__ import annotations

import json

import pytest
from playwright.sync_api import Browser

from boxship.testing import Answer, Request, RunningRegistry, serving
from tests.web.browser import CHROMIUM
from tests.web.content import HOSTILE
from tests.web.driven import Opened, opened
from tests.web.served import ui

pytestmark = pytest.mark.peer(CHROMIUM)
# Each view of the image whose every word is HTML, and how often its words are to be read there at least.
VIEWS = {
    "#/evil/app:v1": 6,
    "#/evil/app:v1?view=layers": 1,
    "#/evil/app:v1?view=history": 1,
    "#/evil/app:v1?view=files&path=etc": 1,
    "#/evil/app:v1?view=referrers": 1,
    "#/evil/app?view=diff&before=v1&after=v2": 1,
}


def injected(window: Opened) -> list[str]:
    """The elements that only somebody else's markup has."""
    found = window.page.locator("img, iframe, object, embed, main script, svg script, base, [onerror], [srcdoc]")
    return [element.evaluate("element => element.outerHTML") for element in found.all()]


@pytest.mark.parametrize(("address", "times"), VIEWS.items())
def test_markup_is_shown_as_text(window: Opened, address: str, times: int) -> None:
    page = window.go(address)
    window.see("onerror=")
    assert window.text().count("<script>document.title=") >= times
    assert injected(window) == []
    assert "taken" not in page.title()


def test_documents_are_shown_as_text(window: Opened) -> None:
    page = window.go("#/evil/app:v1?view=config")
    assert json.dumps(HOSTILE)[1:-1] in page.get_by_label("Configuration", exact=True).inner_text()
    assert injected(window) == []


def test_letters_that_turn_the_line_are_gone(window: Opened) -> None:
    window.go("#/evil/app:v1?view=history")
    assert "RUN evil" in window.text()
    assert "\u202e" not in window.text()


@pytest.mark.parametrize(
    "address",
    [
        f"#/{HOSTILE}",
        f"#/evil/app:{HOSTILE}",
        f"#/evil/app:v1?view={HOSTILE}&platform={HOSTILE}",
        f"#/evil/app:v1?view=files&path={HOSTILE}&layer={HOSTILE}",
        f"#/evil/app?view=diff&before={HOSTILE}&after={HOSTILE}",
        f"#/?q={HOSTILE}",
        "#/evil/app:v1?view=__proto__",
        "#/constructor?view=toString",
    ],
)
def test_an_address_that_somebody_sends_does_nothing(window: Opened, address: str) -> None:
    page = window.go(address.replace('"', "%22"))
    page.locator("main h1").wait_for()
    assert injected(window) == []
    assert "taken" not in page.title().replace(HOSTILE, "")


def _lies(request: Request) -> Answer:
    """A registry whose every list and error is markup."""
    if request.path == "/v2/":
        return Answer(200, b"{}", headers={"Docker-Distribution-API-Version": "registry/2.0"})
    kind = {"Content-Type": "application/json"}
    if request.path.startswith("/v2/_catalog"):
        return Answer(200, json.dumps({"repositories": ["good/name", HOSTILE]}).encode(), headers=kind)
    if "/tags/list" in request.path:
        return Answer(200, json.dumps({"name": "good/name", "tags": ["v1", HOSTILE]}).encode(), headers=kind)
    error = {"errors": [{"code": "DENIED", "message": HOSTILE, "detail": HOSTILE}]}
    return Answer(403, json.dumps(error).encode(), headers=kind)


def test_a_registry_that_lies_in_every_answer(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> None:
    with (
        serving(_lies) as server,
        ui(server.address, tmp_path_factory.mktemp("ui")) as url,
        opened(browser, url) as window,
    ):
        for address in ("", "#/good/name", "#/good/name:v1", "#/good/name:v1?view=doctor", "#/good/name?view=doctor"):
            window.go(address)
            window.page.locator("main h1").wait_for()
            assert injected(window) == [], address
        window.go("#/good/name:v1")
        window.see("onerror=")


# What a page could do with words, if it wanted to: the policy refuses each, or runs nothing of it.
SINKS = {
    "markup": "main.innerHTML = words",
    "markup beside": "main.insertAdjacentHTML('beforeend', words)",
    "an attribute": "document.createElement('img').setAttribute('onerror', 'document.title = `taken`')",
    "a frame": "document.createElement('iframe').srcdoc = words",
    "code": "setTimeout('document.title = `taken`', 0)",
    "a script's words": "script.append('document.title = `taken`'); main.append(script)",
    "a script from elsewhere": "script.src = 'https://example.com/x.js'; main.append(script)",
}


_BEFORE = """async (words) => {
    const main = document.querySelector("main");
    const script = document.createElement("script");
    try { """
_AFTER = """ } catch {}
    await new Promise((done) => setTimeout(done, 200));
}"""


@pytest.mark.parametrize("sink", SINKS.values(), ids=SINKS)
def test_the_policy_forbids_what_escaping_has_not_prevented(browser: Browser, url: str, sink: str) -> None:
    with opened(browser, url, strict=False) as window:
        page = window.go("")
        page.evaluate(_BEFORE + sink + _AFTER, HOSTILE)
        assert "taken" not in page.title()
        assert page.locator("main h1").inner_text() == "Repositories"


def test_nothing_is_kept_but_the_choice_of_colours(window: Opened, shop: RunningRegistry) -> None:
    page = window.go("#/team/app:latest")
    page.get_by_role("button", name="Colours: as the system is").click()
    page.get_by_role("button", name="Colours: light").click()
    page.get_by_role("button", name="Colours: dark").wait_for()
    assert json.loads(window.kept()) == [{"theme": "dark", "session": {}}, []]
    page.reload()
    window.ready()
    assert page.locator("html").get_attribute("data-theme") == "dark"
    page.get_by_role("button", name="Colours: dark").click()
    assert json.loads(window.kept()) == [{"session": {}}, []]
