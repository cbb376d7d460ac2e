"""What each view of the page shows of a registry as it is, by `boxship ui`."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from boxship import Client
from boxship.testing import RunningRegistry
from tests.web.browser import CHROMIUM
from tests.web.driven import Opened

pytestmark = pytest.mark.peer(CHROMIUM)
LATEST = "#/team/app:latest"


def rows(window: Opened) -> list[str]:
    """The words of the rows' links."""
    return [words.replace("\n", "") for words in window.page.locator("main [data-row]").all_inner_texts()]


def test_repositories_are_listed_and_counted(window: Opened) -> None:
    window.go("")
    assert rows(window)[:3] == ["evil/app", "library/alpine", "library/busybox"]
    assert window.page.locator(".count").inner_text() == "26"
    assert window.page.title().endswith("boxship")


def test_repositories_are_found_as_somebody_types(window: Opened) -> None:
    page = window.go("")
    page.get_by_role("searchbox").press_sequentially("web")
    window.see("4 of 26")
    assert set(rows(window)) == {"payments/web", "team/web", "team/web/assets", "platform/operator/webhook"}
    assert set(page.locator("mark").all_inner_texts()) == {"web"}
    page.get_by_role("searchbox").fill("tamw")  # letters in this order
    window.see("2 of 26")
    assert set(rows(window)) == {"team/web", "team/web/assets"}
    page.get_by_role("searchbox").fill("nowhere")
    window.see("No repository has “nowhere” in its name.")
    assert page.get_by_role("link", name="Open nowhere by its name").is_visible()


def test_tags_are_newest_first_with_what_they_stand_for(window: Opened) -> None:
    page = window.go("#/team/app")
    assert [*rows(window)][:4] == ["1.12", "latest", "1.11", "1.10"]
    assert rows(window)[-1] == "1.0"
    first = page.locator("tbody tr").first.inner_text()
    assert re.search(r"ago\s+3\.\d MiB\s+linux/amd64\s*linux/arm64\s+[0-9a-f]{12}", first)
    assert page.locator("tbody time").first.get_attribute("title") == "2026-07-05 08:30:00 UTC"
    assert page.locator("th.created").get_attribute("aria-sort") == "descending"


def test_tags_are_sorted_by_whatever_somebody_wants(window: Opened) -> None:
    page = window.go("#/team/app")
    page.get_by_role("button", name="Size").click()
    assert page.locator("th.size").get_attribute("aria-sort") == "descending"
    page.get_by_role("button", name="Size").click()
    assert page.locator("th.size").get_attribute("aria-sort") == "ascending"
    assert rows(window)[0] == "1.0"
    page.get_by_role("button", name="Tag").click()
    assert rows(window)[:2] == ["1.12", "1.11"]


def test_tags_are_searched(window: Opened) -> None:
    page = window.go("#/team/app")
    page.get_by_role("searchbox").fill("1.1")
    window.see("4 of 14 tags")
    assert set(rows(window)) == {"1.1", "1.10", "1.11", "1.12"}


def test_an_image_at_a_glance(window: Opened) -> None:
    page = window.go(LATEST)
    words = window.text()
    for said in ("2026-07-05 08:30:00 UTC", "linux/arm64", "10001:10001", "8080/tcp", "APP_VERSION=1.12", "/app/app"):
        assert said in words
    assert "org.opencontainers.image.licenses\nApache-2.0" in words
    assert "org.opencontainers.image.title\nThe application" in words
    assert page.get_by_text("docker pull").inner_text().endswith("/team/app:latest")


def test_a_platform_is_chosen_and_stays_chosen(window: Opened) -> None:
    page = window.go(LATEST)
    page.get_by_role("navigation", name="Platforms").get_by_role("link", name="linux/arm64").click()
    page.locator("[aria-current=true]", has_text="linux/arm64").wait_for()
    page.get_by_role("link", name="Config", exact=True).click()
    page.get_by_label("Configuration", exact=True).get_by_text('"architecture": "arm64"').wait_for()
    assert page.url.endswith("?view=config&platform=linux/arm64")


