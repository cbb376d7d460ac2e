"""What a scripted server was asked, and what it answers, as values: `Request`, `Answer`, and answers in turn.

Reading a request is `receiving`'s work, sending an answer with its faults `delivery`'s.
"""

from __future__ import annotations

__all__ = ["DROPPED", "NEVER", "RESET", "Answer", "Answering", "Request", "decide", "endless", "in_turn"]

import itertools
import threading
from collections.abc import Callable, Iterable, Mapping
from typing import Literal, TypeAlias
from urllib.parse import parse_qsl, urlsplit

from boxship.value import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """A request as it was received.

    Attributes:
        method: `GET`, `PUT`, …
        target: what was asked for, as it was written: path and query.
        headers: names in lower case; a header that came twice has both values, with `, ` between them.
        body: the whole body, or nothing where the server answers early.
        secure: whether it came over TLS.
    """

    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes = field(default=b"", repr=False)
    secure: bool = False

    @property
    def path(self) -> str:
        """The target without its query."""
        return urlsplit(self.target).path

    @property
    def query(self) -> tuple[tuple[str, str], ...]:
        """The names and values in the query, in order."""
        return tuple(parse_qsl(urlsplit(self.target).query, keep_blank_values=True))

    @property
    def form(self) -> tuple[tuple[str, str], ...]:
        """The names and values in a form sent as the body, in order."""
        return tuple(parse_qsl(self.body.decode("latin-1"), keep_blank_values=True))


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer, and what is to go wrong with it. Counts of bytes are of the body, without chunk framing.

    Attributes:
        status: the status code.
        body: bytes, or pieces; endless where the pieces are. Pieces go out chunked, unless `headers` has a
            Content-Length or the connection closes after them.
        headers: names and values; endless where they are.
        chunked: send also a body of bytes in chunks.
        interim: the statuses of interim answers that come first, 100 or 103; endless where they are.
        raw: what is sent instead of the status line and headers.
        delay: seconds before anything is sent.
        head_byte_every: seconds before each byte of the head.
        body_piece_every: seconds before each piece of the body.
        stall_after: send that many bytes of the body, and then nothing more.
        reset_after: send that many bytes of the body, then reset the connection (RST).
        truncate_after: send that many bytes of the body, then close (FIN), though more were promised.
        afterwards: `keep` the connection for the next request, say `Connection: close` and `close` it, or `drop` it
            (close without having said so).
        reads_on: whether a stalled server still reads what the client sends.
    """

    status: int = 200
    body: bytes | Iterable[bytes] = field(default=b"", repr=False)
    headers: Mapping[str, str] | Iterable[tuple[str, str]] = field(default=(), kw_only=True)
    chunked: bool = field(default=False, kw_only=True)
    interim: Iterable[int] = field(default=(), kw_only=True)
    raw: bytes | None = field(default=None, kw_only=True)
    delay: float = field(default=0.0, kw_only=True)
    head_byte_every: float = field(default=0.0, kw_only=True)
    body_piece_every: float = field(default=0.0, kw_only=True)
    stall_after: int | None = field(default=None, kw_only=True)
    reset_after: int | None = field(default=None, kw_only=True)
    truncate_after: int | None = field(default=None, kw_only=True)
    afterwards: Literal["keep", "close", "drop"] = field(default="keep", kw_only=True)
    reads_on: bool = field(default=True, kw_only=True)


# A function from requests to answers: all that a scripted server is.
Answering: TypeAlias = Callable[[Request], Answer]

# What may happen to a request instead of an answer.
DROPPED = Answer(raw=b"", truncate_after=0)
RESET = Answer(raw=b"", reset_after=0)
NEVER = Answer(raw=b"", stall_after=0)


def decide(answer: Answer | Answering, request: Request) -> Answer:
    """The answer to `request`: one for all requests, or what a function makes of it."""
    return answer if isinstance(answer, Answer) else answer(request)


def endless(piece: bytes = b" " * 65536) -> Iterable[bytes]:
    """A body that never ends, made of `piece`."""
    return itertools.repeat(piece)


def in_turn(*answers: Answer | Answering) -> Answering:
    """Answer the first request with the first answer, and so on; the last one stays.

    An answer may be a function of the request itself: `in_turn(Answer(500), Answer(500), registry)`.
    """
    lock = threading.Lock()
    upcoming = itertools.chain(answers, itertools.repeat(answers[-1]))

    def answer(request: Request) -> Answer:
        with lock:
            chosen = next(upcoming)
        return decide(chosen, request)

    return answer
