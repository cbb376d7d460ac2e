"""Every way a blob can come, whole, in pieces, out of order, twice at once, and broken off."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator

import pytest

from tests.server.content import digest, push_blob
from tests.server.driver import Driver, Reply

CONTENT = bytes(range(256)) * 16
SHA256 = digest(CONTENT)
SHA512 = digest(CONTENT, "sha512")
UPLOADS = "/v2/app/blobs/uploads/"


def begin(registry: Driver, query: str = "") -> str:
    reply = registry("POST", UPLOADS + query)
    assert reply.status == 202
    return reply.location


def pull(registry: Driver, name: str = SHA256) -> bytes:
    reply = registry("GET", f"/v2/app/blobs/{name}")
    assert reply.status == 200
    return reply.body


def test_a_session_says_where_it_goes_on_and_how_far_it_is(registry: Driver) -> None:
    reply = registry("POST", UPLOADS)
    assert reply.status == 202
    assert reply.location == UPLOADS + reply.headers["docker-upload-uuid"]
    assert reply.headers["range"] == "0-0"
    assert reply.headers["content-length"] == "0"


def test_uploads_begin_without_the_last_slash_too(registry: Driver) -> None:
    assert registry("POST", "/v2/app/blobs/uploads").status == 202


@pytest.mark.parametrize("name", [SHA256, SHA512], ids=["sha256", "sha512"])
def test_a_blob_comes_in_one_request(registry: Driver, name: str) -> None:
    reply = registry("POST", f"{UPLOADS}?digest={name}", CONTENT)
    assert (reply.status, reply.location) == (201, f"/v2/app/blobs/{name}")
    assert reply.headers["docker-content-digest"] == name
    assert pull(registry, name) == CONTENT


@pytest.mark.parametrize("name", [SHA256, SHA512], ids=["sha256", "sha512"])
@pytest.mark.parametrize("query", ["", "?digest-algorithm=sha256", "?digest-algorithm=sha512"])
def test_a_blob_comes_with_the_closing_request(registry: Driver, name: str, query: str) -> None:
    reply = registry("PUT", f"{begin(registry, query)}?digest={name}", CONTENT)
    assert (reply.status, reply.location) == (201, f"/v2/app/blobs/{name}")
    assert pull(registry, name) == CONTENT


def test_a_blob_streams_without_length_or_range(registry: Driver) -> None:
    location = begin(registry)
    pieces = [CONTENT[:1], CONTENT[1:1000], b"", CONTENT[1000:]]
    assert registry("PATCH", location, pieces).headers["range"] == "0-4095"
    assert registry("PUT", f"{location}?digest={SHA256}").status == 201
    assert pull(registry) == CONTENT


def test_a_blob_comes_in_chunks_the_last_one_with_the_closing_request(registry: Driver) -> None:
    location = begin(registry)
    first = registry("PATCH", location, CONTENT[:1000], {"content-range": "0-999"})
    assert (first.status, first.headers["range"]) == (202, "0-999")
    second = registry("PATCH", first.location, CONTENT[1000:2000], {"content-range": "1000-1999"})
    assert (second.status, second.headers["range"]) == (202, "0-1999")
    last = registry("PUT", f"{location}?digest={SHA256}", CONTENT[2000:], {"content-range": "2000-4095"})
    assert last.status == 201
    assert pull(registry) == CONTENT


def test_an_empty_blob_is_a_blob(registry: Driver) -> None:
    name = digest(b"")
    assert registry("PUT", f"{begin(registry)}?digest={name}").status == 201
    assert pull(registry, name) == b""
    assert registry("POST", f"{UPLOADS}?digest={name}").status == 201


@pytest.mark.parametrize("method", ["PATCH", "PUT"])
@pytest.mark.parametrize("chunk", ["0-9", "11-20", "1000-1009"])
def test_a_chunk_out_of_order_is_refused_and_the_session_stays(registry: Driver, method: str, chunk: str) -> None:
    location = begin(registry)
    registry("PATCH", location, CONTENT[:10], {"content-range": "0-9"})
    reply = registry(method, f"{location}?digest={SHA256}", CONTENT[:10], {"content-range": chunk})
    assert (reply.status, reply.location, reply.headers["range"]) == (416, location, "0-9")
    state = registry("GET", location)
    assert (state.status, state.location, state.headers["range"]) == (204, location, "0-9")
    assert "content-length" not in state.headers
    assert registry("PUT", f"{location}?digest={SHA256}", CONTENT[10:]).status == 201


@pytest.mark.parametrize(
    ("chunk", "code"),
    [
        ("0-9", "SIZE_INVALID"),
        ("bytes 0-0/1", "SIZE_INVALID"),
        ("x", "BLOB_UPLOAD_INVALID"),
        ("5-2", "BLOB_UPLOAD_INVALID"),
    ],
)
def test_a_range_that_does_not_fit_its_body_is_refused(registry: Driver, chunk: str, code: str) -> None:
    location = begin(registry)
    assert registry("PATCH", location, b"12345", {"content-range": chunk}).refusal == (400, code)
    assert registry("GET", location).headers["range"] == "0-0"


def test_a_chunked_body_shorter_than_its_range_is_refused(registry: Driver) -> None:
    location = begin(registry)
    assert registry("PATCH", location, [b"12345"], {"content-range": "0-9"}).refusal == (400, "SIZE_INVALID")
    assert registry("PUT", f"{location}?digest={SHA256}", CONTENT).status == 201


@pytest.mark.parametrize("announced", [True, False])
def test_a_body_that_breaks_off_can_be_continued(registry: Driver, announced: object) -> None:
    location = begin(registry)
    headers = {"content-length": str(len(CONTENT))} if announced else {}
    registry("PATCH", location, [CONTENT[:300], CONTENT[300:500]], headers, end="broken")
    assert registry("GET", location).headers["range"] == "0-499"
    assert registry("PUT", f"{location}?digest={SHA256}", CONTENT[500:]).status == 201
    assert pull(registry) == CONTENT


def test_a_body_that_ends_early_without_a_word_is_not_whole(registry: Driver) -> None:
    location = begin(registry)
    reply = registry("PUT", f"{location}?digest={SHA256}", [CONTENT[:500]], {"content-length": str(len(CONTENT))})
    assert reply.refusal == (400, "SIZE_INVALID")
    assert registry("GET", location).headers["range"] == "0-499"


def test_a_single_request_that_breaks_off_leaves_nothing(registry: Driver) -> None:
    registry("POST", f"{UPLOADS}?digest={SHA256}", [CONTENT[:500]], {"content-length": "4096"}, end="broken")
    assert list((registry.folder / "uploads").iterdir()) == []
    assert registry("HEAD", f"/v2/app/blobs/{SHA256}").status == 404


@pytest.mark.parametrize("name", [SHA256, SHA512], ids=["sha256", "sha512"])
def test_content_with_another_digest_is_refused_and_gone(registry: Driver, name: str) -> None:
    location = begin(registry)
    registry("PATCH", location, b"something else")
    assert registry("PUT", f"{location}?digest={name}").refusal == (400, "DIGEST_INVALID")
    assert registry("GET", location).refusal == (404, "BLOB_UPLOAD_UNKNOWN")
    assert registry("POST", f"{UPLOADS}?digest={name}", b"something else").refusal == (400, "DIGEST_INVALID")
    assert list((registry.folder / "uploads").iterdir()) == []


@pytest.mark.parametrize(
    "name",
    [
        "",
        "sha256:",
        "sha256:../../x",
        "sha256:" + "A" * 64,
        "sha256:" + "a" * 65,
        "SHA256:" + "a" * 64,
        "md5:" + "a" * 32,
    ],
)
def test_what_is_no_digest_is_refused(registry: Driver, name: str) -> None:
    assert registry("PUT", f"{begin(registry)}?digest={name}", CONTENT).refusal == (400, "DIGEST_INVALID")
    assert registry("POST", f"{UPLOADS}?digest={name}", CONTENT).refusal == (400, "DIGEST_INVALID")
    assert registry("POST", f"{UPLOADS}?mount={name}").refusal == (400, "DIGEST_INVALID")


def test_a_closing_request_needs_a_digest(registry: Driver) -> None:
    assert registry("PUT", begin(registry), CONTENT).refusal == (400, "DIGEST_INVALID")


def test_an_unknown_algorithm_is_refused(registry: Driver) -> None:
    assert registry("POST", f"{UPLOADS}?digest-algorithm=md5").refusal == (400, "DIGEST_INVALID")


def test_a_cancelled_upload_is_gone(registry: Driver) -> None:
    location = begin(registry)
    registry("PATCH", location, CONTENT)
    assert registry("DELETE", location).status == 204
    assert registry("DELETE", location).refusal == (404, "BLOB_UPLOAD_UNKNOWN")
    assert list((registry.folder / "uploads").iterdir()) == []


@pytest.mark.parametrize("method", ["GET", "PATCH", "PUT", "DELETE"])
def test_a_session_is_its_repositorys_own(registry: Driver, method: str) -> None:
    other = begin(registry).replace("/app/", "/other/")
    assert registry(method, f"{other}?digest={SHA256}", CONTENT).refusal == (404, "BLOB_UPLOAD_UNKNOWN")
    strange = f"{UPLOADS}00000000-0000-0000-0000-000000000000?digest={SHA256}"
    assert registry(method, strange, CONTENT).refusal == (404, "BLOB_UPLOAD_UNKNOWN")


def test_two_writers_do_not_mix(registry: Driver) -> None:
    location = begin(registry)

    async def race() -> list[Reply]:
        pieces = [CONTENT[at : at + 64] for at in range(0, len(CONTENT), 64)]
        return list(await asyncio.gather(*(registry.ask("PATCH", location, pieces) for _ in range(4))))

    replies = registry.run(race())
    assert sorted(reply.status for reply in replies) == [202, 416, 416, 416]
    assert registry("PUT", f"{location}?digest={SHA256}").status == 201
    assert pull(registry) == CONTENT


def test_a_stalled_writer_holds_up_nobody_else(registry: Driver) -> None:
    slow, quick = begin(registry), begin(registry)

    async def race() -> int:
        async with asyncio.TaskGroup() as group:
            stalled = group.create_task(registry.ask("PATCH", slow, [CONTENT[:1]], end="never"))
            reply = await registry.ask("PUT", f"{quick}?digest={SHA256}", CONTENT)
            stalled.cancel()
        return reply.status

    assert registry.run(race()) == 201


def test_the_same_blob_from_many_at_once_is_one_blob(registry: Driver) -> None:
    async def push() -> list[Reply]:
        one = (registry.ask("POST", f"{UPLOADS}?digest={SHA256}", CONTENT) for _ in range(16))
        return list(await asyncio.gather(*one))

    assert {reply.status for reply in registry.run(push())} == {201}
    assert pull(registry) == CONTENT


@pytest.mark.parametrize("query", ["&from=source", "", "&from="], ids=["from", "anywhere", "empty"])
def test_a_blob_is_mounted_from_another_repository(registry: Driver, query: str) -> None:
    push_blob(registry, "source", CONTENT)
    reply = registry("POST", f"{UPLOADS}?mount={SHA256}{query}")
    assert (reply.status, reply.location) == (201, f"/v2/app/blobs/{SHA256}")
    assert pull(registry) == CONTENT


@pytest.mark.parametrize("query", ["&from=elsewhere", "&from=never/seen"])
def test_what_cannot_be_mounted_is_uploaded(registry: Driver, query: str) -> None:
    push_blob(registry, "source", CONTENT)
    reply = registry("POST", f"{UPLOADS}?mount={SHA256}{query}")
    assert reply.status == 202
    assert registry("PUT", f"{reply.location}?digest={SHA256}", CONTENT).status == 201


def test_a_mount_from_no_repository_is_refused(registry: Driver) -> None:
    assert registry("POST", f"{UPLOADS}?mount={SHA256}&from=../x").refusal == (400, "NAME_INVALID")


def test_a_repository_has_a_bounded_number_of_sessions(registry: Driver) -> None:
    async def begin_many() -> set[int]:
        return {reply.status for reply in await asyncio.gather(*(registry.ask("POST", UPLOADS) for _ in range(1000)))}

    assert registry.run(begin_many()) == {202}
    reply = registry("POST", UPLOADS)
    assert reply.refusal == (429, "TOOMANYREQUESTS")
    assert int(reply.headers["retry-after"]) > 0
    assert registry("POST", "/v2/other/blobs/uploads/").status == 202


def test_a_push_that_never_ends_leaves_no_repository(registry: Driver) -> None:
    registry("PATCH", begin(registry), CONTENT)
    assert registry("GET", "/v2/_catalog").json() == {"repositories": []}


def test_several_batches_are_hashed_in_order(registry: Driver) -> None:
    pieces = [bytes([number]) * 700_001 for number in range(5)]
    name = f"sha256:{hashlib.sha256(b''.join(pieces)).hexdigest()}"
    location = begin(registry)
    registry("PATCH", location, pieces)
    assert registry("PUT", f"{location}?digest={name}").status == 201
    assert pull(registry, name) == b"".join(pieces)


@pytest.mark.in_files
def test_what_is_written_of_an_upload_is_not_held_while_more_comes(registry: Driver) -> None:
    async def append() -> list[list[bytes]]:
        storage = (await registry.open()).files
        given: list[list[bytes]] = []

        async def batches() -> AsyncIterator[list[bytes]]:
            for number in range(3):
                assert not any(given)
                given.append([b"piece", b"%d" % number])
                yield given[-1]

        with await storage.claim_any() as claim:
            assert await claim.append(0, batches(), {}) == 3 * len(b"piece0")
            assert claim.file.path.read_bytes() == b"piece0piece1piece2"
        return given

    assert registry.run(append()) == [[], [], []]
