"""The audit log: who changed what, who logged in, and who was refused; a line of JSON each, in a file of its own.

A line is written before the answer that it is about. Where that fails, lines are kept and nothing more is changed until
they are written, so that nobody changes anything unseen for long. A file that was moved away is begun anew.
"""

from __future__ import annotations

__all__ = ["AuditLog"]

import asyncio
import errno
import json
import logging
import os
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path

from boxship.errors import InvalidSettings
from boxship.server.access.authorization import Headers, Unreadable, basic, shown
from boxship.server.answer import Answer, Refusal
from boxship.server.asgi import Scope
from boxship.server.logged import address, escaped, moment, path
from boxship.server.refusals import Refusals
from boxship.server.request import Request
from boxship.server.request_id import request_id
from boxship.server.throttle import client_of
from boxship.server.upkeep.retention import Tag
from boxship.value import dataclass, replace

_log = logging.getLogger(__name__)

_LONGEST = 200  # characters of what somebody chose who may do nothing
_MOST_KEPT = 10_000  # lines while they cannot be written: those of changes come first, for none is begun any more
# Nobody waits for who reads a pipe: one without a reader is an error, one that is full a disk that is.
_FLAGS = os.O_WRONLY | os.O_APPEND | os.O_CREAT | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_NONBLOCK", 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """What happened.

    Attributes:
        event: `push`, `upload`, `delete`, `log in` or `refused`; `expire` of a tag that the retention took.
        user: who that was, '' for anybody, or the registry itself; of who was refused, who they said that they are.
        name: the tag, digest or session in the path.
        digest: of what was pushed.
        id: what the request is called, in its answer and in the access log.
        left_out: refusals that have no line (`refusals`), since the last one that has.
    """

    time: str
    event: str
    user: str = ""
    client: str = ""
    method: str = ""
    path: str = ""
    status: int = 0
    repository: str = ""
    name: str = ""
    digest: str = ""
    tags: tuple[str, ...] = ()
    id: str = ""
    left_out: int = 0


def _done(event: str, request: Request, scope: Scope, answer: Answer, now: float) -> Line:
    return Line(
        time=moment(now),
        event=event,
        user=request.caller.name,
        client=address(scope),
        method=request.method,
        path=request.path,
        status=answer.status,
        repository=request.repository,
        name=request.name,
        digest=answer.headers.get("docker-content-digest", ""),
        tags=tuple(request.query.get("tag", ())),
        id=request_id.get(),
    )


def _refused(scope: Scope, status: int, now: float) -> Line | None:
    """The line of somebody who may not; None for who has not said who they are, as clients begin."""
    is_said = any(name == b"authorization" for name, _ in scope["headers"])
    if status not in (401, 403) or not is_said:
        return None
    return Line(
        time=moment(now),
        event="refused",
        user=_claimed(scope["headers"])[:_LONGEST],
        client=address(scope),
        method=scope["method"][:_LONGEST],
        path=path(scope)[:_LONGEST],
        status=status,
        id=request_id.get(),
    )


class AuditLog:
    """The file; one for each process that serves, which write to the same one."""

    def __init__(self, file: Path, *, clock: Callable[[], float] = time.time) -> None:
        """Raises `InvalidSettings` where it cannot be written to. Blocks."""
        self._path, self._clock = file, clock
        self._refusals = Refusals(clock)
        self._lock = threading.Lock()
        self._waiting: deque[bytes] = deque()
        try:
            self._file = os.open(file, _FLAGS, 0o600)
        except OSError as error:
            remedy = "give --audit-log FILE in a folder that the registry may write to"
            raise InvalidSettings(str(file), why=error.strerror or str(error), remedy=remedy) from error

    async def done(self, event: str, request: Request, scope: Scope, answer: Answer) -> None:
        """Write what somebody did, with the answer that they are going to get; the log says where that cannot be."""
        await self._note(_done(event, request, scope, answer, self._clock()))

    async def expired(self, tags: Sequence[Tag]) -> None:
        """Write that the registry itself took these tags."""
        for tag in tags:
            when = moment(self._clock())
            await self._note(
                Line(time=when, event="expire", repository=tag.repository, name=tag.name, digest=tag.digest)
            )

    async def refused(self, scope: Scope, answer: Answer) -> None:
        """Write that somebody may not, if that is what the answer says, or count it where they were told so often."""
        line = _refused(scope, answer.status, self._clock())
        left_out = self._refusals.take(client_of(line.client) or line.client) if line else None
        if line and left_out is not None:
            await self._note(replace(line, left_out=left_out))

    async def check(self) -> None:
        """Raise the `Refusal` of a change where what happened before is not written yet, and cannot be."""
        if self._waiting and not await asyncio.to_thread(self._write):
            raise Refusal(507, "UNKNOWN", "the registry's audit log cannot be written", headers={"connection": "close"})

    def close(self) -> None:
        """Close the file. Blocks."""
        if self._refusals.left_out:
            last = Line(time=moment(self._clock()), event="refused", left_out=self._refusals.left_out)
            self._write(_written(last))
        os.close(self._file)

    async def _note(self, line: Line) -> None:
        await asyncio.to_thread(self._write, _written(line))

    def _write(self, line: bytes = b"") -> bool:
        """Write what waits, and this; whether nothing waits any more."""
        with self._lock:
            if line and len(self._waiting) < _MOST_KEPT:
                self._waiting.append(line)
            try:
                self._follow()
                while self._waiting:
                    self._append(self._waiting[0])
                    self._waiting.popleft()
            except OSError as error:
                _log.error("%s cannot be written: %s; nothing is changed until it can", self._path, error.strerror)
                return False
        return True

    def _append(self, line: bytes) -> None:
        # In one piece, as others write to it; a disk that is full may take a part.
        taken = os.write(self._file, line)
        if taken < len(line):
            self._waiting[0] = line[taken:]
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def _follow(self) -> None:
        """Begin the file anew where it was moved away, as those who rotate logs do."""
        try:
            same = os.path.samestat(self._path.stat(), os.fstat(self._file))
        except FileNotFoundError:
            same = False
        if not same:
            fresh = os.open(self._path, _FLAGS, 0o600)
            os.close(self._file)
            self._file = fresh


def _written(line: Line) -> bytes:
    return f"{json.dumps(asdict(line))}\n".encode()


def _claimed(headers: Headers) -> str:
    """Who somebody says that they are; nothing of the password, and '' where it is a token."""
    try:
        credential = basic(*shown(headers))
    except Unreadable:
        return ""
    return escaped(credential[0].encode()) if credential else ""
