"""Each target of `make fuzz` holds what it promises for its corpus, and notices where that is broken."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from fuzz.rooms.talk import close
from fuzz.target import CORPUS, HARD, target
from fuzz.targets import TARGETS

MOST = 200_000  # bytes of the whole corpus


@pytest.fixture(scope="module", autouse=True)
def _closed() -> Iterator[None]:
    yield
    close()


@pytest.mark.parametrize("name", TARGETS)
def test_a_target_holds_for_its_corpus_and_for_what_is_hard(name: str) -> None:
    inputs = sorted(TARGETS[name].corpus.iterdir())
    assert inputs
    for content in (*(file.read_bytes() for file in inputs), *HARD):
        TARGETS[name](content)
    assert TARGETS[name].promise.endswith(".")


def test_the_corpus_is_small_and_all_of_it_is_somebodys() -> None:
    files = [path for path in CORPUS.rglob("*") if path.is_file()]
    assert sum(file.stat().st_size for file in files) < MOST
    assert {file.parent.name for file in files} == set(TARGETS)


def test_an_error_that_is_not_allowed_and_one_without_words_are_found() -> None:
    @target(ValueError)
    def broken(data: bytes) -> None:
        if data:
            raise ValueError
        raise KeyError

    with pytest.raises(KeyError):
        broken(b"")
    with pytest.raises(AssertionError, match="what is wrong"):
        broken(b"x")
