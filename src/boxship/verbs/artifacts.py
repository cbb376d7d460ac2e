"""The verbs of `Client` for artifacts: files in registries, and what refers to an image."""

from __future__ import annotations

__all__ = ["Artifacts", "Path"]

import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path as Folder
from typing import TYPE_CHECKING

from boxship.verbs.moving import JOBS
from boxship.verbs.words import chosen_platform

if TYPE_CHECKING:
    from boxship.artifact.given import Given
    from boxship.artifact.pulled import Pulled
    from boxship.artifact.referrers import Referrers
    from boxship.copy import Copied
    from boxship.formats.ends import Where
    from boxship.image.bounds import Bounds
    from boxship.platform import Platform
    from boxship.registry.operations import Operations

# What a verb needs is imported in it, as in `client`.
# ruff: noqa: PLC0415

Path = str | os.PathLike[str]


class Artifacts:
    """Artifacts as oras makes and reads them. Places are references, `Place`s, or texts that write either."""

    _operations: Operations

    def push_artifact(
        self,
        target: Where,
        files: Sequence[Given | Path] = (),
        *,
        artifact_type: str = "",
        config: Given | Path | None = None,
        annotations: Mapping[str, str] | None = None,
        config_annotations: Mapping[str, str] | None = None,
        subject: Where | None = None,
        created: str = "",
        jobs: int = JOBS,
    ) -> Copied:
        """Put files as an artifact.

        The same files make the same digest: when it was made is said where `created` or SOURCE_DATE_EPOCH does, which
        is also when files in folders were modified, or else 1970.

        Args:
            target: what it is to be called.
            files: `PATH[:TYPE]`, folders, standard input (`-`), or `artifact.given.Given`.
            artifact_type: what it is, as a media type; by default that it is not known.
            config: a file that is its configuration; by default it has none.
            annotations: of the artifact.
            config_annotations: of its configuration.
            subject: what it refers to; that has to be there.
            created: when it was made, as RFC 3339 writes it; `now` for this moment.
            jobs: blobs on their way at a time.
        """
        from boxship.verbs.attaching import Artifact, push_artifact

        artifact = Artifact.of(
            files,
            artifact_type,
            config=config,
            annotations=annotations,
            config_annotations=config_annotations,
            created=created,
        )
        return push_artifact(self._operations, artifact, target, subject=subject, jobs=jobs)

    def attach(
        self,
        subject: Where,
        files: Sequence[Given | Path] = (),
        *,
        artifact_type: str,
        config: Given | Path | None = None,
        annotations: Mapping[str, str] | None = None,
        config_annotations: Mapping[str, str] | None = None,
        created: str = "",
        platform: Platform | str | None = None,
        jobs: int = JOBS,
    ) -> Copied:
        """Put files as an artifact that refers to an image, where that is; it has no name but its digest.

        Where the registry does not list what refers to the image, the list under the image's tag is kept. The words are
        those of `push_artifact`; `platform` is of an index: what is attached refers to its manifest for that one.
        """
        from boxship.verbs.attaching import Artifact, attach

        artifact = Artifact.of(
            files,
            artifact_type,
            config=config,
            annotations=annotations,
            config_annotations=config_annotations,
            created=created,
        )
        return attach(self._operations, artifact, subject, platform=chosen_platform(platform), jobs=jobs)

    def pull_artifact(
        self,
        source: Where,
        folder: Path = ".",
        *,
        overwrite: bool = False,
        config_title: str = "",
        platform: Platform | str | None = None,
        bounds: Bounds | None = None,
        jobs: int = JOBS,
    ) -> Pulled:
        """Take the files of an artifact out into a folder: all of them, verified, or none.

        No title and no link leads out of the folder. What has no title is called by its digest.

        Args:
            source: the artifact; of an index, those of all that stands in it.
            folder: it is made where it is not there.
            overwrite: replace files that are there; else they are `NameTaken`.
            config_title: what its configuration is to be called, where that is wanted, too.
            platform: of an index, this one alone.
            bounds: what a folder may come to at most; by default `Bounds()`.
            jobs: files on their way at a time.
        """
        from boxship.image.bounds import Bounds
        from boxship.verbs.taking_out import pull_artifact

        return pull_artifact(
            self._operations,
            source,
            Folder(folder),
            overwrite=overwrite,
            config_title=config_title,
            platform=chosen_platform(platform),
            bounds=bounds or Bounds(),
            jobs=jobs,
        )

    def referrers(
        self,
        source: Where,
        *,
        artifact_types: Iterable[str] = (),
        depth: int = 0,
        platform: Platform | str | None = None,
        jobs: int = JOBS,
    ) -> Referrers:
        """What refers to an image, and to that in turn: by its subject, or under cosign's tags.

        Args:
            source: the image, in a registry or a layout; elsewhere nothing refers to anything.
            artifact_types: leave what is of these types, and what leads to it; by default all.
            depth: how deep; 0 is as deep as it goes, which is 16 at most.
            platform: of an index, what refers to its manifest for this one, and not to the index.
            jobs: manifests that are asked about at a time.
        """
        from boxship.verbs.referring import referrers_of

        kinds = (artifact_types,) if isinstance(artifact_types, str) else tuple(artifact_types)
        chosen = chosen_platform(platform)
        return referrers_of(self._operations, source, artifact_types=kinds, depth=depth, platform=chosen, jobs=jobs)
