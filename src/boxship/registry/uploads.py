"""Pushing blobs: what is there is not sent, what is elsewhere in the registry is mounted, what breaks off goes on.

The specification's "Pushing Blobs". A short blob takes POST and PUT; a long one POST, PATCH and PUT: what a PATCH has
brought is kept by the registry, and the rest is sent after it has said how much that is.
"""

from __future__ import annotations

__all__ = ["BlobSource", "How", "push_blob"]

import enum
import random
from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from boxship.auth.scope import pull, pull_and_push
from boxship.errors import BoxshipError, NotFound, RegistryError, UnexpectedAnswer, Unreachable
from boxship.registry.remote import Remote
from boxship.spec.descriptor import Descriptor
from boxship.transport.kind import Kind
from boxship.wire import routes
from boxship.wire.message import Request
from boxship.wire.ranges import parse_upload_range
from boxship.wire.target import Target

if TYPE_CHECKING:
    from boxship.transport.response import Response


class BlobSource(Protocol):
    """Where blobs are taken from. Safe to use from several threads."""

    def open_blob(self, blob: Descriptor, at: int = 0) -> AbstractContextManager[Iterator[memoryview]]:
        """The blob's bytes from byte `at` on, each piece valid until the next is asked for.

        Read from its beginning it is verified while it flows, and the last piece comes only if all is right. The rest
        of a blob is for those who verify the whole themselves.
        """


_SHORT = 1024 * 1024  # bytes that are sent in one request: to send them again costs less than to ask what came
_LEAST_CHUNK = 1024 * 1024  # what every proxy lets pass: nginx's default
_MOST = 5  # attempts of which none brought anything
_FIRST_PAUSE = 0.3  # seconds, doubled from then on


class How(enum.Enum):
    """How a blob came to be where it was wanted."""

    PUSHED = "pushed"
    MOUNTED = "mounted"
    PRESENT = "present"


def push_blob(remote: Remote, repository: str, blob: Descriptor, source: BlobSource, *, mount: str = "") -> How:
    """Bring the blob from its source to the repository; from `mount`, another of the registry's, if that has it."""
    scope, what = pull_and_push(repository), f"the blob {blob.digest}"
    if remote.has(Request("HEAD", routes.blob(repository, blob.digest)), scope, what=what):
        return How.PRESENT
    upload = _Upload(remote, repository, blob, source)
    if not upload.begin(mount):
        return How.MOUNTED
    upload.run()
    return How.PUSHED


@dataclass(frozen=True, slots=True)
class _Part:
    """The bytes of a blob from `start` to before `stop`, as the body of a request."""

    source: BlobSource
    blob: Descriptor
    start: int
    stop: int

    @property
    def size(self) -> int:
        return self.stop - self.start

    def __iter__(self) -> Iterator[memoryview]:
        left = self.size
        with self.source.open_blob(self.blob, self.start) as pieces:
            for piece in pieces:
                yield piece[:left]
                left = max(0, left - len(piece))
                # Where the blob ends with them it is read to its end: there, a source finds that it is the wrong one.
                if not left and self.stop < self.blob.size:
                    return


