"""A line for each request, as text or JSON, to standard error: who asked for what, and what came of it.

Nothing secret gets there: no header but the client's name of itself, and of the query what the specification knows.
What a client sent is escaped, so that it writes no line of its own and sends a terminal nothing.
"""

from __future__ import annotations

__all__ = ["FORMS", "AccessLog", "Entry"]

import json
import logging
import os
import queue
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import asdict

from boxship.server.asgi import Application, Message, Receive, Scope, Send
from boxship.server.logged import LONGEST, address, escaped, moment, path
from boxship.server.request_id import request_id
from boxship.value import dataclass

_log = logging.getLogger(__name__)

# Parameters whose values are names and numbers; those of others may sign a request, or be a credential.
_TOLD = frozenset(
    {b"artifactType", b"digest", b"digest-algorithm", b"from", b"last", b"mount", b"n", b"scope", b"service", b"tag"}
)
_MOST_WAITING = 100_000  # lines; who reads them may be slow, or may have stopped for good
_LAST = 2.0  # seconds that the last lines have: whoever stops it does not wait for who reads them
_STDERR = 2


@dataclass(frozen=True, slots=True)
class Entry:
    """One request and its answer; `status` is 0 where there was none, `id` what it is called (`request_id`).

    `sent` are bytes of its body that the server took, which may be fewer than it announced.
    """

    time: str
    client: str
    method: str
    path: str
    query: str
    status: int
    sent: int
    milliseconds: float
    agent: str
    id: str = ""


def text(entry: Entry) -> str:
    """The entry for people."""
    target = f"{entry.path}?{entry.query}" if entry.query else entry.path
    took = f"{entry.milliseconds:.1f}ms"
    return f'{entry.time} {entry.client} {entry.method} {target} {entry.status} {entry.sent} {took} "{entry.agent}"'


def as_json(entry: Entry) -> str:
    """The entry for programs."""
    return json.dumps(asdict(entry))


FORMS: Mapping[str, Callable[[Entry], str]] = {"text": text, "json": as_json}


class AccessLog:
    """The application `app`, with its requests logged in `form`, one of `FORMS`; `close` writes the last of them.

    Lines that nobody takes are lost, and counted; requests are answered all the same. `write` may block.
    """

    def __init__(self, app: Application, form: str, *, write: Callable[[bytes], object] | None = None) -> None:
        self._app = app
        self._form = FORMS[form]
        self._take = write or _to_stderr
        self._lines: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        self._lost = 0
        # A terminal or a pipe may be slow; no request waits for it.
        self._writer = threading.Thread(target=self._write, name="access-log", daemon=True)
        self._writer.start()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, and log it."""
        began, started = time.time(), time.perf_counter()
        status = sent = 0

        async def send_and_count(message: Message) -> None:
            nonlocal status, sent
            await send(message)
            if message["type"] == "http.response.start":
                status = message["status"]
            else:
                sent += len(message["body"])

        try:
            await self._app(scope, receive, send_and_count)
        finally:
            self._put(_entry(scope, began, time.perf_counter() - started, status, sent))

    def close(self) -> None:
        """Write what is still to be written, as far as somebody takes it."""
        self._lines.put(None)
        self._writer.join(_LAST)

    def _put(self, entry: Entry) -> None:
        if self._lines.qsize() < _MOST_WAITING:
            self._lines.put(self._form(entry))
        else:
            self._lost += 1

    def _write(self) -> None:
        told = 0
        while (line := self._lines.get()) is not None:
            if (lost := self._lost) > told:
                _log.warning("%d lines of the access log were lost", lost - told)
                told = lost
            # Its reader may be gone, or its disk full, which need not stay so.
            with suppress(OSError):
                self._take(f"{line}\n".encode())


def _to_stderr(line: bytes) -> None:
    # In one piece: several processes may write to the same place. And past Python's buffer: a thread that is stuck
    # with its lock would break off the end of the interpreter.
    while line:
        line = line[os.write(_STDERR, line) :]


def _entry(scope: Scope, began: float, seconds: float, status: int, sent: int) -> Entry:
    return Entry(
        time=moment(began),
        client=address(scope) or "-",
        method=scope["method"],
        path=path(scope),
        query=_query(scope["query_string"]),
        status=status,
        sent=sent,
        milliseconds=round(seconds * 1000, 3),
        agent=escaped(next((value for name, value in scope["headers"] if name == b"user-agent"), b"-"), keep=b" "),
        id=request_id.get(),
    )


def _query(query: bytes) -> str:
    parameters = (parameter.partition(b"=") for parameter in query[:LONGEST].split(b"&") if parameter)
    return "&".join("=".join(map(escaped, (name, value))) if name in _TOLD else "***" for name, _, value in parameters)
