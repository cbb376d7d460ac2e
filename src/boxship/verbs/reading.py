"""The verbs of `Client` that say what is in images, without unpacking them; what they do is in `looking`."""

from __future__ import annotations

__all__ = ["Reading"]

from collections.abc import Iterable
from typing import TYPE_CHECKING

from boxship.verbs.moving import JOBS
from boxship.verbs.words import chosen_platform, chosen_platforms

if TYPE_CHECKING:
    from boxship.formats.ends import Where
    from boxship.image.bounds import Bounds
    from boxship.image.difference import Difference
    from boxship.image.history import History
    from boxship.image.inspection import Inspected
    from boxship.image.waste import Stacked
    from boxship.platform import Platform
    from boxship.registry.operations import Operations

# What a verb needs is imported in it, as in `client`.
# ruff: noqa: PLC0415


class Reading:
    """What images are. Places are references, `Place`s, or texts that write either."""

    _operations: Operations

    def inspect(
        self, source: Where, *, platforms: Iterable[Platform | str] | None = None, jobs: int = JOBS
    ) -> Inspected:
        """What an image, an index or an artifact says of itself; no layer is read, and no tag is listed.

        Args:
            source: for example `reg.corp/app:1`, or `oci:folder:app`.
            platforms: of an index, one is inspected alone, and of several no others.
            jobs: documents that are read at a time.
        """
        from boxship.verbs.looking import inspect_image

        return inspect_image(self._operations, source, platforms=chosen_platforms(platforms) or (), jobs=jobs)

    def raw(self, source: Where, *, platforms: Iterable[Platform | str] | None = None) -> bytes:
        """The bytes of the manifest or index; of an index, with one of `platforms`, those of the manifest for it."""
        from boxship.verbs.looking import raw_document

        return raw_document(self._operations, source, chosen_platforms(platforms) or ())

    def raw_config(self, source: Where, *, platform: Platform | str | None = None) -> bytes:
        """The bytes of an image's configuration; `source` and `platform` are as in `history`."""
        from boxship.verbs.looking import raw_config

        return raw_config(self._operations, source, chosen_platform(platform))

    def history(self, source: Where, *, platform: Platform | str | None = None) -> History:
        """How an image was made, step by step, as it says, each step with its layer.

        `source` is as in `inspect`; `platform` is of an index, by default this machine's, in Linux.
        """
        from boxship.verbs.looking import history_of

        return history_of(self._operations, source, chosen_platform(platform))

    def tree(self, source: Where, *, platform: Platform | str | None = None, bounds: Bounds | None = None) -> Stacked:
        """What each layer of an image adds, and what it has in vain; all of them are read.

        `source` and `platform` are as in `history`; `bounds` are what it may come to, by default `Bounds()`.
        """
        from boxship.verbs.files import tree_of

        return tree_of(self._operations, source, platform=chosen_platform(platform), bounds=bounds)

    def diff(
        self,
        before: Where,
        after: Where,
        *,
        platform: Platform | str | None = None,
        bounds: Bounds | None = None,
        times: bool = False,
    ) -> Difference:
        """How the image `after` differs from `before`: manifest, configuration, layers, files and packages.

        Each layer is read once; none where both have the same ones. With `times`, files that differ in nothing but
        when they were modified are told, too. The other arguments are as in `tree`.
        """
        from boxship.verbs.looking import diff_images

        chosen = chosen_platform(platform)
        return diff_images(self._operations, before, after, platform=chosen, bounds=bounds, times=times)
