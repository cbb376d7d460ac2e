"""A bucket of an object store, asked by S3's protocol; where obstore's exceptions stop.

Every call ends: a store that refuses is asked again for some seconds, and is `StorageUnavailable` then. Who it is asked
as is in the environment, as AWS's own programs have it; what errors tell is without that.
"""

from __future__ import annotations

__all__ = ["Bucket", "Listed", "ObjectState", "Where", "Writer"]

import asyncio
import errno
import re
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator, Sequence
from contextlib import AbstractContextManager, asynccontextmanager, contextmanager, suppress
from datetime import datetime, timedelta
from functools import partial
from typing import Protocol

from boxship.errors import InvalidSettings, MissingExtra
from boxship.server.storage import StorageUnavailable
from boxship.value import dataclass

try:
    import obstore
    from obstore.exceptions import AlreadyExistsError, BaseError
    from obstore.store import S3Store
except ModuleNotFoundError as error:
    raise MissingExtra("s3", "content in an object store") from error

# S3's parts have 5 MiB at least and there are 10,000 at most; one waits to be full while one is sent.
PART = 8 * 1024 * 1024
_MOST_PARTS = 10_000
_BLOCK = 2 * 1024 * 1024  # bytes of a question for content; another one is on its way meanwhile
_AGAIN = timedelta(seconds=10)  # that a store which refuses is asked again
_ANSWER = timedelta(seconds=30)  # for a whole answer
_CONNECT = timedelta(seconds=5)
_END = 60.0  # seconds that no call takes longer than
_LINE = "\n"
_NAME = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")


@dataclass(frozen=True, slots=True)
class ObjectState:
    """The size of an object, and when it was put there, in nanoseconds."""

    size: int
    modified: int


@dataclass(frozen=True, slots=True)
class Listed:
    """An object of a listing; `modified` is in seconds."""

    key: str
    size: int
    modified: float


class Writer(Protocol):
    """An object on its way."""

    async def write(self, content: bytes, /) -> object:
        """Add to it; returns when there is room for more."""


@dataclass(frozen=True, slots=True)
class _Writing:
    writer: Writer
    border: Callable[[], AbstractContextManager[None]]

    async def write(self, content: bytes, /) -> None:
        with self.border():
            await self.writer.write(content)


@dataclass(frozen=True, slots=True)
class Where:
    """Which bucket, and what all keys in it begin with.

    Attributes:
        endpoint: the store's URL; '' is what the environment says, and else AWS.
        region: likewise.
    """

    bucket: str
    prefix: str = ""
    endpoint: str = ""
    region: str = ""

    @classmethod
    def parse(cls, url: str, *, endpoint: str = "", region: str = "") -> Where:
        """Read `s3://BUCKET[/PREFIX]`, or raise `InvalidSettings`."""
        scheme, told, rest = url.partition("://")
        bucket, _, prefix = rest.partition("/")
        prefix = prefix.strip("/")
        remedy = "--storage s3://BUCKET/PREFIX, the credentials in AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"
        if scheme != "s3" or not told or "@" in rest:
            raise InvalidSettings("--storage", why="it is no URL of a bucket", remedy=remedy)
        if not _NAME.fullmatch(bucket) or any(part in ("", ".", "..") for part in prefix.split("/") if prefix):
            raise InvalidSettings("--storage", why=f"{bucket!r} and {prefix!r} name no place", remedy=remedy)
        if endpoint and not endpoint.startswith(("http://", "https://")):
            raise InvalidSettings("--s3-endpoint", why="it is no URL", remedy="--s3-endpoint https://HOST:PORT")
        return cls(bucket, prefix, endpoint.rstrip("/"), region)

    def __str__(self) -> str:
        return f"s3://{self.bucket}/{self.prefix}".rstrip("/")


