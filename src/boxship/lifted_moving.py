"""The verbs of `AsyncClient` that move images: those of `verbs/moving`, lifted."""

from __future__ import annotations

__all__ = ["AsyncMoving"]

import os
from collections.abc import Iterable, Mapping
from functools import partial

from boxship.copy import Copied
from boxship.digest import Digest
from boxship.errors import BoxshipError
from boxship.formats.ends import Where
from boxship.image.validate import Validated
from boxship.lift import Lift
from boxship.platform import Platform
from boxship.reference import Reference
from boxship.verbs.moving import JOBS, Moving
from boxship.verbs.removing import Named


class AsyncMoving:
    """`Moving` for asyncio: a cancelled task ends what it has under way."""

    _client: Moving
    _lift: Lift

    async def copy(
        self,
        source: Where,
        target: Where,
        *,
        to: AsyncMoving | None = None,
        platforms: Iterable[Platform | str] | None = None,
        referrers: bool = False,
        cosign: bool = False,
        no_clobber: bool = False,
        filtered: bool = False,
        nondistributable: bool = False,
        jobs: int = JOBS,
    ) -> Copied:
        """See `Client.copy`."""
        return await self._lift(
            partial(
                self._client.copy,
                source,
                target,
                to=to._client if to else None,
                platforms=platforms,
                referrers=referrers,
                cosign=cosign,
                no_clobber=no_clobber,
                filtered=filtered,
                nondistributable=nondistributable,
                jobs=jobs,
            )
        )

    async def copy_tags(
        self,
        source: Reference | str,
        target: Where,
        *,
        to: AsyncMoving | None = None,
        platforms: Iterable[Platform | str] | None = None,
        referrers: bool = False,
        cosign: bool = False,
        no_clobber: bool = False,
        filtered: bool = False,
        nondistributable: bool = False,
        jobs: int = JOBS,
    ) -> Mapping[str, Copied | BoxshipError]:
        """See `Client.copy_tags`."""
        return await self._lift(
            partial(
                self._client.copy_tags,
                source,
                target,
                to=to._client if to else None,
                platforms=platforms,
                referrers=referrers,
                cosign=cosign,
                no_clobber=no_clobber,
                filtered=filtered,
                nondistributable=nondistributable,
                jobs=jobs,
            )
        )

    async def pull(
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
        """See `Client.pull`."""
        return await self._lift(
            partial(
                self._client.pull,
                references,
                path,
                format=format,
                platforms=platforms,
                annotate=annotate,
                cache=cache,
                jobs=jobs,
            )
        )

    async def push(
        self,
        source: Where | os.PathLike[str],
        targets: Reference | str | Iterable[Reference | str],
        *,
        platforms: Iterable[Platform | str] | None = None,
        index: bool = False,
        nondistributable: bool = False,
        jobs: int = JOBS,
    ) -> tuple[Copied, ...]:
        """See `Client.push`."""
        call = partial(self._client.push, source, targets, platforms=platforms, index=index, jobs=jobs)
        return await self._lift(partial(call, nondistributable=nondistributable))

    async def tag(self, reference: Reference | str, *tags: str) -> Digest:
        """See `Client.tag`."""
        return await self._lift(lambda: self._client.tag(reference, *tags))

    async def names_alike(self, reference: Reference | str) -> Named:
        """See `Client.names_alike`."""
        return await self._lift(lambda: self._client.names_alike(reference))

    async def delete(self, reference: Reference | str) -> Digest:
        """See `Client.delete`."""
        return await self._lift(lambda: self._client.delete(reference))

    async def untag(self, reference: Reference | str) -> Digest:
        """See `Client.untag`."""
        return await self._lift(lambda: self._client.untag(reference))

    async def validate(
        self,
        source: Where,
        *,
        platforms: Iterable[Platform | str] | None = None,
        fast: bool = False,
        jobs: int = JOBS,
    ) -> Validated:
        """See `Client.validate`."""
        return await self._lift(lambda: self._client.validate(source, platforms=platforms, fast=fast, jobs=jobs))
