"""Sending a blob while it is still being made: which one it will be, and how long, is not known yet.

It is no more than a head start. Whatever goes wrong with it, the upload that begins when the blob is known goes on with
what has come, and with the rest does what `uploads` does with every blob.
"""

from __future__ import annotations

__all__ = ["Growing", "HeadStart"]

import threading
from collections.abc import Generator
from contextlib import ExitStack
from contextvars import copy_context
from typing import Protocol, Self

from boxship.connect.heard import ended
from boxship.errors import BoxshipError
from boxship.registry.known import known_of
from boxship.registry.remote import Remote
from boxship.registry.upload_session import UploadSession
from boxship.value import dataclass, replace

_ENOUGH = 8 * 1024 * 1024  # bytes: less than that is no reason to begin before the blob is known
_MOST = 64 * 1024 * 1024  # bytes in one request


class Growing(Protocol):
    """Bytes that are being made; one other thread may read what there is of them."""

    def wait(self, size: int) -> int:
        """Wait until there are so many, and how many there are; 0 where it has ended before, or will be none."""

    def pieces(self, at: int, stop: int) -> Generator[memoryview, None, None]:
        """The bytes from `at` to before `stop`, which are there; a piece is valid until the next is asked for."""


@dataclass(frozen=True, slots=True)
class _Part:
    """A body of bytes that are there."""

    content: Growing
    start: int
    stop: int

    @property
    def size(self) -> int:
        return self.stop - self.start

    def pieces(self) -> Generator[memoryview, None, None]:
        return self.content.pieces(self.start, self.stop)


class HeadStart:
    """In its context, what comes of the bytes is sent to the repository by a thread, until they end or it is stopped.

    The bytes end before the context is left.
    """

    def __init__(self, remote: Remote, repository: str, content: Growing) -> None:
        self._content = content
        self._closing = ExitStack()
        self._part = self._closing.enter_context(remote.work.part())
        self._remote = replace(remote, work=self._part)
        self._session = UploadSession(self._remote, repository)
        self._stopped = False
        run = copy_context().run  # as part of the operation that makes the bytes
        self._thread = threading.Thread(target=run, args=(self._run,), name="boxship-head-start", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """End it, whatever it waits for."""
        self._part.cancel()
        ended(self._thread)
        self._closing.close()

    def stop(self) -> UploadSession | None:
        """Nothing more is sent when this returns: the session to go on with, if it has got anything."""
        self._stopped = True
        ended(self._thread)
        return self._session if self._session.path and self._session.received else None

    def _run(self) -> None:
        try:
            self._send()
        except BoxshipError as error:
            # Who sends the rest meets the same trouble, and tells of it, or has none.
            text = f"a blob that is being made is not sent on after byte {self._session.received}, as {error}"
            self._part.trace.say("Resume", text, level="W")

    def _send(self) -> None:
        session, known = self._session, known_of(self._remote)
        while there := self._content.wait(session.received + max(_ENOUGH, session.least)):
            if self._stopped:
                return
            if not session.path:
                session.begin(None)
            stop = min(there, session.received + (known.longest or _MOST))
            session.send(_Part(self._content, session.received, stop), stop)
