"""The verbs of `Client` that change images: what they take and promise; what they do is in `editing` and `image`."""

from __future__ import annotations

__all__ = ["Changing"]

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from boxship.verbs.moving import JOBS
from boxship.verbs.words import chosen_platforms

if TYPE_CHECKING:
    from boxship.copy import Copied
    from boxship.formats.ends import Where
    from boxship.image.changes import Changes
    from boxship.image.convert import Conversion
    from boxship.platform import Platform
    from boxship.registry.operations import Operations

# What a verb needs is imported in it, as in `client`.
# ruff: noqa: PLC0415

Path = str | os.PathLike[str]


class Changing:
    """Images changed where they are, or on their way. Nothing is unpacked that does not change, and nothing is run."""

    _operations: Operations

    def append(
        self,
        layers: Sequence[Path],
        target: Where,
        *,
        base: Where | None = None,
        oci: bool = True,
        annotate: bool = False,
        platforms: Iterable[Platform | str] | None = None,
        jobs: int = JOBS,
    ) -> Copied:
        """Put layers on an image.

        Args:
            layers: tars, compressed or not, or folders; `-` is standard input. What is compressed with gzip or zstd
                is taken as it is.
            target: where the result is to be.
            base: the image; without one, what is made has these layers alone.
            oci: whether without a base it is of OCI's media types, and not of Docker's.
            annotate: say in its annotations which base it is on.
            platforms: of an index, one becomes an image of its own; by default all get the layers.
            jobs: blobs on their way at a time.
        """
        from boxship.verbs.layering import append, append_to_nothing

        paths = [os.fspath(path) for path in layers]
        if base is None:
            return append_to_nothing(self._operations, paths, target, oci=oci, jobs=jobs)
        chosen = chosen_platforms(platforms)
        return append(self._operations, paths, base, target, annotate=annotate, platforms=chosen, jobs=jobs)

    def mutate(
        self,
        source: Where,
        target: Where | None = None,
        *,
        changes: Changes | None = None,
        append: Sequence[Path] = (),
        conversion: Conversion | None = None,
        platforms: Iterable[Platform | str] | None = None,
        jobs: int = JOBS,
    ) -> Copied:
        """Change what an image says of itself and how it runs; by default in its place.

        Args:
            source: the image.
            target: where the result is to be.
            changes: of its configuration and its annotations.
            append: layers that are put on it, as by `append`.
            conversion: other media types, other compression, layers without some files.
            platforms: see `append`.
            jobs: see `append`.
        """
        from boxship.image.changes import Changes
        from boxship.image.convert import Conversion
        from boxship.verbs.layering import mutate

        paths, chosen = [os.fspath(path) for path in append], chosen_platforms(platforms)
        return mutate(
            self._operations,
            source,
            target,
            changes=changes or Changes(),
            paths=paths,
            conversion=conversion or Conversion(),
            platforms=chosen,
            jobs=jobs,
        )

    def flatten(
        self,
        source: Where,
        target: Where | None = None,
        *,
        platforms: Iterable[Platform | str] | None = None,
        jobs: int = JOBS,
    ) -> Copied:
        """Make one layer of all that can be seen of an image's; by default in its place. See `append`."""
        from boxship.image.flat import flat
        from boxship.verbs.editing import edit_image

        return edit_image(
            self._operations,
            source,
            target,
            lambda making: lambda image: flat(making.source, image, making.shop, send=making.sending()),
            platforms=chosen_platforms(platforms),
            jobs=jobs,
        )

    def rebase(
        self,
        source: Where,
        target: Where | None = None,
        *,
        old_base: Where | None = None,
        new_base: Where | None = None,
        platforms: Iterable[Platform | str] | None = None,
        jobs: int = JOBS,
    ) -> Copied:
        """Put an image on another base, by default in its place, and say so in its annotations.

        `UnexpectedAnswer` where it is not on the old one. Bases that are not told are those of its annotations: the
        new one by its name, the old one by the digest that it had. The other words are those of `append`.
        """
        from boxship.verbs.bases import rebasing
        from boxship.verbs.editing import edit_image

        with rebasing(self._operations, old_base, new_base) as make:
            chosen = chosen_platforms(platforms)
            return edit_image(self._operations, source, target, make, platforms=chosen, jobs=jobs)

    def replace_config(
        self,
        source: Where,
        target: Where | None = None,
        *,
        content: bytes,
        platforms: Iterable[Platform | str] | None = None,
        jobs: int = JOBS,
    ) -> Copied:
        """Give an image these bytes for its configuration; by default in its place. See `append`."""
        from boxship.image.replaced import with_config
        from boxship.verbs.editing import edit_image

        return edit_image(
            self._operations,
            source,
            target,
            lambda _: lambda image: with_config(image, content),
            platforms=chosen_platforms(platforms),
            jobs=jobs,
        )

    def edit_file(
        self,
        source: Where,
        target: Where | None = None,
        *,
        path: str,
        edit: Callable[[bytes], bytes],
        platforms: Iterable[Platform | str] | None = None,
        jobs: int = JOBS,
    ) -> Copied:
        """Put another file into an image, on top; by default in its place.

        `edit` gets the file's bytes, or none, and gives what is to be there; rights and owner stay what they were.
        Links are followed. The other words are those of `append`.
        """
        from boxship.verbs.layering import edit_file

        chosen = chosen_platforms(platforms)
        return edit_file(self._operations, source, target, path=path, edit=edit, platforms=chosen, jobs=jobs)

    def replace_manifest(
        self, source: Where, target: Where | None = None, *, content: bytes, media_type: str = "", jobs: int = JOBS
    ) -> Copied:
        """Put these bytes in the place of a manifest or an index: what they refer to is copied.

        `media_type` is by default what they say, or else that of what they replace.
        """
        from boxship.image.replaced import replaced
        from boxship.verbs.editing import put_document

        return put_document(
            self._operations, source, target, lambda document: replaced(document, content, media_type), jobs=jobs
        )

    def make_index(
        self,
        manifests: Sequence[Where],
        target: Where,
        *,
        base: Where | None = None,
        docker: bool = False,
        flatten: bool = True,
        annotations: Mapping[str, str] | None = None,
        jobs: int = JOBS,
    ) -> Copied:
        """Put an index to the target, with all that stands in it.

        Args:
            manifests: images, and indexes, from anywhere; each gets the platform that its configuration says.
            target: where the index is to be.
            base: an index, whose manifests come first and which says everything else.
            docker: whether without a base it is of Docker's media type.
            flatten: of an index, take what stands in it, and not the index.
            annotations: of the index.
            jobs: blobs on their way at a time.
        """
        from boxship.verbs.indexing import make_index

        return make_index(
            self._operations,
            manifests,
            target,
            base=base,
            docker=docker,
            flatten=flatten,
            annotations=annotations or {},
            jobs=jobs,
        )

    def list_in_layout(
        self, manifests: Sequence[Where], folder: Path, *, flatten: bool = True, jobs: int = JOBS
    ) -> Copied:
        """Put images into a layout, whose list has each by its digest and platform: what `make_index` lists otherwise.

        Args:
            manifests: images, and indexes, from anywhere.
            folder: the layout, which is made if need be.
            flatten: of an index, take what stands in it, and not the index.
            jobs: blobs on their way at a time.
        """
        from pathlib import Path as Folder

        from boxship.verbs.indexing import list_in_layout

        return list_in_layout(self._operations, manifests, Folder(folder), flatten=flatten, jobs=jobs)

    def filter_index(
        self, source: Where, target: Where | None = None, *, platforms: Iterable[Platform | str], jobs: int = JOBS
    ) -> Copied:
        """Leave of an index the manifests for these platforms, and what is attested of them; by default in its place.

        A platform may be a system alone, as `linux`.
        """
        from boxship.verbs.indexing import filter_index
        from boxship.verbs.words import systems_or_platforms

        chosen = systems_or_platforms(platforms)
        return filter_index(self._operations, source, source if target is None else target, chosen, jobs=jobs)
