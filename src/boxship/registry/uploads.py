"""Pushing blobs: what is there is not sent, what is elsewhere in the registry is mounted, what breaks off goes on.

The specification's "Pushing Blobs". A short blob takes POST and PUT; a long one POST, PATCH and PUT: what a PATCH has
brought is kept by the registry, and the rest is sent after it has said how much that is.
"""

from __future__ import annotations

__all__ = ["BlobSource", "How", "push_blob"]

import enum
from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, Self

from boxship.auth.scope import pull, pull_and_push
from boxship.errors import BoxshipError, RegistryError, UnexpectedAnswer, Unreachable
from boxship.registry.again import MOST_TRIES, may_pass, pause, unbroken
from boxship.registry.known import known_of
from boxship.registry.remote import Remote
from boxship.registry.unfinished import Unfinished
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


class How(enum.Enum):
    """How a blob came to be where it was wanted."""

    PUSHED = "pushed"
    MOUNTED = "mounted"
    PRESENT = "present"


def push_blob(remote: Remote, repository: str, blob: Descriptor, source: BlobSource, *, mount: str = "") -> How:
    """Bring the blob from its source to the repository; from `mount`, another of the registry's, if that has it."""
    request, what = Request("HEAD", routes.blob(repository, blob.digest)), f"the blob {blob.digest}"
    if unbroken(remote.work, lambda: remote.has(request, pull_and_push(repository), what=what)):
        return How.PRESENT
    with _Upload(remote, repository, blob, source, mount) as upload:
        return upload.run()