def test_layers_have_their_sizes_and_what_is_wasted(window: Opened, shop: RunningRegistry) -> None:
    page = window.go(f"{LATEST}?view=layers")
    window.see("KiB wasted")
    with Client() as client:
        stacked = client.tree(f"{shop.address}/team/app:latest", platform="linux/amd64")
    assert page.locator("tbody tr").count() == len(stacked.layers) == 4
    assert stacked.waste == 220_000
    assert page.locator(".waste-told .wasted").inner_text() == "215 KiB wasted"
    assert page.locator("tbody .wasted").all_inner_texts() == ["215 KiB"]
    assert [text.split()[0] for text in page.locator(".made").all_inner_texts()[1:]] == ["ADD", "RUN", "COPY", "RUN"]


def test_the_history_is_told_from_its_end(window: Opened) -> None:
    page = window.go(f"{LATEST}?view=history")
    steps = page.locator(".steps .step").all_inner_texts()
    assert steps[0] == 'ENTRYPOINT ["/app/app"]'
    assert steps[3] == "COPY dist/app /app/app"
    assert steps[-1].startswith("ADD file:")
    assert page.get_by_text("no files").count() == 4


def test_documents_are_shown_as_they_are(window: Opened) -> None:
    page = window.go(f"{LATEST}?view=config")
    assert page.locator("main h2").all_inner_texts() == ["Configuration", "Manifest", "Index"]
    assert '"history": [' in page.get_by_label("Configuration", exact=True).inner_text()
    assert '"layers": [' in page.get_by_label("Manifest", exact=True).inner_text()
    assert '"manifests": [' in page.get_by_label("Index", exact=True).inner_text()


def test_files_are_walked_through(window: Opened) -> None:
    page = window.go(f"{LATEST}?view=files")
    assert rows(window) == ["app/", "bin/", "etc/", "usr/", "var/"]
    page.get_by_role("link", name="bin").click()
    window.see("→ busybox")
    assert page.locator("[data-entry=file]").inner_text().split()[:3] == ["busybox", "781", "KiB"]
    page.get_by_role("link", name="The folder above").click()
    page.get_by_role("link", name="etc").wait_for()


def test_files_of_a_layer_alone_with_what_it_takes_away(window: Opened) -> None:
    page = window.go(f"{LATEST}?view=files")
    page.get_by_label("Files of").select_option(index=4)
    window.see("taken away from the layers below")
    assert page.locator("del").inner_text() == "var/cache/apt/pkgcache.bin"


def test_referrers_are_a_tree(window: Opened) -> None:
    page = window.go(f"{LATEST}?view=referrers")
    tree = page.locator(".referrers > .tree > li")
    assert sorted(text.splitlines()[0] for text in tree.all_inner_texts()) == ["Bill of materials", "Signature"]
    material = tree.filter(has_text="Bill of materials")
    assert material.locator(".tree li").inner_text().splitlines()[0] == "Signature"
    page.get_by_text("1 annotation").click()
    assert page.get_by_text("dev.sigstore.cosign/bundle").is_visible()


def test_two_tags_are_compared(window: Opened) -> None:
    page = window.go("#/team/app")
    for tag in ("1.12", "1.9"):
        page.get_by_label(f"Choose {tag} to compare").check()
    page.get_by_role("link", name="Compare").click()
    page.get_by_role("heading", name="Packages").wait_for()
    assert page.url.endswith("#/team/app?view=diff&before=1.9&after=1.12")
    words = window.text()
    environment = page.get_by_role("row", name="config.config.Env").get_by_role("cell").all_inner_texts()
    assert [text.strip() for text in environment] == ["APP_VERSION=1.9", "APP_VERSION=1.12"]
    assert "libssl3 3.0.12 → 3.0.13" in words
    assert "tzdata 2026b" in words
    assert "/app/config.yaml content 13 B → 14 B" in words
    page.get_by_role("link", name="Swap").click()
    window.see("libssl3 3.0.13 → 3.0.12")


