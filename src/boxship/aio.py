"""`AsyncClient`: the verbs of `Client` for asyncio. The logic exists once and blocks; here it is lifted into threads.

A cancelled task shuts the sockets of the work it started, and goes on only when its thread has let go of them.
"""

from __future__ import annotations

__all__ = ["AsyncBlob", "AsyncClient", "AsyncListing"]

import asyncio
import os
import ssl
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, asynccontextmanager
from functools import partial
from typing import Literal, Self, TypeVar

from boxship.client import Client, PlainHTTP
from boxship.connect.deadline import Bounds, Work
from boxship.connect.means import Means
from boxship.credential import Credential, Secret
from boxship.digest import Digest
from boxship.errors import BoxshipError
from boxship.event import Listener
from boxship.lift import Lift
from boxship.lifted_artifacts import AsyncArtifacts
from boxship.lifted_changing import AsyncChanging
from boxship.lifted_extracting import AsyncExtracting
from boxship.lifted_moving import AsyncMoving
from boxship.lifted_reading import AsyncReading
from boxship.platform import Platform
from boxship.reference import Reference, Registry
from boxship.registry.blobs import Blob
from boxship.registry.listing import Listing
from boxship.registry.log_in import LoggedIn
from boxship.registry.manifests import Document
from boxship.registry.ping import Pong
from boxship.settings.kubelet import Keyring
from boxship.spec.config import Config
from boxship.spec.index import Index
from boxship.spec.manifest import Manifest
from boxship.transport.response import Response
from boxship.wire.limits import Limits

Item = TypeVar("Item")
Result = TypeVar("Result")
_AT_ONCE = 8  # attempts in progress


class AsyncListing:
    """`Listing` for asyncio: names one by one; a page is asked for when its first name is wanted."""

    def __init__(self, lift: Lift, listing: Listing) -> None:
        self._lift, self._pages = lift, listing.pages()
        self._work: Work | None = None
        self._page: Iterator[str] = iter(())

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> str:
        while True:
            for name in self._page:
                return name
            self._work = self._work or self._lift.work()  # its time begins when something is asked for
            page = await self._lift(lambda: next(self._pages, None), self._work)
            if page is None:
                raise StopAsyncIteration
            self._page = iter(page)


class AsyncBlob:
    """`Blob` for asyncio: each piece is valid until the next is asked for."""

    def __init__(self, lift: Lift, blob: Blob, work: Work) -> None:
        self.digest, self.size = blob.digest, blob.size
        self._lift, self._pieces, self._work = lift, iter(blob), work

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> memoryview:
        piece = await self._lift(lambda: next(self._pieces, None), self._work)
        if piece is None:
            raise StopAsyncIteration
        return piece


