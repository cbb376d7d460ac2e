"""The doctor's page says what the report says, whoever's words are in it, and asks nobody for anything."""

from __future__ import annotations

from html.parser import HTMLParser
from pathlib import Path

import pytest

from boxship.doctor import Check, Remedy, Report, Status
from boxship.hop import Hop, Layer, Phase, Role
from boxship.testing import html, serving
from boxship.web.doctor_page import doctor_page
from tests.web.browser import CHROMIUM, Seen, opened, pictured

SCRIPT = "<script>document.title = 'taken'</script>"
AT = 1_790_000_000.0


class Page(HTMLParser):
    """The text of a page, and its tags with their classes."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.text, self.tags = "", list[tuple[str, dict[str, str]]]()
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, {name: value or "" for name, value in attrs}))

    def handle_data(self, data: str) -> None:
        self.text += data

    def count(self, tag: str, kind: str = "") -> int:
        """How many tags there are of that class."""
        return sum(name == tag and kind in ("", *values.get("class", "").split()) for name, values in self.tags)


def report(words: str) -> Report:
    """A report in which everybody's words are these."""
    phases = (Phase(Layer.NAMES, 0, 3), Phase(Layer.TCP, 3, 3000, words))
    return Report(
        reference=f"reg.corp/app:{words}",
        verdict=f"10.0.0.5:443 is silently dropped. {words}",
        checks=(
            Check(id="reference", status=Status.OK, words=words),
            Check(id="tcp", status=Status.ERROR, at=words, words=words, evidence=(words,), remedy=words, ms=1.0),
            Check(id="content.manifest", status=Status.SKIPPED, words=words),
            Check(id="settings.trust", status=Status.WARNING, words=words),
        ),
        remedies=(Remedy(words, words, f"first {words}\nsecond"),),
        endpoints=(words,),
        timeline=(
            Hop(role=Role.REGISTRY, url=words, address=words, error=words, phases=phases),
            Hop(role=Role.TOKENS, url=words, method="GET", status=200, phases=(Phase(Layer.FIRST_BYTE, 3, 9),)),
        ),
        seconds=3.0,
    )


def test_it_has_all_of_the_report() -> None:
    page = Page(doctor_page(report("some words"), AT))
    assert page.text.index("silently dropped") < page.text.index("first some words\nsecond") < page.text.index("Checks")
    layers = [page.text.rindex(words) for words in ("Reference", "Settings", "TCP", "Content")]
    assert layers == sorted(layers)
    assert [page.count("div", status.value) for status in Status] == [1, 1, 1, 1]
    assert page.count("section", "error") == 1
    assert page.count("rect", "tcp") == page.count("rect", "failed") + 1 == 2  # one of them in the legend
    assert "docs/doctor.md#tcp" in page.text
    assert "1 ok, 1 warning, 1 error, 1 skipped in 3.0 s, 2026-09-21" in page.text


def test_a_report_without_anything_is_a_page() -> None:
    page = Page(doctor_page(Report(reference="x", verdict="All is well", checks=()), AT))
    assert page.count("section", "ok") == 1
    assert page.count("svg") == 0


@pytest.mark.parametrize("words", [SCRIPT, '"><img src=x onerror=x>', "</style></pre></svg><b>", "' onload='x", "&lt;"])
def test_no_words_become_tags(words: str) -> None:
    shape = Page(doctor_page(report("harmless"), AT)).tags
    page = Page(doctor_page(report(words), AT))
    assert [tag for tag, _ in page.tags] == [tag for tag, _ in shape]
    assert [list(values) for _, values in page.tags] == [list(values) for _, values in shape]
    assert page.text.count(words) >= 15


def test_letters_that_turn_or_hide_the_line_are_gone() -> None:
    page = doctor_page(report("a\u202eb\x00c\x1bd\ud800e"), AT)
    assert "a b c d e" in page
    page.encode()


@pytest.fixture(scope="module")
def browsed(tmp_path_factory: pytest.TempPathFactory) -> Seen:
    file = tmp_path_factory.mktemp("page") / "report.html"
    file.write_text(doctor_page(report(SCRIPT), AT))
    return opened(file)


@pytest.mark.peer(CHROMIUM)
def test_a_browser_reads_it(browsed: Seen) -> None:
    page = Page(browsed.document)
    assert "silently dropped" in page.text
    assert SCRIPT in page.text
    assert page.count("script") == 0
    assert page.count("div", "error") == 1
    assert page.count("rect", "failed") == 1
    assert browsed.console == ()
    assert "<title>boxship doctor: reg.corp/app:&lt;script&gt;" in browsed.document


@pytest.mark.peer(CHROMIUM)
def test_a_browser_asks_nobody(tmp_path: Path) -> None:
    """Not even where somebody's words had come through: the policy forbids what escaping has not prevented."""
    file = tmp_path / "page.html"
    with serving(html()) as server:
        words = f'<img src="http://{server.address}/x"><script>console.log("ran")</script>'
        through = doctor_page(report("WORDS"), AT).replace("WORDS", words)
        file.write_text(through)
        forbidden = opened(file)
        assert server.requests == ()
        assert not any('"ran"' in line for line in forbidden.console)
        assert any("Content Security Policy" in line for line in forbidden.console)
        file.write_text(through.replace("Content-Security-Policy", "none"))
        permitted = opened(file)
        assert server.requests
        assert any('"ran"' in line for line in permitted.console)


@pytest.mark.peer(CHROMIUM)
@pytest.mark.parametrize("dark", [False, True])
def test_a_picture_can_be_taken(tmp_path: Path, dark: bool) -> None:  # noqa: FBT001 -- a row
    file, picture = tmp_path / "page.html", tmp_path / "page.png"
    file.write_text(doctor_page(report("some words"), AT))
    pictured(file, picture, dark=dark)
    assert picture.read_bytes().startswith(b"\x89PNG")
    assert picture.stat().st_size > 20_000  # an empty one has 5,000


def test_the_picture_of_the_readme_is_there_and_small() -> None:
    root = Path(__file__).parents[2]
    name = "docs/images/doctor.png"
    assert name in (root / "README.md").read_text()
    assert (root / name).read_bytes().startswith(b"\x89PNG")
    assert (root / name).stat().st_size < 150_000