def test_the_same_image_twice_has_no_difference(window: Opened) -> None:
    window.go("#/team/app?view=diff&before=1.12&after=latest")
    assert "There is no difference between the two." in window.text()


def test_commands_are_copied_and_that_is_said(window: Opened, shop: RunningRegistry) -> None:
    page = window.go(f"{LATEST}?view=commands")
    assert page.locator("main h2").all_inner_texts() == ["boxship", "docker", "podman", "kubectl"]
    page.get_by_role("button", name="Copy the docker command: pull").click()
    page.get_by_role("status").get_by_text("Copied the docker command").wait_for()
    copied = page.evaluate("() => navigator.clipboard.readText()")
    assert copied == f"docker pull {shop.address}/team/app:latest"


def test_deleting_shows_the_whole_plan_and_does_it(window: Opened, shop: RunningRegistry) -> None:
    with Client() as client:
        client.copy(f"{shop.address}/team/app:1.3", f"{shop.address}/team/gone:1")
        client.copy(f"{shop.address}/team/app:1.4", f"{shop.address}/team/gone:2")
        page = window.go("#/team/gone:1")
        page.get_by_role("link", name="Delete").click()
        page.get_by_role("heading", name="Tags that go").wait_for()
        assert page.get_by_role("heading", name="Manifests that go").inner_text() == "Manifests that go1"
        assert set(client.tags(f"{shop.address}/team/gone")) == {"1", "2"}, "nothing is done before somebody agrees"
        page.get_by_role("button", name="Delete what is listed").click()
        window.see("Deleted as planned.")
        assert page.get_by_text("is gone").count() >= 1
        assert set(client.tags(f"{shop.address}/team/gone")) == {"2"}
        page.get_by_role("link", name="Back to team/gone").click()
        window.see("1 tag")
        page.get_by_role("link", name="2", exact=True).wait_for()
        assert rows(window) == ["2"]


def test_a_plan_that_is_no_longer_true_is_not_carried_out(window: Opened, shop: RunningRegistry) -> None:
    with Client() as client:
        client.copy(f"{shop.address}/team/app:1.5", f"{shop.address}/team/moved:1")
        page = window.go("#/team/moved:1?view=delete")
        client.copy(f"{shop.address}/team/app:1.6", f"{shop.address}/team/moved:1")
        page.get_by_role("button", name="Delete what is listed").click()
        page.get_by_role("alert").wait_for()
        assert set(client.tags(f"{shop.address}/team/moved")) == {"1"}


def test_the_doctor_tells_while_it_looks(window: Opened) -> None:
    page = window.go(f"{LATEST}?view=doctor")
    page.locator(".verdict").wait_for()
    assert "can be pulled from here" in page.locator(".verdict").inner_text()
    assert page.get_by_role("heading", name="Content").is_visible()
    assert page.get_by_role("figure", name=re.compile(r"Timeline: \d+ hops in ")).is_visible()
    assert page.locator(".check.ok").count() > 5


VIEWS: dict[str, Callable[[Opened], object]] = {
    "#/team/nothing:1": lambda window: window.page.get_by_text("The repository", exact=False),
    "#/team/app:nothing": lambda window: window.page.get_by_text("not found"),
    "#/team/app:latest?view=files&path=no/folder": lambda window: window.page.get_by_text("no layer"),
    "#/Team/App": lambda window: window.page.get_by_text("lower"),
}


@pytest.mark.parametrize("address", VIEWS)
def test_errors_say_what_the_command_line_says(window: Opened, address: str) -> None:
    page = window.go(address)
    alert = page.get_by_role("alert")
    alert.wait_for()
    said = alert.get_by_label("On the command line").inner_text()
    assert said.startswith("boxship: ")
    assert alert.get_by_role("heading").first.inner_text() in said
    assert alert.get_by_role("button", name="Try again").is_visible()


def test_an_error_has_the_timeline(window: Opened) -> None:
    page = window.go("#/team/nothing:1")
    assert page.get_by_role("figure", name=re.compile("Timeline")).is_visible()
    assert "404" in page.locator(".hop").last.inner_text()
