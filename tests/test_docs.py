"""README and docs are programs: their Python runs against the embedded registry; what they list is what there is."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path

import pytest

from boxship import Bounds, __version__
from boxship.cli.commands.registry import ACTIONS
from boxship.cli.verbs import VERBS
from boxship.testing import RunningRegistry, put_image, registry
from tests.docs_blocks import PAGES, ROOT, STORIES, blocks_of, label

_EXAMPLE_ADDRESS = "127.0.0.1:5000"


@pytest.fixture(scope="module")
def served() -> Iterator[RunningRegistry]:
    with registry() as running:
        put_image(running.address, "busybox", "latest")
        yield running


def _blocks() -> Iterator[object]:
    for page in (page for page in PAGES if page not in STORIES):
        for block in blocks_of(page):
            if block.is_python:
                yield pytest.param(block.text, id=f"{label(page)}-{block.number}")


@pytest.mark.parametrize("block", list(_blocks()))
def test_a_python_block_runs(block: str, served: RunningRegistry, tmp_path: Path) -> None:
    program = tmp_path / "test_block.py"
    program.write_text(block.replace(_EXAMPLE_ADDRESS, served.address))
    is_test = "def test_" in block
    runner = ["-m", "pytest", "-q", "-p", "no:cacheprovider", f"--rootdir={tmp_path}"] if is_test else ["-W", "error"]
    ended = subprocess.run([sys.executable, *runner, program], capture_output=True, text=True, timeout=60, check=False)
    assert ended.returncode == 0, ended.stdout + ended.stderr


def test_every_block_says_what_it_is() -> None:
    blocks = [block for page in PAGES for block in blocks_of(page)]
    assert [block for block in blocks if not block.language] == []
    assert [block for block in blocks if block.language == "text" and "\n$ " in f"\n{block.text}"] == []


def test_few_blocks_are_not_run() -> None:
    left_out = [block for page in PAGES for block in blocks_of(page) if block.why]
    assert len(left_out) <= 6, "each has a reason, and a stand-in in the tests is better"


def test_every_event_stands_on_its_page() -> None:
    said = re.compile(r'(?:say\(|telling\.begin\([^"\n]*|end=)\s*"([A-Z][A-Za-z]+)"')
    names = {name for path in (ROOT / "src").rglob("*.py") for name in said.findall(path.read_text())}
    page = (ROOT / "docs/trace.md").read_text()
    assert {"ConnectStart", "ConnectDone", "Request"} <= names
    assert sorted(name for name in names if f"`{name}`" not in page) == []


BOUNDS = {
    "names": "| names | {} for the first address",
    "connect": "| TCP | {} from the last address's start",
    "connect_all": "last address's start, {} in all",
    "tls": "| TLS | {};",
    "tls_first_byte": "{} without a byte (`--tls-timeout`)",
    "proxy": "| a proxy's answer | {} |",
    "patience": "dialled again for up to {}\n",
    "question": "of a plain port that was found | {} |",
    "first_byte": "| first byte of an answer | {};",
    "first_byte_slow": "{} for tags, catalog, blobs",
    "first_byte_moving": "{} for what moves bytes",
    "head": "| head of an answer | {} from its first byte",
    "document": "| a document | {}, and its size limit",
    "document_all": "redirects and retries | {};",
    "silence": "over 60 s | {}; then the rest is asked for",
    "slow": "less than 1 KiB/s over {} |",
    "abandoned": "stays beside it for up to {},",
    "sending": "| sending | {} without the kernel",
    "helper": "| a credential helper | {} |",
}


@pytest.mark.parametrize("bound", [field.name for field in fields(Bounds)])
def test_every_bound_is_what_the_table_of_times_says(bound: str) -> None:
    seconds = round(getattr(Bounds(), bound))
    said = f"{seconds // 60} min" if seconds >= 180 else f"{seconds} s"
    assert BOUNDS[bound].format(said) in (ROOT / "docs/connecting.md").read_text()


def test_every_verb_stands_in_the_changelog() -> None:
    changelog = (ROOT / "CHANGELOG.md").read_text()
    assert [verb for verb in VERBS if verb not in changelog] == []


def test_every_action_on_a_registry_stands_on_its_page() -> None:
    page = (ROOT / "docs/registry.md").read_text()
    assert [action for action in ACTIONS if f"boxship registry {action}" not in page] == []


def test_the_changelog_knows_the_version() -> None:
    assert f"## [{__version__}]" in (ROOT / "CHANGELOG.md").read_text()


def test_contributing_names_every_room() -> None:
    rooms = {
        path.name.removesuffix(".py") for path in (ROOT / "src/boxship").iterdir() if not path.name.startswith("_")
    }
    words = (ROOT / "CONTRIBUTING.md").read_text()
    assert [
        room for room in sorted(rooms - {"py.typed"}) if f"`{room}`" not in words and f"`{room}/`" not in words
    ] == []


def test_examples_are_short() -> None:
    assert {path.name: path.read_text().count("\n") for path in (ROOT / "examples").glob("*.py")}
    assert all(path.read_text().count("\n") <= 40 for path in (ROOT / "examples").glob("*.py"))
