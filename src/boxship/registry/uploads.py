"""Pushing blobs: what is there is not sent, what is elsewhere in the registry is mounted, what breaks off goes on.

The specification's "Pushing Blobs". A short blob takes POST and PUT; a long one POST, PATCH and PUT: what a PATCH has
brought is kept by the registry, and the rest is sent after it has said how much that is. Whether a blob is there is
asked before; of a tiny one by the POST itself, which would mount it from the repository that it is for.
"""

from __future__ import annotations

__all__ = ["BlobSource", "How", "push_blob"]

import enum
from collections.abc import Generator, Iterator
from contextlib import AbstractContextManager
from typing import Protocol, Self

from boxship.auth.scope import pull_and_push
from boxship.errors import BoxshipError, ConnectFailed, RegistryError, Unreachable
from boxship.registry.again import MOST_TRIES, may_pass, pause, unbroken
from boxship.registry.known import known_of
from boxship.registry.remote import Remote
from boxship.registry.unfinished import Unfinished
from boxship.registry.upload_session import UploadSession
from boxship.spec.descriptor import Descriptor
from boxship.value import dataclass
from boxship.wire import routes
from boxship.wire.message import Request


class BlobSource(Protocol):
    """Where blobs are taken from. Safe to use from several threads."""

    def open_blob(self, blob: Descriptor, at: int = 0) -> AbstractContextManager[Iterator[memoryview]]:
        """The blob's bytes from byte `at` on, each piece valid until the next is asked for.

        Read from its beginning it is verified while it flows, and the last piece comes only if all is right. The rest
        of a blob is for those who verify the whole themselves.
        """


_SHORT = 1024 * 1024  # bytes that are sent in one request: to send them again costs less than to ask what came
_TINY = 64 * 1024  # bytes that may be sent in vain, to a registry that mounts nothing: a question costs as much
_NOT_TOLD = frozenset({400, 404, 405})  # by registries that do not let it be asked so


class How(enum.Enum):
    """How a blob came to be where it was wanted."""

    PUSHED = "pushed"
    MOUNTED = "mounted"
    PRESENT = "present"


def push_blob(
    remote: Remote,
    repository: str,
    blob: Descriptor,
    source: BlobSource,
    *,
    mount: str = "",
    begun: UploadSession | None = None,
) -> How:
    """Bring the blob from its source to the repository; from `mount`, another of the registry's, if that has it.

    `begun`: a session to which its beginning was sent before it was known which blob that would be.
    """
    asking = blob.size <= _TINY and not mount and not begun and known_of(remote).told_by_mounting
    if not asking and _is_there(remote, repository, blob):
        return How.PRESENT
    with _Upload(remote, repository, blob, source, repository if asking else mount) as upload:
        if begun:
            upload.go_on_with(begun)
        return upload.run()


