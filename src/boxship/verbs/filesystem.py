"""The file system of an image: as a tar, or in a folder."""

from __future__ import annotations

__all__ = ["export_image", "opened", "unpack_image", "unpacked"]

import os
import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from io import FileIO
from pathlib import Path

from boxship.errors import BoxshipError, InvalidInput
from boxship.formats.ends import Where, source_end
from boxship.formats.stored import write_all
from boxship.formats.written import in_words, new_file, new_name
from boxship.image.bounds import UNBOUNDED, Bounds
from boxship.image.export import export
from boxship.image.flattened import Output, Write
from boxship.image.layers import Layers
from boxship.image.opening import image_at
from boxship.image.unpacked import Unpacked
from boxship.platform import Platform
from boxship.registry.operations import Operations


def export_image(
    operations: Operations,
    source: Where,
    target: str | os.PathLike[str] | Output,
    *,
    platform: Platform | None,
    bounds: Bounds | None,
) -> None:
    """Write the image's file system to a file, which has its name when it is whole, or to what is open already."""
    with operations.work(), source_end(operations, source) as end, opened(target) as write:
        export(end.store, end.name, write, platform=platform, bounds=bounds or UNBOUNDED)


@contextmanager
def opened(target: str | os.PathLike[str] | Output) -> Iterator[Write]:
    """What writes to a file, which has its name when it is whole, or to what is open already."""
    if isinstance(target, str | os.PathLike):
        with new_file(Path(target)) as file:
            yield lambda content: write_all(file, memoryview(content))
    elif isinstance(target, FileIO):  # which may take a part of what it is given
        yield lambda content: write_all(target, memoryview(content))
    else:
        yield target.write


def unpack_image(
    operations: Operations,
    source: Where,
    folder: Path,
    *,
    platform: Platform | None,
    bounds: Bounds | None,
    devices: bool,
) -> Unpacked:
    """Unpack the image's file system into a folder that is new, or empty."""
    with operations.work(), source_end(operations, source) as end:
        return unpacked(
            lambda: Layers(end.store, image_at(end.store, end.name, platform).layers, bounds or Bounds()),
            folder,
            devices=devices,
        )


def unpacked(layers: Callable[[], Layers], folder: Path, *, devices: bool = False, only: str = "") -> Unpacked:
    """Unpack what these make, or `only` a folder of it, into a folder that is new, or empty; else none is asked for."""
    if sys.platform == "win32":
        raise BoxshipError("images are not unpacked here", why="Windows cannot open a file from its folder on")
    else:  # noqa: RET506 -- there, what follows is not to be looked at
        from boxship.image.unpack import unpack  # noqa: PLC0415

        with in_words(f"{folder} cannot be written"), _empty(folder) as inside:
            return unpack(layers(), inside, devices=devices, only=only)


@contextmanager
def _empty(folder: Path) -> Iterator[Path]:
    """An empty folder that is `folder` in the end; nothing is left in it where that does not come well."""
    if folder.is_dir():
        if any(folder.iterdir()):
            why = "there is something in it"
            raise InvalidInput(f"{folder} is not written", why=why, remedy="name an empty or a new folder")
        try:
            yield folder
        except BaseException:
            for path in folder.iterdir():
                _remove(path)
            raise
        return
    temporary = new_name(folder)
    temporary.mkdir(0o755)
    try:
        yield temporary
        temporary.rename(folder)
    finally:
        if temporary.exists():
            _remove(temporary)


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink()
