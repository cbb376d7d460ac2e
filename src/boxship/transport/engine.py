"""docker's API, over its Unix socket: images out of its daemon and into it, as tar streams (Engine API, "Images").

No race, no TLS, no credential: `http.client` over the socket is all that this takes. Each request has a connection of
its own, and bounds for each of its waits; whoever cancels the operation ends them.
"""

from __future__ import annotations

__all__ = ["Engine", "Loading"]

import errno
import http.client
import json
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import quote

from boxship.connect.deadline import Work
from boxship.errors import BoxshipError, BrokenAnswer, ConnectFailed, NotFound, TimedOut, UnexpectedAnswer
from boxship.settings.docker_host import DockerHost
from boxship.transport.engine_connection import EngineConnection
from boxship.wire.printable import printable

_CONNECT = 5.0  # seconds
_PING = 10.0  # for the answer of a daemon that does nothing
_BUSY = 900.0  # for the first byte of an image, and between two: it writes layers to its disk before it goes on
_PIECE = 1024 * 1024
_LONGEST = 64 * 1024  # bytes of an answer's words
_TAIL = 4096  # of an archive, where docker says what went wrong
_REMEDIES = {
    errno.ENOENT: "is docker running? DOCKER_HOST says where it listens",
    errno.ECONNREFUSED: "is docker running? DOCKER_HOST says where it listens",
    errno.EACCES: "be in the group docker, or use sudo; without root, docker listens elsewhere: see DOCKER_HOST",
}


class Engine:
    """docker's daemon at a host."""

    def __init__(self, host: DockerHost, work: Work) -> None:
        self._host, self._work = host, work

    def __str__(self) -> str:
        return f"docker's daemon at {self._host.said.value}"

    @contextmanager
    def saved(self, name: str) -> Iterator[Iterator[memoryview]]:
        """The archive of the image, each piece valid until the next is asked for; `NotFound` for no such image."""
        self._ping()
        what = f"the image {name} from {self}"
        with self._asking(what, _BUSY) as connection:
            connection.request("GET", f"/images/{quote(name, safe='/:@')}/get")
            response = self._answer(connection, what)
            yield self._pieces(response, what)

    @contextmanager
    def loading(self, what: str) -> Iterator[Loading]:
        """A connection that takes an archive; `Loading.finish` says how it was taken."""
        self._ping()
        with self._asking(f"{what}, to {self}", _BUSY) as connection:
            connection.putrequest("POST", "/images/load?quiet=0")
            connection.putheader("Content-Type", "application/x-tar")
            connection.putheader("Transfer-Encoding", "chunked")
            connection.endheaders()
            yield Loading(self, connection, f"{what}, to {self}")

    def _ping(self) -> None:
        """See that it answers at all: a daemon that hangs is told apart from one that is busy with an image."""
        with self._asking(str(self), _PING) as connection:
            connection.request("GET", "/_ping")
            self._answer(connection, str(self)).read(_LONGEST)

    @contextmanager
    def _asking(self, what: str, seconds: float) -> Iterator[EngineConnection]:
        connection = self._connected()
        try:
            with self._in_words(what, seconds), self._work.watch(connection.interrupt):
                connection.bound(seconds)
                yield connection
        finally:
            connection.close()

    @contextmanager
    def _in_words(self, what: str, seconds: float) -> Iterator[None]:
        try:
            yield
        except BoxshipError:
            raise
        except TimeoutError as error:
            self._work.check()
            raise TimedOut(what, phase="docker's answer", seconds=seconds) from error
        except (OSError, http.client.HTTPException) as error:
            self._work.check()
            raise BrokenAnswer(what, why=_words(error), remedy="the daemon's own log may say why") from error

    def _connected(self) -> EngineConnection:
        connection = EngineConnection(self._host, self._work, _CONNECT)
        self._work.check()
        try:
            connection.connect()
        except OSError as error:
            connection.close()
            remedy = _REMEDIES.get(error.errno or 0, "")
            raise ConnectFailed(
                f"{self} cannot be reached", why=f"{_words(error)}; {self._said}", remedy=remedy
            ) from error
        return connection

    @property
    def _said(self) -> str:
        source = self._host.said.source
        return "that is where it usually is" if source == "default" else f"so says {source}"

    def _answer(self, connection: http.client.HTTPConnection, what: str) -> http.client.HTTPResponse:
        response = connection.getresponse()
        if response.status == 200:
            return response
        why = _message(response.read(_LONGEST)) or f"it answers {response.status}"
        if response.status == 404:
            raise NotFound(what, status=404, why=why, remedy="docker image ls lists what it has")
        raise UnexpectedAnswer(what, status=response.status, why=why)

    def _pieces(self, response: http.client.HTTPResponse, what: str) -> Iterator[memoryview]:
        view, tail = memoryview(bytearray(_PIECE)), b""
        while count := self._read(response, view, what):
            tail = (tail + view[max(0, count - _TAIL) : count])[-_TAIL:]
            yield view[:count]
        # What goes wrong when the answer has begun is written at its end.
        begin = tail.rfind(b'{"errorDetail"')
        if begin >= 0 and (message := _message(tail[begin:])):
            raise UnexpectedAnswer(what, why=message)

    def _read(self, response: http.client.HTTPResponse, view: memoryview, what: str) -> int:
        with self._in_words(what, _BUSY):  # whoever writes the pieces to a file would take an error for that file's
            return response.readinto(view)


class Loading:
    """An archive on its way into docker."""

    def __init__(self, engine: Engine, connection: http.client.HTTPConnection, what: str) -> None:
        self._engine, self._connection, self._what = engine, connection, what

    def write(self, content: bytes | memoryview) -> None:
        """Send the bytes."""
        if not content:
            return  # an empty chunk would be the end
        try:
            self._connection.send(b"%x\r\n" % len(content))
            self._connection.send(content)
            self._connection.send(b"\r\n")
        except (BrokenPipeError, ConnectionResetError):
            self.finish_early()
            raise

    def finish(self) -> None:
        """All is sent: wait until docker has it, or raise what it says."""
        self._connection.send(b"0\r\n\r\n")
        self._heard()

    def finish_early(self) -> None:
        """Docker takes no more: raise what it says, if it says why."""
        try:
            self._heard()
        except (OSError, http.client.HTTPException):
            return

    def _heard(self) -> None:
        response = self._engine._answer(self._connection, self._what)
        while line := response.readline(_LONGEST):
            if message := _message(line):
                raise UnexpectedAnswer(self._what, why=message)


def _words(error: Exception) -> str:
    words = getattr(error, "strerror", None) or str(error) or type(error).__name__
    return printable(str(words)).lower()


def _message(raw: bytes) -> str:
    """What docker's JSON says went wrong: `{"message": …}`, and in a stream `{"errorDetail": {"message": …}}`."""
    try:
        value = json.loads(raw)
    except (ValueError, RecursionError):
        return ""
    if not isinstance(value, dict):
        return ""
    detail = value.get("errorDetail")
    said = detail.get("message") if isinstance(detail, dict) else value.get("error") or value.get("message")
    return printable(said) if isinstance(said, str) else ""
