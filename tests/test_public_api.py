"""What programs may use changes on purpose only, and says what it promises."""

from __future__ import annotations

import inspect
import re
import subprocess
import sys

import pytest

from boxship import AsyncClient, Client
from tests.public_api import LIST, Public, public

PUBLIC = public()
SEEN = re.compile(r"See `Client\.(\w+)`")


def test_the_public_names_are_those_of_the_list() -> None:
    listed, there = LIST.read_text().splitlines(), [one.line for one in PUBLIC]
    assert [line for line in there if line not in listed] == [], "new: python -m tests.public_api"
    assert [line for line in listed if line not in there] == [], "gone, or used in another way"


def documented(one: Public) -> bool:
    """Whether it is a class, a function or a property: constants and fields are documented with what has them."""
    value = one.value
    return not one.name.endswith("__init__") and (isinstance(value, type | property) or inspect.isroutine(value))


def test_a_public_name_says_what_it_promises() -> None:
    texts = {one.name: inspect.getdoc(one.value) or "" for one in PUBLIC if documented(one)}
    assert [name for name, text in texts.items() if text.partition("\n")[0][-1:] not in (".", ":")] == []
    made_by_dataclass = [name for name, text in texts.items() if text.startswith(f"{name.rpartition('.')[2]}(")]
    assert made_by_dataclass == []
    assert [name for text in texts.values() for name in SEEN.findall(text) if not hasattr(Client, name)] == []


def test_every_word_of_a_client_is_explained() -> None:
    _, _, explained = (inspect.getdoc(Client) or "").partition("Args:")
    words = list(inspect.signature(Client).parameters)
    assert [word for word in words if f"\n    {word}: " not in explained] == []
    assert [*inspect.signature(AsyncClient).parameters] == words


def test_names_load_when_they_are_used() -> None:
    code = "import sys; before = {*sys.modules}; import boxship; print({*sys.modules} - before)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert [name for name in eval(done.stdout) if name.startswith("boxship")] == ["boxship"]


@pytest.mark.parametrize(
    ("used", "unused"),
    [
        ("Reference", {"ssl", "asyncio", "http.client", "boxship.connect.dial", "json"}),
        ("Client", {"asyncio", "http.server", "boxship.image", "boxship.formats", "boxship.artifact.packing", "isal"}),
        ("AsyncClient", {"boxship.sync", "boxship.doctor", "boxship.server", "isal", "granian", "yaml"}),
    ],
)
def test_a_name_loads_only_what_it_needs(used: str, unused: set[str]) -> None:
    code = f"import sys, boxship; boxship.{used}; print({{*sys.modules}})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert eval(done.stdout) & unused == set()
