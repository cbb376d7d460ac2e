"""Artifacts pulled: everything is taken out and verified beside where it is to be, and then put there."""

from __future__ import annotations

__all__ = ["pull_artifact"]

import sys
import tempfile
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from boxship.artifact.contents import Item, items_of
from boxship.artifact.pulled import Pulled
from boxship.connect.crew import Crew
from boxship.errors import BoxshipError, UnexpectedAnswer
from boxship.formats.ends import Where, source_end
from boxship.formats.written import in_words
from boxship.graph import read_graph, with_children
from boxship.image.bounds import Bounds
from boxship.platform import Platform
from boxship.registry.manifests import parse_document
from boxship.registry.operations import Operations
from boxship.registry.watched import Watched
from boxship.spec.manifest import Manifest
from boxship.verbs.copying import copying


def pull_artifact(
    operations: Operations,
    source: Where,
    folder: Path,
    *,
    overwrite: bool,
    config_title: str,
    platform: Platform | None,
    bounds: Bounds,
    jobs: int,
) -> Pulled:
    """Take the files of the artifact out into the folder."""
    if sys.platform == "win32":
        raise BoxshipError("artifacts are not pulled here", why="Windows cannot open a file from its folder on")
    else:  # noqa: RET506 -- there, what follows is not to be looked at
        from boxship.artifact.placing import place  # noqa: PLC0415
        from boxship.artifact.taking import take  # noqa: PLC0415

        with copying(operations, (), jobs) as way, source_end(operations, source) as end:
            root = read_graph(end.store, end.store.resolve(end.name), (platform,) if platform else ())
            documents = [parse_document(node.document) for node in with_children(root)]
            items = items_of((one for one in documents if isinstance(one, Manifest)), config_title)
            if not items:
                why = "it is an image, or has no files"
                raise UnexpectedAnswer(
                    f"nothing is taken out of {source}", why=why, remedy="boxship export unpacks images"
                )
            with _beside(folder) as scratch, Watched(end.store, way.work.trace) as watched:

                def taken(numbered: tuple[int, Item]) -> list[str]:
                    number, item = numbered
                    tree = scratch / str(number)
                    tree.mkdir()
                    return take(watched, item, tree, bounds)

                left_out = _all_of(way.crew, taken, [*enumerate(items)], watched)
                (kept := scratch / "kept").mkdir()
                place([scratch / str(number) for number in range(len(items))], folder, kept=kept, overwrite=overwrite)
        return Pulled(digest=root.document.digest, files=tuple(item.title for item in items), left_out=tuple(left_out))


def _all_of(
    crew: Crew, take: Callable[[tuple[int, Item]], list[str]], items: Sequence[tuple[int, Item]], watched: Watched
) -> list[str]:
    """What all of them come to; none is under way when this ends, in whatever way. The first error is raised."""
    failed: list[BaseException] = []

    def attempt(item: tuple[int, Item]) -> list[str]:
        try:
            return [] if failed else take(item)
        except BaseException as error:  # noqa: BLE001 -- it is raised again in the thread that waits for the others
            failed.append(error)
            watched.end()
            return []

    waits, told = deque(crew.begin(attempt, item) for item in items), list[str]()
    try:
        while waits:
            told += waits[0]()
            waits.popleft()
    except BaseException as error:  # noqa: BLE001 -- as above: somebody wants it to end
        failed.append(error)
        watched.end()
        while waits:
            waits.popleft()()
    if failed:
        raise failed[0]
    return told


@contextmanager
def _beside(folder: Path) -> Iterator[Path]:
    """A folder in the folder, for a while; that is made, and gone again where it does not come well."""
    with in_words(f"{folder} cannot be written"):
        new = not folder.exists()
        folder.mkdir(parents=True, exist_ok=True)
        try:
            with tempfile.TemporaryDirectory(prefix=".boxship-", dir=folder) as scratch:
                yield Path(scratch)
        except BaseException:
            if new:
                with suppress(OSError):
                    folder.rmdir()
            raise
