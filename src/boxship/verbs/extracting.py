"""The verbs of `Client` that take the file system out of an image; what they do is in `filesystem`."""

from __future__ import annotations

__all__ = ["Extracting"]

import os
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from boxship.verbs.words import chosen_platform

if TYPE_CHECKING:
    from boxship.formats.ends import Where
    from boxship.image.bounds import Bounds
    from boxship.image.flattened import Output
    from boxship.image.unpacked import Unpacked
    from boxship.platform import Platform
    from boxship.registry.operations import Operations
    from boxship.verbs.files import Files

# What a verb needs is imported in it, as in `client`.
# ruff: noqa: PLC0415


class Extracting:
    """What is in images. Places are references, `Place`s, or texts that write either."""

    _operations: Operations

    def export(
        self,
        source: Where,
        target: str | os.PathLike[str] | Output,
        *,
        platform: Platform | str | None = None,
        bounds: Bounds | None = None,
    ) -> None:
        """Write the file system that an image's layers make together, as one tar.

        Args:
            source: for example `reg.corp/app:1`, `oci:folder:app`, or `-` for an archive from standard input.
            target: a file's path, or what has `write` for bytes.
            platform: of an index; by default this machine's, in Linux.
            bounds: what it may come to at most; by default nothing.
        """
        from boxship.verbs.filesystem import export_image

        export_image(self._operations, source, target, platform=chosen_platform(platform), bounds=bounds)

    def unpack(
        self,
        source: Where,
        folder: str | os.PathLike[str],
        *,
        platform: Platform | str | None = None,
        bounds: Bounds | None = None,
        devices: bool = False,
    ) -> Unpacked:
        """Unpack the file system that an image's layers make together; no name or link in it leaves the folder.

        Args:
            source: as in `export`.
            folder: one that is not there, or empty.
            platform: as in `export`.
            bounds: what it may come to at most; by default `Bounds()`.
            devices: make devices, too, where the system permits it.
        """
        from boxship.verbs.filesystem import unpack_image

        chosen, path = chosen_platform(platform), Path(folder)
        return unpack_image(self._operations, source, path, platform=chosen, bounds=bounds, devices=devices)

    def list_files(
        self,
        source: Where,
        path: str = "/",
        *,
        recursive: bool = False,
        platform: Platform | str | None = None,
        bounds: Bounds | None = None,
    ) -> Files:
        """What is in a folder of an image, or a file; no more layers are read than have a say in that.

        Links are followed, and lead nowhere but into the image. `NotFound` where there is nothing. The other
        arguments are as in `export`; `bounds` are by default `Bounds()`.
        """
        from boxship.verbs.files import list_files

        chosen = chosen_platform(platform)
        return list_files(self._operations, source, path, recursive=recursive, platform=chosen, bounds=bounds)

    def read_files(
        self,
        source: Where,
        paths: str | Iterable[str],
        target: str | os.PathLike[str] | Output,
        *,
        platform: Platform | str | None = None,
        bounds: Bounds | None = None,
    ) -> Files:
        """Write files of an image one after the other, verified first; layers are read as by `list_files`.

        `target` is a file's path, or what has `write` for bytes.
        """
        from boxship.verbs.files import read_files

        asked, chosen = [paths] if isinstance(paths, str) else [*paths], chosen_platform(platform)
        return read_files(self._operations, source, asked, target, platform=chosen, bounds=bounds)

    def get_files(
        self,
        source: Where,
        path: str,
        target: str | os.PathLike[str],
        *,
        platform: Platform | str | None = None,
        bounds: Bounds | None = None,
    ) -> Files:
        """Write a file or a folder of an image to `target`, which is not there yet; a folder may be empty, too.

        A folder is unpacked as by `unpack`: nothing in it leads out of `target`. `InvalidInput` for what is there.
        """
        from boxship.verbs.files import get_files

        chosen = chosen_platform(platform)
        return get_files(self._operations, source, path, Path(target), platform=chosen, bounds=bounds)
