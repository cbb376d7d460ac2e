"""Several blobs on their way into one folder, by several threads and processes at once."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from boxship.connect.trace import Trace
from boxship.digest import Digest
from boxship.errors import BoxshipError, Cancelled
from boxship.formats.alone import have_alone
from boxship.formats.arriving import Arriving
from boxship.registry.uploads import How
from boxship.registry.watched import Watched
from boxship.spec.descriptor import Descriptor

CONTENT = b"a blob"
BLOB = Descriptor(media_type="", digest=Digest.of(CONTENT), size=len(CONTENT))


class Held:
    @contextmanager
    def open_blob(self, blob: Descriptor, at: int = 0) -> Iterator[Iterator[memoryview]]:
        yield iter([memoryview(CONTENT)[at:]])


def test_a_folder_that_another_removes_while_it_is_looked_at_is_made_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make, removed = Path.mkdir, list[Path]()

    def mkdir(path: Path, *words: Any, **named: Any) -> None:
        if path.name == ".arriving" and not removed:
            removed.append(path)
            raise FileExistsError(path)  # it was there, and was none when it was looked at
        make(path, *words, **named)

    monkeypatch.setattr(Path, "mkdir", mkdir)
    Arriving(tmp_path / ".arriving").take(BLOB, Held(), tmp_path / "blob")
    assert removed
    assert (tmp_path / "blob").read_bytes() == CONTENT


@pytest.mark.parametrize("target", [None, "nowhere"], ids=["a file", "a link to nothing"])
def test_what_is_no_folder_in_its_place_is_said(tmp_path: Path, target: str | None) -> None:
    arriving = tmp_path / ".arriving"
    if target:
        arriving.symlink_to(target)
    else:
        arriving.touch()
    with pytest.raises(BoxshipError, match="exists"):
        Arriving(arriving).take(BLOB, Held(), tmp_path / "blob")


def test_what_another_has_begun_and_not_finished_comes_beside_it(tmp_path: Path) -> None:
    arriving, final = tmp_path / ".arriving", tmp_path / "blob"
    arriving.mkdir()
    with (arriving / f"sha256-{BLOB.digest.hex}").open("wb") as another:
        assert have_alone(another)
        assert Arriving(arriving).take(BLOB, Held(), final) is How.PUSHED
        assert final.read_bytes() == CONTENT
        assert [path.name for path in arriving.iterdir()] == [f"sha256-{BLOB.digest.hex}"]


def test_where_one_blob_fails_the_others_stop_at_their_next_piece(tmp_path: Path) -> None:
    with Watched(Held(), Trace(None)) as watched:
        pass
    with pytest.raises(Cancelled):
        Arriving(tmp_path / ".arriving").take(BLOB, watched, tmp_path / "blob")
    assert not (tmp_path / "blob").exists()