class Bucket:
    """The objects whose keys begin with the prefix, by what comes after it."""

    def __init__(self, where: Where, *, largest: int = 0) -> None:
        """Ask nobody yet. `largest` is how many bytes an object may have, where that is more than usual."""
        self._where = where
        self._part = max(PART, -(-largest // _MOST_PARTS))
        config: dict[str, str | bool] = {}
        if where.endpoint:
            # What is no AWS has no name for each bucket, most often.
            config |= {"endpoint": where.endpoint, "virtual_hosted_style_request": False}
        if where.region:
            config["region"] = where.region
        with self._border("opened"):
            self._store = S3Store(
                where.bucket,
                prefix=where.prefix or None,
                config=config,  # type: ignore[arg-type]  # a TypedDict that is not to be had at run time
                client_options={
                    "timeout": _ANSWER,
                    "connect_timeout": _CONNECT,
                    # Plain HTTP is what somebody wrote as the endpoint, or nothing.
                    "allow_http": True,
                },
                retry_config={"retry_timeout": _AGAIN, "backoff": {"max_backoff": timedelta(seconds=2)}},
            )

    def __str__(self) -> str:
        return str(self._where)

    @asynccontextmanager
    async def writing(self, key: str) -> AsyncIterator[Writer]:
        """A new object, there as a whole when the block has ended, and not at all if it failed."""
        writer = obstore.open_writer_async(
            self._store, key, buffer_size=self._part, max_concurrency=1, attributes=_TYPE
        )
        await writer.__aenter__()
        try:
            yield _Writing(writer, partial(self._border, key))
        except BaseException as error:
            with self._border(key):
                # Whoever is told of a failure has the store forget what it has of the object.
                await writer.__aexit__(type(error), error, error.__traceback__)
            raise
        with self._border(key):
            await writer.__aexit__(None, None, None)

    async def put(self, key: str, content: bytes) -> None:
        """Put an object there as a whole."""
        with self._border(key):
            async with asyncio.timeout(_END):
                await obstore.put_async(self._store, key, content, attributes=_TYPE, use_multipart=False)

    async def create(self, key: str, content: bytes) -> None:
        """Put an object there unless one is. Not every store decides between those who do so at once."""
        with self._border(key), suppress(AlreadyExistsError):
            async with asyncio.timeout(_END):
                await obstore.put_async(self._store, key, content, attributes=_TYPE, mode="create")

    async def look(self, key: str) -> ObjectState | None:
        """What is there by that key; None where nothing is."""
        with self._border(key):
            try:
                async with asyncio.timeout(_END):
                    found = await obstore.head_async(self._store, key)
            except FileNotFoundError:
                return None
        return ObjectState(found["size"], _nanoseconds(found["last_modified"]))

    async def read(self, key: str) -> bytes | None:
        """All of a small object; None where there is none."""
        with self._border(key):
            try:
                async with asyncio.timeout(_END):
                    found = await obstore.get_async(self._store, key)
                    return bytes(await found.bytes_async())
            except FileNotFoundError:
                return None

    async def blocks(self, key: str, start: int, stop: int) -> AsyncGenerator[bytes]:
        """The bytes from `start` to before `stop`, the next ones on their way.

        Each is asked for by itself: neither a slow reader nor a store that is away for a moment breaks them off.
        """
        coming: asyncio.Task[bytes] | None = None
        try:
            for place in range(start, stop, _BLOCK):
                block = await (coming or self._block(key, place, stop))
                after = place + _BLOCK
                coming = asyncio.create_task(self._block(key, after, stop)) if after < stop else None
                yield block
        finally:
            if coming:
                coming.cancel()
                await asyncio.gather(coming, return_exceptions=True)

    async def _block(self, key: str, place: int, stop: int) -> bytes:
        end = min(place + _BLOCK, stop)
        with self._border(key):
            async with asyncio.timeout(_END):
                block = bytes(await obstore.get_range_async(self._store, key, start=place, end=end))
        if len(block) != end - place:
            raise StorageUnavailable(errno.EIO, f"{self._where}: {key}: {len(block)} bytes, not {end - place}")
        return block

    async def delete(self, keys: Sequence[str]) -> None:
        """Delete objects; those that are not there are no failure."""
        for key in keys:  # not S3's deletion of many at once, which some stores do not have
            with self._border(key):
                try:
                    async with asyncio.timeout(_END):
                        await obstore.delete_async(self._store, key)
                except FileNotFoundError:
                    continue

    async def list(self, prefix: str) -> AsyncIterator[Sequence[Listed]]:
        """The objects in that folder, in pages, in the order of their keys."""
        pages = obstore.list(self._store, prefix).__aiter__()
        while True:
            with self._border(prefix):
                try:
                    async with asyncio.timeout(_END):
                        page = await anext(pages)
                except StopAsyncIteration:
                    return
            yield [Listed(each["path"], each["size"], each["last_modified"].timestamp()) for each in page]

    async def sign(self, key: str, seconds: int) -> str:
        """A URL by which anybody can read the object for so long."""
        with self._border(key):
            return await obstore.sign_async(self._store, "GET", key, timedelta(seconds=seconds))

    @contextmanager
    def _border(self, key: str) -> Iterator[None]:
        try:
            yield
        except BaseError as error:
            # What follows the first line is for who mends obstore.
            why = str(error).partition(_LINE)[0]
            raise StorageUnavailable(errno.EAGAIN, f"{self._where}: {key}: {why}") from None
        except TimeoutError as error:
            raise StorageUnavailable(errno.EAGAIN, f"{self._where}: {key}: no answer in time") from error
        except OSError as error:
            # Of what is only looked for, whoever does that sees to what is not there; else the bucket is not.
            raise StorageUnavailable(errno.EAGAIN, f"{self._where}: {str(error).partition(_LINE)[0]}") from None


# Content is anybody's: no browser may guess its type, whoever sends it.
_TYPE = {"Content-Type": "application/octet-stream"}


def _nanoseconds(moment: datetime) -> int:
    return int(moment.timestamp()) * 1_000_000_000 + moment.microsecond * 1000
