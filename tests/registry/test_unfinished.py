"""Of an upload that was not finished, one goes on with it."""

from __future__ import annotations

from pathlib import Path

import pytest

from boxship.connect.verdict import Origin
from boxship.digest import Digest
from boxship.registry.unfinished import Unfinished

PATH = "/v2/app/blobs/uploads/1"


def upload(folder: Path) -> Unfinished:
    return Unfinished(folder, Origin("https", "reg.test", 443), "app", Digest.of(b"x"))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder that knows of an upload that an earlier process has begun."""
    earlier = upload(tmp_path / "uploads")
    earlier.keep(PATH)
    earlier.leave()
    return tmp_path / "uploads"


def test_it_is_told_to_the_first_who_asks_until_that_one_leaves_it(folder: Path) -> None:
    first, second = upload(folder), upload(folder)
    assert (first.recall(), second.recall()) == (PATH, "")
    second.leave()
    assert upload(folder).recall() == ""
    first.leave()
    assert second.recall() == PATH
    second.forget()
    assert first.recall() == ""
    first.leave()


def test_who_comes_second_changes_nothing_of_what_is_kept(folder: Path) -> None:
    first, second = upload(folder), upload(folder)
    first.recall()
    second.recall()
    second.keep("/v2/app/blobs/uploads/2")
    second.forget()
    first.leave()
    assert first.recall() == PATH
    first.forget()
