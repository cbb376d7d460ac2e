"""The page of a registry that wants to know who somebody is: a form, and a password that is kept nowhere."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from boxship.testing import put_image, registry
from tests.peers.programs import ALICE
from tests.web.browser import CHROMIUM
from tests.web.driven import Opened, opened
from tests.web.served import serving_its_own

pytestmark = pytest.mark.peer(CHROMIUM)


@pytest.fixture(scope="module")
def closed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The page of a registry with an image, for Alice alone."""
    folder: Path = tmp_path_factory.mktemp("closed")
    with registry(folder / "registry") as running:
        put_image(running.address, "team/secret", "1.0")
    (folder / "users").write_text(f"{ALICE.line}\n")
    with serving_its_own(folder, "--htpasswd", str(folder / "users")) as url:
        yield url


@pytest.fixture
def door(browser: Browser, closed: str) -> Iterator[Opened]:
    with opened(browser, closed) as window:
        yield window


def log_in(window: Opened, password: str) -> None:
    form = window.page.locator("form.log-in")
    form.get_by_label("User").fill(ALICE.user)
    form.get_by_label("Password").fill(password)
    form.get_by_role("button", name="Log in").click()


def test_it_asks_and_shows_what_may_be_seen(door: Opened) -> None:
    page = door.go("#/team/secret")
    expect(page.get_by_role("heading", name="Log in at")).to_be_visible()
    assert "1.0" not in door.text()
    log_in(door, ALICE.password)
    door.see("1.0")
    expect(page.locator("#who")).to_contain_text("alice")
    door.page.get_by_role("link", name="Repositories").click()
    door.see("team/secret")


def test_a_wrong_password_is_refused_and_asked_for_again(door: Opened) -> None:
    page = door.go("")
    log_in(door, "wrong")
    expect(page.locator("form.log-in")).to_be_visible()
    expect(page.locator("form.log-in [role=alert]")).not_to_be_empty()
    log_in(door, ALICE.password)
    door.see("team/secret")


def test_the_password_is_kept_nowhere(door: Opened) -> None:
    page = door.go("")
    log_in(door, ALICE.password)
    door.see("team/secret")
    assert json.loads(door.kept()) == [{"session": {}}, []]
    assert ALICE.password not in page.url
    assert page.evaluate("() => Object.values(history.state).join()").find(ALICE.password) < 0
    page.reload()
    door.ready()
    expect(page.get_by_role("heading", name="Log in at")).to_be_visible()


def test_logging_out_forgets_what_was_seen(door: Opened) -> None:
    page = door.go("")
    log_in(door, ALICE.password)
    door.see("team/secret")
    page.get_by_role("button", name="Log out").click()
    expect(page.get_by_role("heading", name="Log in at")).to_be_visible()
    assert "team/secret" not in door.text()
