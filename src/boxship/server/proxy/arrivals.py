"""The blobs that are on their way: one question to the upstream for each, however many ask for it here."""

from __future__ import annotations

__all__ = ["Arrivals"]

import asyncio
from functools import partial

from boxship.digest import Digest
from boxship.errors import SizeMismatch
from boxship.server import blobs
from boxship.server.answer import Refusal
from boxship.server.doubt import is_sound
from boxship.server.finishing import in_thread
from boxship.server.names import Vanished
from boxship.server.proxy import elsewhere
from boxship.server.proxy.arrival import Arrival, no_room, write
from boxship.server.proxy.asking import Asking
from boxship.server.proxy.places import Place
from boxship.server.proxy.upstream import Stream, Upstream
from boxship.server.registry import Registry
from boxship.server.storage.claim import FileClaim, Incomplete, Taken
from boxship.server.turns import Turns

_LOOK_AGAIN = 0.1  # seconds, where another process brings it


class Arrivals:
    """The blobs on their way to one registry. What began goes on when whoever asked for it has gone."""

    def __init__(self, registry: Registry, asking: Asking) -> None:
        self._registry = registry
        self._files = registry.files
        self._asking = asking
        self._loop = asyncio.get_running_loop()
        self._turns = Turns()  # of those that have one digest, for several repositories
        self._coming: dict[tuple[str, Digest], Arrival] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    def of(self, place: Place, digest: Digest) -> Arrival:
        """The blob of that repository, on its way from now on if it was not."""
        key = place.here, digest
        arrival = self._coming.get(key)
        if not arrival:
            arrival = self._coming[key] = Arrival(self._loop)
            task = asyncio.create_task(self._bring(place, digest, arrival))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        return arrival

    def has(self, place: Place, digest: Digest) -> bool:
        """Whether it is on its way."""
        return (place.here, digest) in self._coming

    async def settled(self) -> None:
        """Return when none is on its way any more, which is soon where upstreams are closed."""
        if self._tasks:
            await asyncio.wait(self._tasks)

    async def _bring(self, place: Place, digest: Digest, arrival: Arrival) -> None:
        try:
            async with self._turns.about(digest):
                while not await self._had(place, digest, arrival):  # noqa: ASYNC110 - another process tells nobody here
                    await asyncio.sleep(_LOOK_AGAIN)
        except Exception as error:  # noqa: BLE001 - whoever waits for it is told
            arrival.end(error)
        else:
            arrival.end()
        finally:
            del self._coming[place.here, digest]

    async def _had(self, place: Place, digest: Digest, arrival: Arrival) -> bool:
        return await self._is_here(place, digest) or await self._fetched(place, digest, arrival)

    async def _is_here(self, place: Place, digest: Digest) -> bool:
        """Whether it came meanwhile, or is in another repository and the upstream says that it is in this one, too."""
        names = self._registry.names
        if await blobs.find(self._registry, place.here, digest):
            return True
        other = await names.blob_anywhere(digest)
        if not (other and await is_sound(self._registry, other)):
            return False
        if await self._asking.ask(place, lambda upstream: upstream.blob_size(place.there, digest)) is None:
            return False
        return await names.link_blob(place.here, digest, now=self._registry.clock())

    async def _fetched(self, place: Place, digest: Digest, arrival: Arrival) -> bool:
        """Whether it was fetched; False where another process does that, which is looked at."""
        try:
            turn = await self._files.claim(elsewhere.turn_of(digest), new=True)
        except Taken:
            arrival.see(await in_thread(elsewhere.look, self._files, digest), self._files.path(digest))
            return False
        with turn:
            try:
                # Whoever had the turn before may have brought it.
                if not await self._is_here(place, digest):
                    arrival.check_own()
                    await self._bring_now(place, digest, arrival, turn.file)
            finally:
                await turn.discard()
        return True

    async def _bring_now(self, place: Place, digest: Digest, arrival: Arrival, turn: FileClaim) -> None:
        try:
            with await self._files.claim_any() as claim:
                try:
                    fetch = partial(
                        self._fetch, place=place, digest=digest, file=claim.file, turn=turn, arrival=arrival
                    )
                    size = await self._asking.bring(place, fetch)
                except BaseException:
                    await claim.discard()
                    raise
                look = await claim.publish(digest, size)
            await self._registry.names.put_blob(place.here, digest, look, now=self._registry.clock())
        except Vanished as error:
            raise _again("the blob was being cleared away") from error
        except Incomplete as error:
            raise _again(f"what the cache wrote is not on its disk: {error}") from error

    def _fetch(
        self, upstream: Upstream, *, place: Place, digest: Digest, file: FileClaim, turn: FileClaim, arrival: Arrival
    ) -> int:
        """Bring it, in this thread; its size."""
        most = self._registry.settings.largest_blob
        with upstream.blob(place.there, digest) as stream:
            self._check_size(stream, digest, most)
            if stream.size:
                elsewhere.note(turn, file, stream.size)
            arrival.begin(stream.size, file.path, self._files.path(digest))
            return write(stream, file, most=most, room=self._registry.room, advance=arrival.advance)

    def _check_size(self, stream: Stream, digest: Digest, most: int) -> None:
        size = stream.size or 0
        if size > most:
            raise SizeMismatch(f"the blob {digest}", expected=most, actual=size)
        if not self._registry.room.take(0, besides=size + self._awaited()):
            raise no_room()

    def _awaited(self) -> int:
        """How many bytes of what is on its way have not come yet, as far as upstreams say."""
        # In one step: others come and go meanwhile.
        return sum(max(0, (each.size or 0) - each.there) for each in tuple(self._coming.values()))


def _again(why: str) -> Refusal:
    return Refusal(503, "UNKNOWN", why, headers={"retry-after": "1"})
