"""The question `GET /v2/` to an endpoint that is not decided yet, and what its answer says.

It carries nothing of the user's but the host's name: no path, no credential.
"""

from __future__ import annotations

__all__ = ["Answer", "headers_of", "parse", "question"]

import io
import re
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from boxship.connect.forwarding import own_headers, target_prefix
from boxship.value import dataclass
from boxship.wire.content import Content
from boxship.wire.framing import END_OF_HEAD, Incomplete, NotHTTP, parse_framing
from boxship.wire.message import Head, Request
from boxship.wire.recognition import not_a_registry
from boxship.wire.routes import BASE

if TYPE_CHECKING:
    from boxship.settings.proxies import Proxy

# A registry's answer to /v2/ is a few hundred bytes; a portal's page may be cut here and still be recognised.
LONGEST = 64 * 1024

_INTERIM = re.compile(rb"HTTP/1\.[01] 1(?!01)\d\d\s")  # RFC 9110, 15.2; 101 ends HTTP


@dataclass(frozen=True, slots=True)
class Answer:
    """What an endpoint answered.

    Its head (of status 0 where there is none), '' or why it is no registry, where it sends everybody, and whether the
    connection can go on.
    """

    head: Head
    refusal: str
    moved: int | None
    reusable: bool


def question(host: str, user_agent: str, forwarder: Proxy | None = None) -> bytes:
    """The bytes to send; `host` as the Host header writes it, `forwarder` the proxy that reads them."""
    return Request("GET", BASE).encode(host, own_headers(user_agent, forwarder), target_prefix(forwarder, host))


def headers_of(asked: bytes) -> tuple[tuple[str, str], ...]:
    """The headers of a question, as they are sent."""
    _, *lines = asked.decode("latin-1").splitlines()
    return tuple((name, value) for name, _, value in (line.partition(": ") for line in lines if line))


def parse(data: bytes, host: str, *, ended: bool) -> Answer | None:
    """What the bytes that have come so far answer, or None while they are not a whole answer.

    `ended`: the peer has closed, or `LONGEST` is reached; what is there must do.
    """
    data = _without_interim(data)
    end = END_OF_HEAD.search(data)
    if not end:
        return _unanswered(data) if ended or not b"HTTP/".startswith(data[:5]) else None
    file = io.BufferedReader(io.BytesIO(data[end.end() :]))
    try:
        framing = parse_framing(data[: end.end()], "GET")
        content = Content(framing, file)
        body = _read(content, len(data))
    except NotHTTP:
        return _unanswered(data)
    # Content without a length ends with the connection.
    whole = content.ended and (ended or framing.length is not None or framing.chunked)
    if not whole and not ended:
        return None
    moved = _moved_to_tls(framing.head, host)
    refusal = "" if moved else not_a_registry(framing.head, body)
    return Answer(framing.head, refusal, moved, whole and not framing.closes and not file.peek())


def _read(content: Content, size: int) -> bytes:
    """As much of the content as has come."""
    view, received = memoryview(bytearray(size)), 0
    try:
        while count := content.readinto(view[received:]):
            received += count
    except Incomplete:
        pass
    return bytes(view[:received])


def _without_interim(data: bytes) -> bytes:
    """The data from the final answer on: "103 Early Hints" is none."""
    start = 0
    while _INTERIM.match(data, start) and (end := END_OF_HEAD.search(data, start)):
        start = end.end()
    return data[start:]


def _unanswered(data: bytes) -> Answer:
    refusal = f"it does not speak HTTP: {data[:20]!r}" if data else "it closes the connection without an answer"
    return Answer(Head.of(0, "", ()), refusal, None, reusable=False)


def _moved_to_tls(head: Head, host: str) -> int | None:
    """The port of TLS on the same host that the answer redirects to, or None."""
    if not 300 <= head.status < 400:
        return None
    try:
        target = urlsplit(head.get("location"))
        same = target.scheme == "https" and (target.hostname or "") == (urlsplit(f"//{host}").hostname or "")
        return (target.port or 443) if same else None
    except ValueError:
        return None