class _Upload:
    """One blob on its way into a repository."""

    def __init__(self, remote: Remote, repository: str, blob: Descriptor, source: BlobSource) -> None:
        self._remote, self._repository, self._blob, self._source = remote, repository, blob, source
        self._what = f"the upload of {blob.digest} to {repository}"
        self._path = ""
        self._received = 0
        self._least, self._most = _LEAST_CHUNK, blob.size

    def begin(self, mount: str = "") -> bool:
        """Begin a session; whether there is one, as what was mounted needs none."""
        scopes = [pull_and_push(self._repository), *([pull(mount)] if mount else ())]
        query = {"mount": str(self._blob.digest), "from": mount} if mount else {}
        algorithm = self._blob.digest.algorithm
        if algorithm != "sha256":
            query["digest-algorithm"] = algorithm
        request = Request("POST", routes.with_query(routes.uploads(self._repository), **query), body=b"")
        with self._remote.send(request, *scopes, what=self._what, kind=Kind.MOVE) as response:
            if response.status == 201:
                return False
            self._received = 0
            self._go_on_at(response)
            least = response.head.get("oci-chunk-min-length")
            self._least = max(self._least, int(least)) if least.isdecimal() and len(least) < 16 else self._least
        return True

    def run(self) -> None:
        """Send everything, whatever that takes; raises the last cause where it does not go on."""
        tries, reached = 0, 0
        while True:
            try:
                self._send()
            except (Unreachable, RegistryError) as error:
                self._remote.work.check()
                tries = 1 if self._received > reached else tries + 1
                reached = max(reached, self._received)
                if tries > _MOST or not self._can_go_on(error):
                    raise
                self._recover(error, tries)
            else:
                return

    def _send(self) -> None:
        size = self._blob.size
        if size <= min(_SHORT, self._most) and not self._received:
            self._close(_Part(self._source, self._blob, 0, size))
            return
        while self._received < size:
            self._patch(min(size, self._received + self._most))
        self._close(b"")

    def _patch(self, stop: int) -> None:
        start = self._received
        headers = {"Content-Type": "application/octet-stream", "Content-Range": f"{start}-{stop - 1}"}
        request = Request("PATCH", self._path, headers, _Part(self._source, self._blob, start, stop))
        with self._ask(request) as response:
            self._go_on_at(response)
            came = parse_upload_range(response.head.get("range"))
        self._received = came if came is not None else stop

    def _close(self, body: bytes | _Part) -> None:
        joint = "&" if "?" in self._path else "?"
        query = routes.with_query("", digest=str(self._blob.digest)).removeprefix("?")
        headers = {"Content-Type": "application/octet-stream"}
        with self._ask(Request("PUT", f"{self._path}{joint}{query}", headers, body)):
            pass

    def _ask(self, request: Request) -> Response:
        return self._remote.send(request, pull_and_push(self._repository), what=self._what, kind=Kind.MOVE)

    def _go_on_at(self, response: Response) -> None:
        """Where the session goes on, as the answer says."""
        origin = response.verdict.origin
        try:
            target = Target.parse(response.head.get("location"), f"{origin}{self._path or '/'}")
        except ValueError as error:
            raise UnexpectedAnswer(f"{self._what}: no place for it", why=f"its Location: {error}") from None
        if target.host != origin.host:
            # A stranger's host would be sent what is private: no registry that was met needs that.
            why = f"it leads to {target.registry}, another host"
            raise UnexpectedAnswer(f"{self._what}: not followed", status=response.status, why=why)
        self._path = target.path

    # Trouble.

    def _can_go_on(self, error: BoxshipError) -> bool:
        if isinstance(error, Unreachable):
            return True
        status = error.status if isinstance(error, RegistryError) else None
        if status == 413:
            return self._most > self._least
        return status in (404, 408, 416, 429) or (status is not None and status >= 500)

    def _recover(self, error: BoxshipError, tries: int) -> None:
        work = self._remote.work
        work.trace.say("Resume", f"{self._what} after byte {self._received}, as {error}", level="W")
        if isinstance(error, RegistryError) and error.status == 413:
            self._most = max(self._least, min(self._most, self._blob.size) // 8)
        work.sleep(_FIRST_PAUSE * 2.0 ** (tries - 1) * (1 + random.random() / 2))  # noqa: S311 -- spreads clients
        try:
            came = self._ask_what_came()
        except (Unreachable, RegistryError):
            came = 0
        if came:
            self._received = came
        else:
            self.begin()

    def _ask_what_came(self) -> int:
        """How many bytes the registry has; 0 where it may be none, or the session is gone."""
        try:
            with self._ask(Request("GET", self._path)) as response:
                if response.head.get("location"):
                    self._go_on_at(response)
                # `0-0` stands for no byte as well as for one.
                came = parse_upload_range(response.head.get("range")) or 0
                return came if came > 1 else 0
        except NotFound:
            return 0