def _is_there(remote: Remote, repository: str, blob: Descriptor) -> bool:
    request, what = Request("HEAD", routes.blob(repository, blob.digest)), f"the blob {blob.digest}"
    return unbroken(remote.work, lambda: remote.has(request, pull_and_push(repository), what=what))


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

    def pieces(self) -> Generator[memoryview, None, None]:
        try:
            yield from self._wanted()
        except BoxshipError as error:
            self.failed = error
            raise

    def _wanted(self) -> Iterator[memoryview]:
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
        self._part = _Part(source, blob, 0, 0)
        self._gone_on = False  # whether the registry has bytes that it had before the last trouble
        folder = remote.session.uploads if blob.size > _SHORT else None
        self._kept = Unfinished(folder, remote.session.origin(remote.site), repository, blob.digest)
        self._known = known_of(remote)
        self._session = UploadSession(remote, repository)
        self._session.is_of(remote, self._what, self._kept.keep)
        self._most = blob.size
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

    def go_on_with(self, begun: UploadSession) -> None:
        """Its beginning was sent to that session."""
        self._session, self._gone_on = begun, True
        begun.is_of(self._remote, self._what, self._kept.keep)

    def run(self) -> How:
        """Bring it there, whatever that takes; raises the last cause where it does not go on."""
        if not self._session.path:
            self._resume()
        tries, reached = 0, 0
        while True:
            try:
                if not self._session.path and not self._begin():
                    return How.PRESENT if self._mount == self._repository else How.MOUNTED
                self._send()
            except (Unreachable, RegistryError) as error:
                self._remote.work.check()
                tries = 1 if self._session.received > reached else tries + 1
                reached = max(reached, self._session.received)
                if error is self._part.failed or tries > MOST_TRIES or not self._can_go_on(error):
                    raise
                self._recover(error, tries)
            else:
                return How.PUSHED

    def _resume(self) -> None:
        """Go on with what an earlier process has begun, if the registry still has it."""
        self._session.path = self._kept.recall()
        if not self._session.path:
            return
        self._go_on()
        if self._session.path:
            self._say(f"goes on after byte {self._session.received}, where an earlier run has left it")
        else:
            self._kept.forget()

    def _begin(self) -> bool:
        """Begin a session; whether there is one, as what was mounted needs none."""
        self._gone_on = False
        if self._mount:
            try:
                return self._session.begin(self._blob.digest, self._mount)
            except RegistryError as error:
                if may_pass(error):
                    raise
                self._do_not_mount(error)
        return self._session.begin(self._blob.digest)

    def _do_not_mount(self, error: RegistryError) -> None:
        if self._mount == self._repository:
            if error.status not in _NOT_TOLD:
                raise error
            self._known.told_by_mounting = False
        self._say(f"is not mounted from {self._mount}, as {error}")
        self._mount = ""

    def _send(self) -> None:
        size, session = self._blob.size, self._session
        if size <= min(_SHORT, self._most) and not session.received:
            session.close(self._blob.digest, self._from_here(size))
            return
        while session.received < size:
            stop = min(size, session.received + self._most)
            session.send(self._from_here(stop), stop)
        session.close(self._blob.digest, b"")

    def _from_here(self, stop: int) -> _Part:
        self._part = _Part(self._source, self._blob, self._session.received, stop)
        return self._part

    # Trouble.

    def _is_spoilt(self, error: BoxshipError) -> bool:
        """Whether the registry found other bytes than the blob's, and had some from before."""
        return self._gone_on and isinstance(error, RegistryError) and error.status == 400

    def _can_go_on(self, error: BoxshipError) -> bool:
        if isinstance(error, RegistryError) and error.status == 413:
            return self._most > self._session.least
        if isinstance(error, ConnectFailed):
            return False  # the registry was dialled with patience, which is not to be multiplied
        lost = isinstance(error, RegistryError) and error.status in (404, 416) and bool(self._session.path)
        return isinstance(error, Unreachable) or may_pass(error) or lost or self._is_spoilt(error)

    def _recover(self, error: BoxshipError, tries: int) -> None:
        self._say(f"after byte {self._session.received}, as {error}")
        if isinstance(error, RegistryError) and error.status == 413:
            self._most = max(self._session.least, min(self._most, self._blob.size) // 8)
            self._known.longest = self._most
        self._remote.work.sleep(pause(error, tries))
        if self._is_spoilt(error):
            self._session.path = ""
        elif self._session.path:
            self._go_on()

    def _go_on(self) -> None:
        """Ask how much came; the session is none any more where that is nothing, or cannot be."""
        try:
            self._session.received = self._session.ask()
        except ConnectFailed:
            raise
        except (Unreachable, RegistryError):
            self._remote.work.check()
            self._session.received = 0
        self._gone_on = 0 < self._session.received <= self._blob.size
        if not self._gone_on:
            self._session.forget()

    def _say(self, words: str) -> None:
        self._remote.work.trace.say("Resume", f"{self._what} {words}", level="W")
