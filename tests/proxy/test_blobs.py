"""A cache's blobs: read while they come, by any number at once, and by nobody whole that are wrong."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from pathlib import Path

import pytest

from boxship.digest import Digest
from boxship.errors import BoxshipError, ConnectFailed, DigestMismatch, NotFound, Refused
from boxship.server.asgi import Message
from boxship.server.proxy.arrival import Arrival
from tests.proxy.conftest import Clock
from tests.proxy.held import BLOB, CONTENT, DIGEST, kept, uploads
from tests.proxy.stand_in import PIECE, StandIn, settle
from tests.server.driver import Driver, Reply

QUESTION = ("blob", "team/app", str(DIGEST))
BY_HEAD = ("blob_size", "team/app", str(DIGEST))


@pytest.fixture(autouse=True)
def _has_it(upstream: StandIn) -> None:
    upstream.contents[DIGEST] = CONTENT


async def until(registry: Driver, target: str, size: int, **headers: str) -> tuple[Reply, asyncio.Task[Reply]]:
    """A request that goes on, when so many bytes of its answer have come."""
    reply = Reply()

    async def ask() -> Reply:
        async def never() -> dict[str, object]:
            await asyncio.Event().wait()
            return {}

        await registry._app(registry._scope("GET", target, {"host": "localhost", **headers}), never, reply.take)
        return reply

    asking = asyncio.create_task(ask())
    async with asyncio.timeout(20):
        while len(reply.body) < size:
            await asyncio.sleep(0.005)
            assert not asking.done(), reply
    return reply, asking


def test_a_blob_is_brought_once_and_then_here(registry: Driver, upstream: StandIn) -> None:
    for how in ("MISS", "HIT"):
        answer = registry("GET", BLOB)
        settle(registry)
        assert (answer.status, answer.body, answer.headers["x-cache"]) == (200, CONTENT, how)
        assert answer.headers["content-length"] == str(len(CONTENT))
        assert answer.headers["docker-content-digest"] == str(DIGEST)
    upstream.away = ConnectFailed("away")
    assert registry("GET", BLOB).body == CONTENT
    assert upstream.asked == [QUESTION]
    settle(registry)
    assert (kept(registry), uploads(registry)) == (True, [])


def test_head_of_what_is_not_here_is_asked_by_head_and_brings_nothing(
    registry: Driver, upstream: StandIn, clock: Clock
) -> None:
    nothing: dict[str, str] = {}
    for again in (nothing, {"if-none-match": f'"{DIGEST}"'}):
        answer = registry("HEAD", BLOB, headers=again)
        assert (answer.status, answer.body, answer.headers["x-cache"]) == (304 if again else 200, b"", "MISS")
        assert answer.headers["docker-content-digest"] == str(DIGEST)
    assert registry("HEAD", BLOB).headers["content-length"] == str(len(CONTENT))
    assert upstream.asked == [BY_HEAD]
    assert (kept(registry), uploads(registry)) == (False, [])
    clock.now += 61
    del upstream.contents[DIGEST]
    assert registry("HEAD", BLOB).status == 404


def test_sixty_four_who_ask_by_head_are_one_question(registry: Driver, upstream: StandIn) -> None:
    async def ask() -> list[Reply]:
        return await asyncio.gather(*(registry.ask("HEAD", BLOB) for _ in range(64)))

    assert {reply.headers["content-length"] for reply in registry.run(ask())} == {str(len(CONTENT))}
    assert upstream.asked == [BY_HEAD]


def test_head_of_what_is_on_its_way_is_answered_from_that(registry: Driver, upstream: StandIn) -> None:
    upstream.stops_at = 5 * PIECE

    async def ask() -> list[Reply]:
        _, asking = await until(registry, BLOB, PIECE)
        told = await registry.ask("HEAD", BLOB)
        upstream.goes_on.set()
        return [told, await asking]

    told, asked = registry.run(ask())
    assert (told.status, told.headers["content-length"], told.body) == (200, str(len(CONTENT)), b"")
    assert asked.body == CONTENT
    assert upstream.asked == [QUESTION]


def test_head_of_what_the_upstream_tells_no_size_of_is_answered_when_it_is_here(
    registry: Driver, upstream: StandIn
) -> None:
    upstream.tells_size = False
    assert registry("HEAD", BLOB).headers["content-length"] == str(len(CONTENT))
    assert upstream.asked == [BY_HEAD, QUESTION]


def test_head_of_what_cannot_be_asked_for_is_refused_by_its_cause(registry: Driver, upstream: StandIn) -> None:
    upstream.away = ConnectFailed("away")
    assert registry("HEAD", BLOB).status == 503
    assert upstream.asked == [BY_HEAD]


def test_who_asks_reads_it_while_it_comes_and_who_comes_later_catches_up(registry: Driver, upstream: StandIn) -> None:
    upstream.stops_at = 5 * PIECE

    async def ask() -> list[Reply]:
        first, one = await until(registry, BLOB, 4 * PIECE)
        later, other = await until(registry, BLOB, 4 * PIECE)
        assert first.body == later.body == CONTENT[: 4 * PIECE]  # the last piece is held back, as if it were the end
        upstream.goes_on.set()
        return [await one, await other]

    assert [reply.body for reply in registry.run(ask())] == [CONTENT] * 2
    assert upstream.asked == [QUESTION]


def test_sixty_four_who_ask_at_once_are_one_question(registry: Driver, upstream: StandIn) -> None:
    async def ask() -> list[Reply]:
        return await asyncio.gather(*(registry.ask("GET", BLOB) for _ in range(64)))

    assert {reply.body for reply in registry.run(ask())} == {CONTENT}
    assert upstream.asked == [QUESTION]


@pytest.mark.parametrize("spoilt", [CONTENT[:-1] + b"?", b"?" + CONTENT[1:], CONTENT[:-1], CONTENT + b"?"])
def test_nobody_gets_the_whole_of_what_is_wrong_and_it_is_not_kept(
    registry: Driver, upstream: StandIn, spoilt: bytes
) -> None:
    upstream.contents[DIGEST] = spoilt
    reply = Reply()

    async def ask() -> None:
        async def never() -> dict[str, object]:
            await asyncio.Event().wait()
            return {}

        await registry._app(registry._scope("GET", BLOB, {"host": "localhost"}), never, reply.take)

    with suppress(EOFError):  # what it is refused with where that is known before its first byte
        registry.run(ask())
    # Broken off, or refused before its first byte; 503 where it was given up before its file was opened.
    broken = reply.status == 200 and len(reply.body) < int(reply.headers["content-length"])
    assert broken or reply.status in (502, 503)
    settle(registry)
    assert (kept(registry), uploads(registry)) == (False, [])
    upstream.contents[DIGEST] = CONTENT
    assert registry("GET", BLOB).body == CONTENT


def test_what_is_given_up_before_it_is_opened_did_not_come(tmp_path: Path) -> None:
    async def work() -> None:
        arrival = Arrival(asyncio.get_running_loop())
        arrival.begin(10, tmp_path / "uploads", tmp_path / "blobs")
        assert await arrival.begun()
        arrival.end(ConnectFailed("away"))
        with pytest.raises(EOFError) as caught:
            await asyncio.to_thread(arrival.open)
        await asyncio.sleep(0)
        assert "did not come" in str(caught.value)

    asyncio.run(work())


def test_one_that_breaks_off_is_broken_for_all_and_brought_anew_for_the_next(
    registry: Driver, upstream: StandIn
) -> None:
    upstream.stops_at = upstream.fails_at = 3 * PIECE
    upstream.error = ConnectFailed("away in the middle")

    async def ask() -> list[BaseException | Reply]:
        _, one = await until(registry, BLOB, 2 * PIECE)
        _, other = await until(registry, BLOB, 2 * PIECE)
        upstream.goes_on.set()
        return list(await asyncio.gather(one, other, return_exceptions=True))

    assert [type(ended) for ended in registry.run(ask())] == [EOFError, EOFError]
    assert (kept(registry), uploads(registry)) == (False, [])
    upstream.stops_at = upstream.fails_at = float("inf")
    assert registry("GET", BLOB).status == 503  # it was away a moment ago


@pytest.mark.parametrize(
    ("error", "answered"),
    [
        (NotFound("none", status=404), (404, "BLOB_UNKNOWN")),
        (Refused("no", status=401), (403, "DENIED")),
        (ConnectFailed("away"), (503, "UNKNOWN")),
        (DigestMismatch("blob", expected="a", actual="b"), (502, "UNKNOWN")),
    ],
)
def test_what_the_upstream_does_not_give_is_refused_by_its_cause(
    registry: Driver, upstream: StandIn, error: BoxshipError, answered: tuple[int, str]
) -> None:
    upstream.away = error
    assert registry("GET", BLOB).refusal == answered


def test_the_rest_of_one_is_read_while_it_comes(registry: Driver, upstream: StandIn) -> None:
    upstream.stops_at = 8 * PIECE

    async def ask() -> Reply:
        reply, asking = await until(registry, BLOB, 3 * PIECE, range=f"bytes={4 * PIECE}-")
        assert reply.status == 206
        upstream.goes_on.set()
        return await asking

    answer = registry.run(ask())
    assert answer.body == CONTENT[4 * PIECE :]
    assert answer.headers["content-range"] == f"bytes {4 * PIECE}-{len(CONTENT) - 1}/{len(CONTENT)}"


def test_a_part_from_the_middle_is_given_when_all_is_right(registry: Driver, upstream: StandIn) -> None:
    upstream.contents[DIGEST] = CONTENT[:-1] + b"?"
    assert registry("GET", BLOB, headers={"range": "bytes=0-99"}).status == 502
    upstream.contents[DIGEST] = CONTENT
    answer = registry("GET", BLOB, headers={"range": "bytes=10-99"})
    assert (answer.status, answer.body) == (206, CONTENT[10:100])


def test_one_of_unknown_size_is_given_when_it_has_come(registry: Driver, upstream: StandIn) -> None:
    upstream.tells_size = False
    answer = registry("GET", BLOB)
    assert (answer.body, answer.headers["content-length"]) == (CONTENT, str(len(CONTENT)))


def test_what_began_goes_on_without_whoever_asked(registry: Driver, upstream: StandIn) -> None:
    upstream.stops_at = 5 * PIECE

    async def leave() -> None:
        _, asking = await until(registry, BLOB, PIECE)
        asking.cancel()
        await asyncio.wait((asking,))
        upstream.goes_on.set()

    registry.run(leave())
    assert registry("GET", BLOB).body == CONTENT
    assert upstream.asked == [QUESTION]


def test_a_layer_of_another_repository_is_not_fetched_again_if_the_upstream_says_that_it_is_there(
    registry: Driver, upstream: StandIn
) -> None:
    assert registry("GET", BLOB).status == 200
    assert registry("GET", BLOB.replace("team/app", "team/other")).body == CONTENT
    assert upstream.asked == [QUESTION, ("blob_size", "team/other", str(DIGEST))]
    del upstream.contents[DIGEST]
    assert registry("GET", BLOB.replace("team/app", "private/app")).refusal == (404, "BLOB_UNKNOWN")


def test_what_is_damaged_here_is_brought_again(registry: Driver, upstream: StandIn) -> None:
    assert registry("GET", BLOB).status == 200
    settle(registry)
    (file,) = (registry.folder / "blobs").rglob(DIGEST.hex)
    file.chmod(0o600)
    file.write_bytes(CONTENT[:-1] + b"?")
    assert registry("GET", BLOB).body == CONTENT
    assert upstream.asked == [QUESTION] * 2


def test_a_registry_that_stops_gives_up_what_is_on_its_way(registry: Driver, upstream: StandIn) -> None:
    upstream.stops_at, upstream.fails_at = 2 * PIECE, 3 * PIECE

    async def begin() -> None:
        _, asking = await until(registry, BLOB, PIECE)
        asking.cancel()
        await asyncio.wait((asking,))

    registry.run(begin())
    registry.reopen()
    assert (kept(registry), uploads(registry)) == (False, [])


def test_who_leaves_while_nothing_comes_is_no_failure(registry: Driver, upstream: StandIn) -> None:
    upstream.stops_at = 5 * PIECE
    reply = Reply()

    async def ask() -> None:
        async def leaves() -> dict[str, object]:
            while len(reply.body) < 4 * PIECE:  # noqa: ASYNC110 - nobody tells a client how much it has
                await asyncio.sleep(0.005)
            return {"type": "http.disconnect"}

        await registry._app(registry._scope("GET", BLOB, {"host": "localhost"}), leaves, reply.take)
        upstream.goes_on.set()

    registry.run(ask())
    assert reply.body == CONTENT[: 4 * PIECE]


def test_who_takes_nothing_holds_up_nobody_and_gets_all_of_it_later(registry: Driver, upstream: StandIn) -> None:
    reply = Reply()

    async def ask() -> None:
        goes_on = asyncio.Event()

        async def slowly(message: Message) -> None:
            await reply.take(message)
            await goes_on.wait()

        async def never() -> dict[str, object]:
            await asyncio.Event().wait()
            return {}

        asking = asyncio.create_task(registry._app(registry._scope("GET", BLOB, {"host": "localhost"}), never, slowly))
        async with asyncio.timeout(20):
            assert (await registry.ask("GET", BLOB)).body == CONTENT
        assert not asking.done()
        goes_on.set()
        await asking

    registry.run(ask())
    assert reply.body == CONTENT
    assert upstream.asked == [QUESTION]


def test_an_empty_blob_is_whole_at_once(registry: Driver, upstream: StandIn) -> None:
    upstream.contents[Digest.of(b"")] = b""
    answer = registry("GET", f"/v2/up/team/app/blobs/{Digest.of(b'')}")
    assert (answer.status, answer.body, answer.headers["content-length"]) == (200, b"", "0")
