from __future__ import annotations

import ast
from pathlib import Path

import pytest

from tests.mutation.mutants import mutants


def changed(source: str) -> list[str]:
    return [mutant.of(source.encode()).decode() for mutant in mutants(source.encode())]


@pytest.mark.parametrize(
    ("source", "others"),
    [
        ("found = a < b", ["found = (a <= b)"]),
        ("found = a is not b", ["found = (a is b)"]),
        ("found = a and b", ["found = (a or b)"]),
        ("found = not a", ["found = (a)"]),
        ("found = 'ä' + b", ["found = ('ä' - b)"]),
        ("found = True", ["found = (False)"]),
        ("found = 7", ["found = (8)"]),
        ("found = a if b else c", ["found = (a if not b else c)"]),
        ("ä(); found += a", ["pass; found += a", "ä(); pass"]),
        ("def f() -> int | None:\n    'Says.'\n    return a", ["def f() -> int | None:\n    'Says.'\n    return None"]),
        ("for a in b:\n    continue", ["for a in b:\n    break"]),
        ("raise Wrong", ["pass"]),
        ("if a:\n    b = c", ["if (not (a)):\n    b = c"]),
    ],
)
def test_a_change_is_one_of_what_is_done(source: str, others: list[str]) -> None:
    assert changed(source) == others


@pytest.mark.parametrize(
    "source",
    [
        "'text'",
        "found = f'{a + b}'",
        "if TYPE_CHECKING:\n    f()",
        "Kind = Text | None",
        "return_none = None",
        "f: A = b",
    ],
)
def test_texts_and_types_stay(source: str) -> None:
    assert changed(source) == []


def test_each_change_of_a_module_is_a_module() -> None:
    source = Path(__file__).read_bytes()
    texts = [mutant.of(source) for mutant in mutants(source)]
    assert len(set(texts)) == len(texts) > 3
    for text in texts:
        ast.parse(text)