class AsyncClient(AsyncMoving, AsyncExtracting, AsyncChanging, AsyncReading, AsyncArtifacts):
    """`Client` for asyncio: the same words, the same verbs, the same results, cancelled with their task."""

    _client: Client

    def __init__(
        self,
        *,
        plain_http: PlainHTTP | None = None,
        insecure: bool = False,
        skip_tls_verify: bool | Iterable[str] = False,
        username: str | None = None,
        password: str | None = None,
        credential: Credential | None = None,
        ca_file: str | os.PathLike[str] | None = None,
        cert: str | os.PathLike[str] | None = None,
        key: str | os.PathLike[str] | None = None,
        tls_min: str | None = None,
        headers: Mapping[str, str] | None = None,
        user_agent: str | None = None,
        tls_context: ssl.SSLContext | None = None,
        resolve: Mapping[tuple[str, int], tuple[str, int]] | None = None,
        ip_version: Literal[4, 6] | None = None,
        requests_per_second: float | None = None,
        concurrency: int | None = None,
        memory: str | os.PathLike[str] | None = "",
        refresh: bool = False,
        config: str | os.PathLike[str] | None = None,
        authfile: str | os.PathLike[str] | None = None,
        pull_secrets: Keyring | None = None,
        preemptive: bool = False,
        timeout: float | None = None,
        bounds: Bounds | None = None,
        on_event: Listener | None = None,
    ) -> None:
        self._client = Client(
            plain_http=plain_http,
            insecure=insecure,
            skip_tls_verify=skip_tls_verify,
            username=username,
            password=password,
            credential=credential,
            ca_file=ca_file,
            cert=cert,
            key=key,
            tls_min=tls_min,
            headers=headers,
            user_agent=user_agent,
            tls_context=tls_context,
            resolve=resolve,
            ip_version=ip_version,
            requests_per_second=requests_per_second,
            concurrency=concurrency,
            memory=memory,
            refresh=refresh,
            config=config,
            authfile=authfile,
            pull_secrets=pull_secrets,
            preemptive=preemptive,
            timeout=timeout,
            bounds=bounds,
            on_event=on_event,
        )
        self._lift = Lift(timeout, on_event)

    async def ping(self, registry: Registry | str) -> Pong:
        """See `Client.ping`."""
        return await self._lift(lambda: self._client.ping(registry))

    async def limits(self, registry: Registry | str) -> Limits | None:
        """See `Client.limits`."""
        return await self._lift(lambda: self._client.limits(registry))

    def tags(
        self, repository: Reference | str, *, after: str | None = None, page_size: int | None = None
    ) -> AsyncListing:
        """See `Client.tags`."""
        return AsyncListing(self._lift, self._client.tags(repository, after=after, page_size=page_size))

    def catalog(
        self, registry: Registry | str, *, after: str | None = None, page_size: int | None = None
    ) -> AsyncListing:
        """See `Client.catalog`."""
        return AsyncListing(self._lift, self._client.catalog(registry, after=after, page_size=page_size))

    async def digest(self, reference: Reference | str) -> Digest:
        """See `Client.digest`."""
        return await self._lift(lambda: self._client.digest(reference))

    def digests(self, references: Iterable[Reference | str]) -> AsyncIterator[Digest]:
        """See `Client.digests`."""
        return self._each(self._client.digests(references))

    def attempt_digests(self, references: Iterable[Reference | str]) -> AsyncIterator[Digest | BoxshipError]:
        """See `Client.attempt_digests`."""
        return self._each(self._client.attempt_digests(references))

    def attempt_documents(self, references: Iterable[Reference | str]) -> AsyncIterator[Document | BoxshipError]:
        """See `Client.attempt_documents`."""
        return self._each(self._client.attempt_documents(references))

    async def attempt_each(
        self, verb: Callable[[Item], Awaitable[Result]], items: Iterable[Item]
    ) -> AsyncIterator[Result | BoxshipError]:
        """See `Client.attempt_each`; `verb` is one of this client, or any other coroutine function."""

        async def attempt(item: Item) -> Result | BoxshipError:
            try:
                return await verb(item)
            except BoxshipError as error:
                return error

        begun: deque[asyncio.Task[Result | BoxshipError]] = deque()
        try:
            for item in items:
                begun.append(asyncio.ensure_future(attempt(item)))
                if len(begun) >= _AT_ONCE:
                    yield await begun[0]
                    begun.popleft()
            while begun:
                yield await begun[0]
                begun.popleft()
        finally:
            for task in begun:
                task.cancel()
            await asyncio.gather(*begun, return_exceptions=True)

    async def document(self, reference: Reference | str, *, platform: Platform | str | None = None) -> Document:
        """See `Client.document`."""
        return await self._lift(lambda: self._client.document(reference, platform=platform))

    async def manifest(self, reference: Reference | str, *, platform: Platform | str | None = None) -> Manifest | Index:
        """See `Client.manifest`."""
        return await self._lift(lambda: self._client.manifest(reference, platform=platform))

    async def config(self, reference: Reference | str, *, platform: Platform | str | None = None) -> Config:
        """See `Client.config`."""
        return await self._lift(lambda: self._client.config(reference, platform=platform))

    @asynccontextmanager
    async def open_blob(self, reference: Reference | str, *, size: int | None = None) -> AsyncIterator[AsyncBlob]:
        """See `Client.open_blob`."""
        async with self._inside(self._client.open_blob(reference, size=size)) as (blob, work):
            yield AsyncBlob(self._lift, blob, work)

    async def read_blob(
        self, reference: Reference | str, *, size: int | None = None, limit: int = Client.LONGEST_SMALL_BLOB
    ) -> bytes:
        """See `Client.read_blob`."""
        return await self._lift(lambda: self._client.read_blob(reference, size=size, limit=limit))

    @asynccontextmanager
    async def api(
        self,
        method: str,
        registry: Registry | str,
        path: str,
        *,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> AsyncIterator[Response]:
        """See `Client.api`; the response's body is read by blocking calls, to be lifted with `asyncio.to_thread`."""
        opened = self._client.api(method, registry, path, body=body, headers=headers)
        async with self._inside(opened) as (response, _):
            yield response

    async def login(
        self, registry: Registry | str, username: str | None = None, password: str | None = None
    ) -> LoggedIn:
        """See `Client.login`."""
        return await self._lift(lambda: self._client.login(registry, username, password))

    async def logout(self, registry: Registry | str | None = None) -> tuple[str, ...]:
        """See `Client.logout`."""
        return await self._lift(lambda: self._client.logout(registry))

    async def authorization(
        self, repository: Reference | str, *, push: bool = False, mount: Iterable[Reference | str] = ()
    ) -> Secret | None:
        """See `Client.authorization`."""
        return await self._lift(lambda: self._client.authorization(repository, push=push, mount=mount))

    async def means(self, registry: Registry | str, repository: str = "") -> Means:
        """See `Client.means`."""
        return await self._lift(lambda: self._client.means(registry, repository))

    async def close(self) -> None:
        """See `Client.close`."""
        await self._lift.at_once(self._client.close, self._lift.work())
        self._lift.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def _each(self, found: Iterator[Result]) -> AsyncIterator[Result]:
        work = self._lift.work()
        while (one := await self._lift(lambda: next(found, None), work)) is not None:
            yield one

    @asynccontextmanager
    async def _inside(self, context: AbstractContextManager[Result]) -> AsyncIterator[tuple[Result, Work]]:
        work, entered = self._lift.work(), list[Result]()
        try:
            await self._lift(lambda: entered.append(context.__enter__()), work)
            yield entered[0], work
        except BaseException as error:
            if isinstance(error, asyncio.CancelledError):
                work.cancel()
            if entered:  # perhaps in the moment in which the task was cancelled
                await self._lift.at_once(partial(context.__exit__, type(error), error, error.__traceback__), work)
            raise
        await self._lift.at_once(partial(context.__exit__, None, None, None), work)
