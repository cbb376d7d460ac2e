"""Blobs and manifests as clients of every kind push them: at once, in chunks, as a stream, gone on with, mounted."""

from __future__ import annotations

__all__ = ["PUSHES", "Answer", "Refused", "ask", "mount", "push_blob", "push_manifest"]

import http.client
import random
import time
from collections.abc import Callable, Iterable
from contextlib import closing
from dataclasses import dataclass

from boxship.digest import Digest
from boxship.testing import Image
from boxship.wire.failure import parse_failures

_SECONDS = 15.0  # for each wait of a socket
_PIECE = 16 * 1024
_AGAIN = 0.02


class Refused(Exception):
    """The registry has said no, with this status."""

    def __init__(self, status: int, body: bytes) -> None:
        super().__init__(f"{status} {body[:200]!r}")
        self.status = status
        self.code = ", ".join(failure.code for failure in parse_failures(body))


@dataclass(frozen=True, slots=True)
class Answer:
    """What was answered."""

    status: int
    headers: http.client.HTTPMessage
    body: bytes


Push = Callable[[http.client.HTTPConnection, str, bytes, random.Random], None]


def ask(address: str, method: str, target: str) -> Answer:
    """One question on a connection of its own."""
    with _connected(address) as connection:
        return _ask(connection, method, target)


def at_once(connection: http.client.HTTPConnection, repository: str, content: bytes, _: random.Random) -> None:
    """One request has it all."""
    _ask(connection, "POST", f"{_uploads(repository)}?digest={Digest.of(content)}", content)


def in_two(connection: http.client.HTTPConnection, repository: str, content: bytes, _: random.Random) -> None:
    """A session that ends with all of it."""
    _close(connection, _begin(connection, repository), content, content)


def in_chunks(connection: http.client.HTTPConnection, repository: str, content: bytes, _: random.Random) -> None:
    """A session that gets one piece after the other, each with where it is from."""
    location = _begin(connection, repository)
    for at in range(0, len(content), _PIECE):
        piece = content[at : at + _PIECE]
        said = {"Content-Range": f"{at}-{at + len(piece) - 1}"}
        location = _ask(connection, "PATCH", location, piece, said).headers["Location"]
    _close(connection, location, content)


def as_stream(connection: http.client.HTTPConnection, repository: str, content: bytes, _: random.Random) -> None:
    """A body that does not say how long it is."""
    pieces = (content[at : at + _PIECE] for at in range(0, len(content), _PIECE))
    location = _ask(connection, "PATCH", _begin(connection, repository), pieces).headers["Location"]
    _close(connection, location, content)


def gone_on_with(
    connection: http.client.HTTPConnection, repository: str, content: bytes, chance: random.Random
) -> None:
    """A body that breaks off; the rest is sent from where the registry says that it ended."""
    location = _begin(connection, repository)
    connection.putrequest("PATCH", location)
    connection.putheader("Content-Length", str(len(content)))
    connection.putheader("Content-Range", f"0-{len(content) - 1}")  # it may come late, behind the rest
    connection.endheaders(content[: chance.randrange(2, len(content))])
    connection.close()
    location = _go_on(connection, location, content)
    _close(connection, location, content)


def _go_on(connection: http.client.HTTPConnection, location: str, content: bytes) -> str:
    """Send the rest, with where it is from: the registry may still be taking what was sent before."""
    until = time.monotonic() + _SECONDS
    while (held := _held(connection, location)) < len(content):
        try:
            said = {"Content-Range": f"{held}-{len(content) - 1}"}
            location = _ask(connection, "PATCH", location, content[held:], said).headers["Location"]
        except Refused as error:
            if error.status != 416 or time.monotonic() > until:
                raise
            connection.close()  # whoever refuses a body need not read it
            time.sleep(_AGAIN)
    return location


PUSHES: tuple[Push, ...] = (at_once, in_two, in_chunks, as_stream, gone_on_with)


def mount(address: str, repository: str, source: str, content: bytes) -> bool:
    """Whether the blob of another repository is now in this one."""
    with _connected(address) as connection:
        target = f"{_uploads(repository)}?mount={Digest.of(content)}&from={source}"
        return _ask(connection, "POST", target).status == 201


def push_manifest(address: str, repository: str, tag: str, image: Image) -> None:
    """Put the image's manifest under a tag."""
    with _connected(address) as connection:
        kind = {"Content-Type": image.media_type}
        _ask(connection, "PUT", f"/v2/{repository}/manifests/{tag}", image.manifest, kind)


def push_blob(address: str, repository: str, content: bytes, push: Push, chance: random.Random) -> None:
    """Push in one of the ways."""
    with _connected(address) as connection:
        push(connection, repository, content, chance)


def _uploads(repository: str) -> str:
    return f"/v2/{repository}/blobs/uploads/"


def _begin(connection: http.client.HTTPConnection, repository: str) -> str:
    return str(_ask(connection, "POST", _uploads(repository)).headers["Location"])


def _close(connection: http.client.HTTPConnection, location: str, whole: bytes, rest: bytes = b"") -> None:
    _ask(connection, "PUT", f"{location}?digest={Digest.of(whole)}", rest)


def _held(connection: http.client.HTTPConnection, location: str) -> int:
    """How many bytes the registry has; `0-0` is none, or one."""
    said = _ask(connection, "GET", location).headers["Range"]
    stop = int(said.partition("-")[2])
    return stop + 1 if stop else 0


def _ask(
    connection: http.client.HTTPConnection,
    method: str,
    target: str,
    body: bytes | Iterable[bytes] = b"",
    headers: dict[str, str] | None = None,
) -> Answer:
    chunked = not isinstance(body, bytes)
    connection.request(method, target, body, headers or {}, encode_chunked=chunked)
    answer = connection.getresponse()
    content = answer.read()
    if answer.status >= 400:
        raise Refused(answer.status, content)
    return Answer(answer.status, answer.headers, content)


def _connected(address: str) -> closing[http.client.HTTPConnection]:
    return closing(http.client.HTTPConnection(address, timeout=_SECONDS))