@dataclass(slots=True)
class _Part:
    """The bytes of a blob from `start` to before `stop`, as the body of a request; `failed` is what kept them away."""

    source: BlobSource
    blob: Descriptor
    start: int
    stop: int
    failed: BoxshipError | None = None

    @property
    def size(self) -> int:
        return self.stop - self.start

    def __iter__(self) -> Iterator[memoryview]:
        try:
            yield from self._pieces()
        except BoxshipError as error:
            self.failed = error
            raise

    def _pieces(self) -> Iterator[memoryview]:
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

    def __init__(self, remote: Remote, repository: str, blob: Descriptor, source: BlobSource, mount: str) -> None:
        self._remote, self._repository, self._blob, self._source = remote, repository, blob, source
        self._what = f"the upload of {blob.digest} to {repository}"
        self._mount = mount
        self._path = ""  # of the session; none before it has begun
        self._part = _Part(source, blob, 0, 0)
        self._received = 0
        self._gone_on = False  # whether the registry has bytes that it had before the last trouble
        folder = remote.session.uploads if blob.size > _SHORT else None
        self._kept = Unfinished(folder, remote.session.origin(remote.site), repository, blob.digest)
        self._known = known_of(remote)
        self._least, self._most = _LEAST_CHUNK, blob.size
        if self._known.longest is not None:
            self._most = min(self._most, self._known.longest)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        """It is over; if it has failed, another process may go on with it."""
        if error is None:
            self._kept.forget()
        else:
            self._kept.leave()

    def run(self) -> How:
        """Bring it there, whatever that takes; raises the last cause where it does not go on."""
        self._resume()
        tries, reached = 0, 0
        while True:
            try:
                if not self._path and not self._begin():
                    return How.MOUNTED
                self._send()
            except (Unreachable, RegistryError) as error:
                self._remote.work.check()
                tries = 1 if self._received > reached else tries + 1
                reached = max(reached, self._received)
                if error is self._part.failed or tries > MOST_TRIES or not self._can_go_on(error):
                    raise
                self._recover(error, tries)
            else:
                return How.PUSHED

    def _resume(self) -> None:
        """Go on with what an earlier process has begun, if the registry still has it."""
        self._path = self._kept.recall()
        if not self._path:
            return
        self._go_on()
        if self._path:
            self._say(f"goes on after byte {self._received}, where an earlier run has left it")
        else:
            self._kept.forget()

    def _begin(self) -> bool:
        """Begin a session; whether there is one, as what was mounted needs none."""
        if self._mount:
            try:
                return self._post(self._mount)
            except RegistryError as error:
                if may_pass(error):
                    raise
                self._say(f"is not mounted from {self._mount}, as {error}")
                self._mount = ""
        return self._post("")

    def _post(self, mount: str) -> bool:
        scopes = [pull_and_push(self._repository), *([pull(mount)] if mount else ())]
        query = {"mount": str(self._blob.digest), "from": mount} if mount else {}
        algorithm = self._blob.digest.algorithm
        if algorithm != "sha256":
            query["digest-algorithm"] = algorithm
        request = Request("POST", routes.with_query(routes.uploads(self._repository), **query), body=b"")
        with self._remote.send(request, *scopes, what=self._what, kind=Kind.MOVE) as response:
            if response.status == 201:
                return False
            self._received, self._gone_on = 0, False
            self._go_on_at(response)
            least = response.head.get("oci-chunk-min-length")
            self._least = max(self._least, int(least)) if least.isdecimal() and len(least) < 16 else self._least
        return True

    def _send(self) -> None:
        size = self._blob.size
        if size <= min(_SHORT, self._most) and not self._received:
            self._close(self._from_here(size))
            return
        while self._received < size:
            self._patch(min(size, self._received + self._most))
        self._close(b"")

    def _from_here(self, stop: int) -> _Part:
        self._part = _Part(self._source, self._blob, self._received, stop)
        return self._part

    def _patch(self, stop: int) -> None:
        start = self._received
        headers = {"Content-Type": "application/octet-stream", "Content-Range": f"{start}-{stop - 1}"}
        with self._ask(Request("PATCH", self._path, headers, self._from_here(stop))) as response:
            self._go_on_at(response)
            came = parse_upload_range(response.head.get("range"))
        if came is not None and not start < came <= stop:
            why = f"it says that it has {came} bytes, where those from {start} to before {stop} were sent"
            raise UnexpectedAnswer(self._what, status=416, why=why)
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
        self._kept.keep(self._path)

    # Trouble.

    def _is_spoilt(self, error: BoxshipError) -> bool:
        """Whether the registry found other bytes than the blob's, and had some from before."""
        return self._gone_on and isinstance(error, RegistryError) and error.status == 400

    def _can_go_on(self, error: BoxshipError) -> bool:
        if isinstance(error, RegistryError) and error.status == 413:
            return self._most > self._least
        lost = isinstance(error, RegistryError) and error.status in (404, 416) and bool(self._path)
        return isinstance(error, Unreachable) or may_pass(error) or lost or self._is_spoilt(error)

    def _recover(self, error: BoxshipError, tries: int) -> None:
        self._say(f"after byte {self._received}, as {error}")
        if isinstance(error, RegistryError) and error.status == 413:
            self._most = max(self._least, min(self._most, self._blob.size) // 8)
            self._known.longest = self._most
        self._remote.work.sleep(pause(error, tries))
        if self._is_spoilt(error):
            self._path = ""
        elif self._path:
            self._go_on()

    def _go_on(self) -> None:
        """Ask how much came; the session is none any more where that is nothing, or cannot be."""
        try:
            self._received = self._ask_what_came()
        except (Unreachable, RegistryError):
            self._remote.work.check()
            self._received = 0
        self._gone_on = 0 < self._received <= self._blob.size
        if not self._gone_on:
            self._path, self._received = "", 0

    def _ask_what_came(self) -> int:
        """How many bytes the registry has; 0 where it may be none."""
        with self._ask(Request("GET", self._path)) as response:
            if response.head.get("location"):
                self._go_on_at(response)
            # `0-0` stands for no byte as well as for one.
            came = parse_upload_range(response.head.get("range")) or 0
            return came if came > 1 else 0

    def _say(self, words: str) -> None:
        self._remote.work.trace.say("Resume", f"{self._what} {words}", level="W")
