"""Sending an answer, with the faults it asks for."""

from __future__ import annotations

__all__ = ["deliver"]

from collections.abc import Iterable, Iterator, Mapping
from http import HTTPStatus

from boxship.testing.connection import Connection
from boxship.testing.exchange import Answer

_INTERIM: Mapping[int, bytes] = {
    100: b"HTTP/1.1 100 Continue\r\n\r\n",
    102: b"HTTP/1.1 102 Processing\r\n\r\n",
    103: b"HTTP/1.1 103 Early Hints\r\nLink: </style.css>; rel=preload; as=style\r\n\r\n",
}
_LAST_CHUNK = b"0\r\n\r\n"
_PIECE = 65536  # bytes that go out at once


def deliver(connection: Connection, method: str, answer: Answer) -> bool:
    """Send `answer` to a request with `method`; return whether the connection is to be kept for the next one."""
    connection.sleep(answer.delay)
    for status in answer.interim:
        connection.send(_INTERIM[status])
    chunked = _is_chunked(answer)
    _send_head(connection, answer, chunked=chunked)
    if method != "HEAD" and answer.status not in (204, 304):
        _send_body(connection, answer, chunked=chunked)
    return _end(connection, answer)


def _is_chunked(answer: Answer) -> bool:
    if isinstance(answer.body, bytes):
        return answer.chunked
    told = isinstance(answer.headers, Mapping) and any(name.lower() == "content-length" for name in answer.headers)
    return not told and answer.afterwards != "close"


def _send_head(connection: Connection, answer: Answer, *, chunked: bool) -> None:
    lines = (answer.raw,) if answer.raw is not None else _head_lines(answer, chunked=chunked)
    for piece in _joined(lines):
        if answer.head_byte_every:
            _trickle(connection, piece, answer.head_byte_every)
        else:
            connection.send(piece)


def _joined(lines: Iterable[bytes]) -> Iterator[bytes]:
    # A head is one piece, as other servers send it, unless it is endless.
    piece = b""
    for line in lines:
        piece += line
        if len(piece) >= _PIECE:
            yield piece
            piece = b""
    yield piece


def _trickle(connection: Connection, piece: bytes, every: float) -> None:
    for byte in piece:
        connection.sleep(every)
        connection.send(bytes([byte]))


def _head_lines(answer: Answer, *, chunked: bool) -> Iterator[bytes]:
    yield b"HTTP/1.1 %d %s\r\n" % (answer.status, _reason(answer.status).encode())
    given: set[str] = set()
    for name, value in _pairs(answer.headers):
        given.add(name.lower())
        yield f"{name}: {value}\r\n".encode("latin-1")
    if chunked:
        yield b"Transfer-Encoding: chunked\r\n"
    elif isinstance(answer.body, bytes) and answer.status != 204 and "content-length" not in given:
        yield b"Content-Length: %d\r\n" % len(answer.body)
    if answer.afterwards == "close":
        yield b"Connection: close\r\n"
    yield b"\r\n"


def _pairs(headers: Mapping[str, str] | Iterable[tuple[str, str]]) -> Iterable[tuple[str, str]]:
    return headers.items() if isinstance(headers, Mapping) else headers


def _reason(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "Unassigned"


def _send_body(connection: Connection, answer: Answer, *, chunked: bool) -> None:
    limit = _limit(answer)
    for piece in _cut_short(_pieces(answer.body), limit):
        connection.sleep(answer.body_piece_every)
        connection.send(b"%x\r\n%b\r\n" % (len(piece), piece) if chunked else piece)
    if chunked and limit is None:
        connection.send(_LAST_CHUNK)


def _pieces(body: bytes | Iterable[bytes]) -> Iterable[bytes]:
    if isinstance(body, bytes):
        return (body[start : start + _PIECE] for start in range(0, len(body), _PIECE))
    return body


def _limit(answer: Answer) -> int | None:
    limits = (answer.stall_after, answer.reset_after, answer.truncate_after)
    return min((limit for limit in limits if limit is not None), default=None)


def _cut_short(pieces: Iterable[bytes], limit: int | None) -> Iterator[bytes]:
    left = limit
    for piece in pieces:
        if left is None:
            yield piece
            continue
        if not left:
            return
        yield piece[:left]
        left -= min(left, len(piece))


def _end(connection: Connection, answer: Answer) -> bool:
    if answer.stall_after is not None:
        _stall(connection, answer)
        return False
    if answer.reset_after is not None:
        connection.reset()
        return False
    if answer.truncate_after is not None:
        connection.cut()
        return False
    if answer.afterwards != "keep":
        connection.finish()
        return False
    return True


def _stall(connection: Connection, answer: Answer) -> None:
    if answer.reads_on:
        connection.drain()
    else:
        connection.rest()
