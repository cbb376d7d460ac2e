"""The verbs of `Client` that move images: what they take and promise; what they do is in `copying` and beside it."""

from __future__ import annotations

__all__ = ["JOBS", "Moving"]

import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from boxship.verbs.words import chosen_platforms, named_reference, named_references

if TYPE_CHECKING:
    from boxship.copy import Copied
    from boxship.digest import Digest
    from boxship.errors import BoxshipError
    from boxship.formats.ends import Where
    from boxship.image.validate import Validated
    from boxship.platform import Platform
    from boxship.reference import Reference
    from boxship.registry.operations import Operations
    from boxship.verbs.removing import Named

# What a verb needs is imported in it, as in `client`.
# ruff: noqa: PLC0415

JOBS = 8
"""Blobs, or questions, that are on their way at a time, where nobody says how many."""


class Moving:
    """Images on their way from one place to another. Places are references, `Place`s, or texts that write either."""

    _operations: Operations

    def copy(
        self,
        source: Where,
        target: Where,
        *,
        to: Moving | None = None,
        platforms: Iterable[Platform | str] | None = None,
        referrers: bool = False,
        cosign: bool = False,
        no_clobber: bool = False,
        filtered: bool = False,
        nondistributable: bool = False,
        jobs: int = JOBS,
    ) -> Copied:
        """Copy an image with all that it refers to, its digest unchanged; what is there already is not sent.

        Args:
            source: for example `reg.corp/app:1`, or `oci:folder:app`.
            target: the same; without a tag, `latest`.
            to: the client that reaches the target, where its settings are others.
            platforms: of an index, these alone: one becomes an image of its own, several leave the index as it is, and
                none are all. By default all; where docker is to load it, this machine's.
            referrers: bring along whatever refers to the image as its subject: signatures, attestations, SBOMs.
            cosign: bring along what cosign keeps under tags of its own.
            no_clobber: leave a name to what has it: `NameTaken` where that is something else.
            filtered: of several platforms, make an index of those alone, whose digest is new.
            nondistributable: bring layers, too, that may not be distributed, where the source has them.
            jobs: blobs on their way at a time.
        """
        from boxship.copy import Options
        from boxship.verbs.copying import copy_image

        there, chosen = (to or self)._operations, chosen_platforms(platforms)
        options = Options(
            referrers=referrers,
            cosign=cosign,
            no_clobber=no_clobber,
            filtered=filtered,
            nondistributable=nondistributable,
        )
        return copy_image(self._operations, source, target, to=there, platforms=chosen, options=options, jobs=jobs)

    def copy_tags(
        self,
        source: Reference | str,
        target: Where,
        *,
        to: Moving | None = None,
        platforms: Iterable[Platform | str] | None = None,
        referrers: bool = False,
        cosign: bool = False,
        no_clobber: bool = False,
        filtered: bool = False,
        nondistributable: bool = False,
        jobs: int = JOBS,
    ) -> Mapping[str, Copied | BoxshipError]:
        """Copy every tag of a repository, several at a time; by tag, what it came to, or the error it ended with.

        The words are those of `copy`; neither end has a tag, and `jobs` are images at a time, too.
        """
        from boxship.copy import Options
        from boxship.verbs.repositories import copy_tags

        there, chosen, repository = (to or self)._operations, chosen_platforms(platforms), named_reference(source)
        options = Options(
            referrers=referrers,
            cosign=cosign,
            no_clobber=no_clobber,
            filtered=filtered,
            nondistributable=nondistributable,
        )
        return copy_tags(self._operations, repository, target, to=there, platforms=chosen, options=options, jobs=jobs)

    def pull(
        self,
        references: Reference | str | Iterable[Reference | str],
        path: str | os.PathLike[str],
        *,
        format: str = "docker-archive",  # noqa: A002 -- it is the flag's word
        platforms: Iterable[Platform | str] | None = None,
        annotate: bool = False,
        cache: str | os.PathLike[str] | None = None,
        jobs: int = JOBS,
    ) -> tuple[Copied, ...]:
        """Bring images to a file or a folder.

        Args:
            references: of one image or several.
            path: what is to be written; an archive is written anew, a layout gets them besides what it has.
            format: `docker-archive`, `oci-archive`, `oci` or `dir`.
            platforms: see `copy`.
            annotate: call them in a layout by their whole references, as archives always do.
            cache: a folder where blobs are kept under their digests, and are not asked for again.
            jobs: blobs on their way at a time.
        """
        from boxship.formats.place import Kind, Place
        from boxship.verbs.copying import pull_images

        return pull_images(
            self._operations,
            named_references(references),
            Place(Kind(format), Path(path)),
            platforms=chosen_platforms(platforms),
            annotate=annotate,
            cache=None if cache is None else Path(cache),
            jobs=jobs,
        )

    def push(
        self,
        source: Where | os.PathLike[str],
        targets: Reference | str | Iterable[Reference | str],
        *,
        platforms: Iterable[Platform | str] | None = None,
        index: bool = False,
        nondistributable: bool = False,
        jobs: int = JOBS,
    ) -> tuple[Copied, ...]:
        """Push an image from a file or a folder, whose format is found by looking; a result for each repository.

        With `index`, all that a layout lists is one image. `nondistributable` is as in `copy`.
        """
        from boxship.copy import Options
        from boxship.formats.looking import place_at
        from boxship.verbs.copying import push_image

        place = place_at(os.fspath(source)) if isinstance(source, str | os.PathLike) else source
        named, chosen = named_references(targets), chosen_platforms(platforms)
        options = Options(nondistributable=nondistributable)
        return push_image(self._operations, place, named, platforms=chosen, options=options, index=index, jobs=jobs)

    def tag(self, reference: Reference | str, *tags: str) -> Digest:
        """Give these tags, in its repository, to what the reference stands for; its digest. No blob is moved."""
        from boxship.verbs.naming import tag

        return tag(self._operations, named_reference(reference), tags)

    def names_alike(self, reference: Reference | str) -> Named:
        """What the reference stands for, and every tag of its repository that stands for the same."""
        from boxship.verbs.removing import names_alike

        return names_alike(self._operations, named_reference(reference))

    def delete(self, reference: Reference | str) -> Digest:
        """Delete what the reference stands for, with every tag that stands for it (`names_alike`); its digest."""
        from boxship.verbs.removing import delete

        return delete(self._operations, named_reference(reference))

    def untag(self, reference: Reference | str) -> Digest:
        """Take this tag away, and leave what it stands for, whose digest is returned, and its other names.

        Where the registry does not know how, an empty image is given the tag, and deleted with it.
        """
        from boxship.verbs.removing import untag

        return untag(self._operations, named_reference(reference))

    def validate(
        self,
        source: Where,
        *,
        platforms: Iterable[Platform | str] | None = None,
        fast: bool = False,
        jobs: int = JOBS,
    ) -> Validated:
        """See whether an image is what it says it is: sizes, digests, layers unpacked, configuration against layers.

        Args:
            source: where it is: in a registry or at a place.
            platforms: of an index, these alone; by default all.
            fast: of layers, see only that they are there, as long as they are said to be.
            jobs: layers that are read at a time.
        """
        from boxship.verbs.validating import validate_image

        return validate_image(self._operations, source, platforms=chosen_platforms(platforms), fast=fast, jobs=jobs)
