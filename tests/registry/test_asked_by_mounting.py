"""Whether a tiny blob is there is asked by the request that begins its upload: it would be mounted from where it is."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field

import pytest

from boxship import Client
from boxship.digest import Digest
from boxship.errors import Refused
from boxship.reference import Registry
from boxship.registry.uploads import How, push_blob
from boxship.spec.descriptor import Descriptor
from boxship.testing import Answer, Answering, Request, RunningRegistry, TokenServer, bearer, by_path, registry, serving

TINY = (b"one", b"another")
LARGEST = bytes(64 * 1024)


def of(content: bytes) -> Descriptor:
    return Descriptor(media_type="", digest=Digest.of(content), size=len(content))


class Memory:
    """The source of blobs that are told by their digests."""

    def __init__(self, *contents: bytes) -> None:
        self._contents = {Digest.of(content): content for content in contents}

    @contextmanager
    def open_blob(self, blob: Descriptor, at: int = 0) -> Iterator[Iterator[memoryview]]:
        yield iter([memoryview(self._contents[blob.digest])[at:]])


@dataclass
class Uploads:
    """A registry that answers a POST that would mount as it is told to, and takes everything."""

    mounting: int
    there: bool = False  # what it says to HEAD
    asked: list[str] = field(default_factory=list)

    def __call__(self, request: Request) -> Answer:
        query = dict(request.query)
        self.asked.append(f"{request.method} {query['from']}" if "from" in query else request.method)
        if request.method == "HEAD":
            return Answer(200 if self.there else 404)
        if request.method == "PUT":
            return Answer(201)
        return Answer(self.mounting if "from" in query else 202, headers={"Location": "/v2/app/blobs/uploads/1"})


def pushed(
    uploads: Answering, contents: Sequence[bytes] = TINY, *, mount: str = "", username: str = "", password: str = ""
) -> list[How]:
    with ExitStack() as stack:
        server = stack.enter_context(serving(uploads))
        client = stack.enter_context(Client(username=username or None, password=password or None))
        remote = stack.enter_context(client._operations.at(Registry.parse(server.url)))
        return [push_blob(remote, "app", of(each), Memory(each), mount=mount) for each in contents]


def test_one_request_asks_and_begins() -> None:
    uploads = Uploads(mounting=202)
    assert pushed(uploads) == [How.PUSHED] * 2
    assert uploads.asked == ["POST app", "PUT"] * 2


def test_what_is_there_is_not_sent() -> None:
    uploads = Uploads(mounting=201)
    assert pushed(uploads) == [How.PRESENT] * 2
    assert uploads.asked == ["POST app"] * 2


@pytest.mark.parametrize("status", [400, 404, 405])
def test_a_registry_that_does_not_let_it_be_asked_so_is_asked_by_head_from_then_on(status: int) -> None:
    uploads = Uploads(mounting=status)
    assert pushed(uploads) == [How.PUSHED] * 2
    assert uploads.asked == ["POST app", "POST", "PUT", "HEAD", "POST", "PUT"]


@pytest.mark.parametrize("status", [401, 403])
def test_who_may_not_push_is_told_after_one_request(status: int) -> None:
    uploads = Uploads(mounting=status)
    with pytest.raises(Refused):
        pushed(uploads, TINY[:1])
    assert uploads.asked == ["POST app"]


@pytest.mark.parametrize("content", [LARGEST, LARGEST + b"!"], ids=["64 KiB", "a byte more"])
def test_a_larger_one_may_not_be_sent_in_vain(content: bytes) -> None:
    uploads = Uploads(mounting=202, there=True)
    ways = {How.PUSHED: ["POST app", "PUT"], How.PRESENT: ["HEAD"]}
    (how,) = pushed(uploads, [content])
    assert (how, uploads.asked) == (How.PUSHED if content == LARGEST else How.PRESENT, ways[how])


def test_what_another_repository_has_is_mounted_from_there_where_it_is_not_here() -> None:
    uploads = Uploads(mounting=201)
    assert pushed(uploads, mount="base") == [How.MOUNTED] * 2
    assert uploads.asked == ["HEAD", "POST base"] * 2


def test_the_token_of_a_push_is_all_that_it_takes() -> None:
    uploads, tokens = Uploads(mounting=202), TokenServer("ana", "secret")
    access = bearer("/token", tokens)
    guarded = by_path({"/token": tokens, "/": lambda request: access(request) or uploads(request)})
    contents = [bytes(size) for size in (len(LARGEST) + 1, 1, 2)]
    assert pushed(guarded, contents, username="ana", password="secret") == [How.PUSHED] * 3
    assert len(tokens.issued) == 1


@pytest.fixture(scope="module")
def served() -> Iterator[RunningRegistry]:
    with registry() as running:
        yield running


def test_the_embedded_registry_tells_what_it_has(served: RunningRegistry) -> None:
    with Client() as client, client._operations.at(Registry.parse(served.url)) as remote:
        ways = [push_blob(remote, "app", of(each), Memory(*TINY)) for each in (TINY[0], *TINY)]
    assert ways == [How.PUSHED, How.PRESENT, How.PUSHED]
