"""The verbs of `AsyncClient` for artifacts: those of `verbs/artifacts`, lifted."""

from __future__ import annotations

__all__ = ["AsyncArtifacts"]

from collections.abc import Iterable, Mapping, Sequence
from functools import partial

from boxship.artifact.given import Given
from boxship.artifact.pulled import Pulled
from boxship.artifact.referrers import Referrers
from boxship.copy import Copied
from boxship.formats.ends import Where
from boxship.image.bounds import Bounds
from boxship.lift import Lift
from boxship.platform import Platform
from boxship.verbs.artifacts import Artifacts, Path
from boxship.verbs.moving import JOBS


class AsyncArtifacts:
    """`Artifacts` for asyncio: a cancelled task ends what it has under way."""

    _client: Artifacts
    _lift: Lift

    async def push_artifact(
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
        """See `Client.push_artifact`."""
        call = partial(self._client.push_artifact, target, files, artifact_type=artifact_type, config=config)
        said = partial(call, annotations=annotations, config_annotations=config_annotations, created=created)
        return await self._lift(partial(said, subject=subject, jobs=jobs))

    async def attach(
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
        """See `Client.attach`."""
        call = partial(self._client.attach, subject, files, artifact_type=artifact_type, config=config)
        said = partial(call, annotations=annotations, config_annotations=config_annotations, created=created)
        return await self._lift(partial(said, platform=platform, jobs=jobs))

    async def pull_artifact(
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
        """See `Client.pull_artifact`."""
        call = partial(self._client.pull_artifact, source, folder, overwrite=overwrite, config_title=config_title)
        return await self._lift(partial(call, platform=platform, bounds=bounds, jobs=jobs))

    async def referrers(
        self,
        source: Where,
        *,
        artifact_types: Iterable[str] = (),
        depth: int = 0,
        platform: Platform | str | None = None,
        jobs: int = JOBS,
    ) -> Referrers:
        """See `Client.referrers`."""
        call = partial(self._client.referrers, source, artifact_types=artifact_types, depth=depth)
        return await self._lift(partial(call, platform=platform, jobs=jobs))
