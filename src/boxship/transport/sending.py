"""Sending a request on a socket that does not block: bounded, read meanwhile, and seen to arrive.

Who reads nothing for a while is slow, and waited for; where nothing that was sent is acknowledged, the path is dead.
"""

from __future__ import annotations

__all__ = ["Outgoing"]

import time

from boxship.connect.deadline import Work
from boxship.connect.keepalive import PATH
from boxship.connect.readiness import READ, WRITE, Readiness
from boxship.connect.verdict import Wire
from boxship.errors import BrokenAnswer, TimedOut
from boxship.wire.message import Stream

_PIECE = 256 * 1024  # of an upload: small enough that a bound is met, large enough for the kernel
# Between looks at what is still on its way, which no system tells of by itself: its answer wakes who waits, anyway.
_FIRST_LOOK, _LONGEST_LOOK = 0.001, 0.25
_LOOK_AGAIN = 1.0  # seconds, once a path may be dead


class Outgoing:
    """A request's bytes on their way. What the peer answered before it took it is kept."""

    def __init__(self, head: bytes, body: bytes | Stream | None) -> None:
        self._has_body = bool(body)
        self._view = memoryview(head + body if isinstance(body, bytes) else head)
        self._pieces = None if body is None or isinstance(body, bytes) else body.pieces()
        self.lacks_body = False  # where it comes from there was an error: nothing of the connection's

    def send(self, sock: Wire, place: str, work: Work, seconds: float) -> bool:
        """Send what is left, and stop where the peer answers before it has taken all; whether that was all of it.

        Who pauses in reading a body is slow, not gone; and where all of one was taken, all has arrived.
        """
        if not self._has_body:
            return self._sent(sock, place, work, seconds)
        sock.tolerate(seconds + PATH)  # the bound of sending comes first
        try:
            whole = self._sent(sock, place, work, seconds)
            if whole:
                _arrive(sock, place, work)
        finally:
            sock.tolerate(PATH)
        return whole

    def _sent(self, sock: Wire, place: str, work: Work, seconds: float) -> bool:
        readable = Readiness(sock)
        piece: memoryview | None = self._view
        while piece is not None:
            rest = _write(sock, piece, place, work, seconds)
            if rest is not None:
                self._view = rest
                return False
            piece = self._next()
            if piece is not None and readable.now() and sock.answering():
                # 413, for one: who has answered may go on reading for a while, and forget it.
                self._view = piece
                return False
        return True

    def close(self) -> None:
        """Nothing more is sent: where the body comes from is let go now, and not when an error is forgotten."""
        if self._pieces:
            self._pieces.close()

    def _next(self) -> memoryview | None:
        try:
            return next(self._pieces, None) if self._pieces else None
        except BaseException:
            self.lacks_body = True
            raise


def _write(sock: Wire, view: memoryview, place: str, work: Work, seconds: float) -> memoryview | None:
    """Send everything, and return None; or what is left where the peer answers before it has taken all.

    Raises `TimedOut` where the kernel takes no byte for `seconds` (the peer does not read), and `BrokenAnswer` where
    the path is dead.
    """
    while view or sock.unsent:
        try:
            view = view[sock.send(view[:_PIECE]) :] if view else view
        except BlockingIOError:
            pass
        else:
            if not sock.unsent:
                continue
        if not _writable(sock, place, work, seconds):
            return view
    return None


def _writable(sock: Wire, place: str, work: Work, seconds: float) -> bool:
    # The silence of a connection that was at rest is none; and the last acknowledgement may come after this begins.
    readiness, until, pause = Readiness(sock, READ | WRITE), work.until(seconds), PATH
    while not (ready := readiness.wait(min(until, time.monotonic() + pause))):
        pause = _LOOK_AGAIN
        work.check()
        if sock.under_way.lost:
            raise _lost(place)
        if time.monotonic() >= until:
            what, remedy = f"{place} stopped reading what it is sent", "the server hangs"
            raise TimedOut(what, phase="sending", seconds=seconds, remedy=remedy)
    work.check()
    return bool(ready & WRITE) or not sock.answering()


def _arrive(sock: Wire, place: str, work: Work) -> None:
    """Wait until the peer has all that was sent, or answers; `BrokenAnswer` where the path is dead."""
    readiness, pause = Readiness(sock), _FIRST_LOOK
    lost_from = time.monotonic() + PATH  # the silence of a connection that was at rest is none
    while sock.under_way:
        if readiness.wait(work.until(pause)) and sock.answering():
            return
        work.check()
        if time.monotonic() > lost_from and sock.under_way.lost:
            raise _lost(place)
        pause = min(2 * pause, _LONGEST_LOOK)


def _lost(place: str) -> BrokenAnswer:
    return BrokenAnswer(f"sending to {place}", why="what is sent does not arrive any more: the path is dead")
