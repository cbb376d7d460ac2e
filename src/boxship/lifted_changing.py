"""The verbs of `AsyncClient` that change images: those of `verbs/changing`, lifted."""

from __future__ import annotations

__all__ = ["AsyncChanging"]

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial

from boxship.copy import Copied
from boxship.formats.ends import Where
from boxship.image.changes import Changes
from boxship.image.convert import Conversion
from boxship.lift import Lift
from boxship.platform import Platform
from boxship.verbs.changing import Changing, Path
from boxship.verbs.moving import JOBS


class AsyncChanging:
    """`Changing` for asyncio: a cancelled task ends what it has under way."""

    _client: Changing
    _lift: Lift

    async def append(
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
        """See `Client.append`."""
        call = partial(self._client.append, layers, target, base=base, oci=oci, annotate=annotate)
        return await self._lift(partial(call, platforms=platforms, jobs=jobs))

    async def mutate(
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
        """See `Client.mutate`."""
        call = partial(self._client.mutate, source, target, changes=changes, append=append, conversion=conversion)
        return await self._lift(partial(call, platforms=platforms, jobs=jobs))

    async def flatten(
        self,
        source: Where,
        target: Where | None = None,
        *,
        platforms: Iterable[Platform | str] | None = None,
        jobs: int = JOBS,
    ) -> Copied:
        """See `Client.flatten`."""
        return await self._lift(partial(self._client.flatten, source, target, platforms=platforms, jobs=jobs))

    async def rebase(
        self,
        source: Where,
        target: Where | None = None,
        *,
        old_base: Where | None = None,
        new_base: Where | None = None,
        platforms: Iterable[Platform | str] | None = None,
        jobs: int = JOBS,
    ) -> Copied:
        """See `Client.rebase`."""
        call = partial(self._client.rebase, source, target, old_base=old_base, new_base=new_base)
        return await self._lift(partial(call, platforms=platforms, jobs=jobs))

    async def replace_config(
        self,
        source: Where,
        target: Where | None = None,
        *,
        content: bytes,
        platforms: Iterable[Platform | str] | None = None,
        jobs: int = JOBS,
    ) -> Copied:
        """See `Client.replace_config`."""
        call = partial(self._client.replace_config, source, target, content=content)
        return await self._lift(partial(call, platforms=platforms, jobs=jobs))

    async def edit_file(
        self,
        source: Where,
        target: Where | None = None,
        *,
        path: str,
        edit: Callable[[bytes], bytes],
        platforms: Iterable[Platform | str] | None = None,
        jobs: int = JOBS,
    ) -> Copied:
        """See `Client.edit_file`."""
        call = partial(self._client.edit_file, source, target, path=path, edit=edit)
        return await self._lift(partial(call, platforms=platforms, jobs=jobs))

    async def replace_manifest(
        self, source: Where, target: Where | None = None, *, content: bytes, media_type: str = "", jobs: int = JOBS
    ) -> Copied:
        """See `Client.replace_manifest`."""
        call = partial(self._client.replace_manifest, source, target, content=content)
        return await self._lift(partial(call, media_type=media_type, jobs=jobs))

    async def make_index(
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
        """See `Client.make_index`."""
        call = partial(self._client.make_index, manifests, target, base=base, docker=docker, flatten=flatten)
        return await self._lift(partial(call, annotations=annotations, jobs=jobs))

    async def list_in_layout(
        self, manifests: Sequence[Where], folder: Path, *, flatten: bool = True, jobs: int = JOBS
    ) -> Copied:
        """See `Client.list_in_layout`."""
        return await self._lift(partial(self._client.list_in_layout, manifests, folder, flatten=flatten, jobs=jobs))

    async def filter_index(
        self, source: Where, target: Where | None = None, *, platforms: Iterable[Platform | str], jobs: int = JOBS
    ) -> Copied:
        """See `Client.filter_index`."""
        return await self._lift(partial(self._client.filter_index, source, target, platforms=platforms, jobs=jobs))
