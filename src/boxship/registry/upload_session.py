"""An upload's session at a registry (the specification's "Pushing a blob in chunks"): begun, sent to, asked, closed.

What is sent, and what is done about trouble, is `uploads`'s and `head_start`'s work.
"""

from __future__ import annotations

__all__ = ["LEAST_CHUNK", "UploadSession"]

from collections.abc import Callable
from typing import TYPE_CHECKING

from boxship.auth.scope import pull, pull_and_push
from boxship.digest import Digest
from boxship.errors import UnexpectedAnswer
from boxship.registry.remote import Remote
from boxship.transport.kind import Kind
from boxship.wire import routes
from boxship.wire.message import Request, Stream
from boxship.wire.ranges import parse_upload_range
from boxship.wire.target import Target

if TYPE_CHECKING:
    from boxship.transport.response import Response

LEAST_CHUNK = 1024 * 1024  # bytes that every proxy lets pass: nginx's default
_KIND = {"Content-Type": "application/octet-stream"}


class UploadSession:
    """Where one blob is sent, by one thread at a time.

    Attributes:
        path: the address that the registry gave; '' before it has begun, and where it is none any more.
        received: how many bytes the registry has.
        least: how many bytes the registry wants in a chunk that is not the last.
    """

    def __init__(self, remote: Remote, repository: str) -> None:
        self._remote, self._repository = remote, repository
        self._what = f"an upload to {repository}"
        self._moved: Callable[[str], object] = lambda _: None
        self.path = ""
        self.received = 0
        self.least = LEAST_CHUNK

    def is_of(self, remote: Remote, what: str, moved: Callable[[str], object]) -> None:
        """It is part of that remote's operation from now on; `what` is what errors call it.

        `moved` is called with the path that it has, and with each that it gets.
        """
        self._remote, self._what, self._moved = remote, what, moved
        if self.path:
            moved(self.path)

    def begin(self, digest: Digest | None, mount: str = "") -> bool:
        """Begin; whether that was needed: what is mounted, from that repository, is there at once.

        `digest`: the blob's, where it is known.
        """
        scopes = [pull_and_push(self._repository), *([pull(mount)] if mount not in ("", self._repository) else ())]
        query = {"mount": str(digest), "from": mount} if mount else {}
        if digest and digest.algorithm != "sha256":
            query["digest-algorithm"] = digest.algorithm
        request = Request("POST", routes.with_query(routes.uploads(self._repository), **query), body=b"")
        with self._remote.send(request, *scopes, what=self._what, kind=Kind.MOVE) as response:
            if response.status == 201:
                return False
            self.received = 0
            self._go_on_at(response)
            least = response.head.get("oci-chunk-min-length")
            self.least = max(self.least, int(least)) if least.isdecimal() and len(least) < 16 else self.least
        return True

    def send(self, body: Stream, stop: int) -> None:
        """Send the bytes from those that it has to before `stop`; it may take fewer."""
        start = self.received
        headers = {**_KIND, "Content-Range": f"{start}-{stop - 1}"}
        with self._ask(Request("PATCH", self.path, headers, body)) as response:
            self._go_on_at(response)
            came = parse_upload_range(response.head.get("range"))
        if came is not None and not start < came <= stop:
            why = f"it says that it has {came} bytes, where those from {start} to before {stop} were sent"
            raise UnexpectedAnswer(self._what, status=416, why=why)
        self.received = came if came is not None else stop

    def close(self, digest: Digest, body: bytes | Stream) -> None:
        """All of it is there with the body: that is the blob."""
        joint = "&" if "?" in self.path else "?"
        query = routes.with_query("", digest=str(digest)).removeprefix("?")
        with self._ask(Request("PUT", f"{self.path}{joint}{query}", _KIND, body)):
            pass

    def ask(self) -> int:
        """How many bytes the registry says that it has; 0 where it may be none."""
        with self._ask(Request("GET", self.path)) as response:
            if response.head.get("location"):
                self._go_on_at(response)
            # `0-0` stands for no byte as well as for one.
            came = parse_upload_range(response.head.get("range")) or 0
            return came if came > 1 else 0

    def forget(self) -> None:
        """There is none any more."""
        self.path, self.received = "", 0

    def _ask(self, request: Request) -> Response:
        return self._remote.send(request, pull_and_push(self._repository), what=self._what, kind=Kind.MOVE)

    def _go_on_at(self, response: Response) -> None:
        """Where the session goes on, as the answer says."""
        origin = response.verdict.origin
        try:
            target = Target.parse(response.head.get("location"), f"{origin}{self.path or '/'}")
        except ValueError as error:
            raise UnexpectedAnswer(f"{self._what}: no place for it", why=f"its Location: {error}") from None
        if target.host != origin.host:
            # A stranger's host would be sent what is private: no registry that was met needs that.
            why = f"it leads to {target.registry}, another host"
            raise UnexpectedAnswer(f"{self._what}: not followed", status=response.status, why=why)
        self.path = target.path
        self._moved(self.path)
