"""Each check's id is in one list, and on one page: what it looks at, what may be the cause, what to do."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from boxship.doctor import Check, Status
from boxship.doctor.ids import IDS, layer_of

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/doctor.md").read_text()
_LAYERS = "|".join(sorted({layer_of(check) for check in IDS}))
_ID = re.compile(rf"({_LAYERS})(\.[a-z0-9]+)+")
_SECTION = re.compile(r"^### (\S+)\n+(.+?)(?=^##|\Z)", re.MULTILINE | re.DOTALL)


def _texts() -> Iterator[tuple[str, bool]]:
    """Each text in the doctor's source, and whether it is written as a check's id."""
    for path in (ROOT / "src/boxship/doctor").glob("*.py"):
        tree = ast.parse(path.read_text())
        for node in ast.walk(tree):
            if isinstance(node, ast.keyword) and node.arg == "id" and isinstance(node.value, ast.Constant):
                yield str(node.value.value), True
            elif isinstance(node, ast.Constant) and isinstance(node.value, str) and path.name != "ids.py":
                yield node.value, bool(_ID.fullmatch(node.value))


def test_every_id_in_the_source_is_in_the_list_and_no_other() -> None:
    texts = set(_texts())
    assert sorted({text for text, is_id in texts if is_id} - set(IDS)) == []
    assert sorted(set(IDS) - {text for text, _ in texts}) == []


def test_every_id_has_its_section_in_the_order_of_layers() -> None:
    sections = dict(_SECTION.findall(PAGE))
    assert list(sections) == list(IDS)
    for check, words in sections.items():
        assert "**Looks at**" in words, check
        assert "**What to do**" in words, check


def test_a_check_links_to_its_section() -> None:
    check = Check(id="content.blob", status=Status.ERROR, words="")
    assert check.link == check.document()["link"] == "docs/doctor.md#contentblob"
