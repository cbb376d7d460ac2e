"""The rest of a blob: asked for by Range, its answer judged, and asked for again, but not without end.

When it is asked for, and whether something else is waited for meanwhile, is `transfer`'s work.
"""

from __future__ import annotations

__all__ = ["NothingMissing", "Rest", "Wanted"]

import time
from typing import TYPE_CHECKING

from boxship.auth.scope import Scope
from boxship.connect.deadline import Work
from boxship.digest import Digest
from boxship.errors import BoxshipError, BrokenAnswer, ConnectFailed, CredentialFailed, UnexpectedAnswer, Unreachable
from boxship.registry.again import growing
from boxship.registry.remote import Remote
from boxship.registry.source import Source
from boxship.transport.kind import Kind
from boxship.value import dataclass, replace
from boxship.wire.message import Head, Request
from boxship.wire.printable import printable
from boxship.wire.ranges import parse_content_range

if TYPE_CHECKING:
    from boxship.transport.response import Response

_MOST = 5  # requests for the rest
_ENOUGH = 1024 * 1024  # bytes that show that it was worth the while: it may be asked for as often again
_FIRST_PAUSE = 0.3  # seconds; before the second of them, and doubled from then on


class NothingMissing(UnexpectedAnswer):
    """There is no rest, says the registry, of a blob whose size nobody has said."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """A blob as it is asked for: the request for the whole of it."""

    remote: Remote
    request: Request
    scope: Scope
    digest: Digest
    what: str

    def ask(self, work: Work, headers: dict[str, str], *, fresh: bool = False) -> Response:
        """The answer to the request with these headers, which is a success; else the error that it means."""
        request = replace(self.request, headers={**self.request.headers, **headers})
        remote = replace(self.remote, work=work)
        return remote.send(request, self.scope, what=self.what, kind=Kind.BLOB, fresh=fresh)


class Rest:
    """What is missing of a blob, and how often that has been asked for. One thread at a time asks."""

    def __init__(self, wanted: Wanted, first: Response, size: int | None) -> None:
        """`first`: the answer to the request for the whole; `size`: the blob's, where it is known."""
        self.size = size
        self._wanted = wanted
        self._first = first.head, first.verdict.origin
        self._last = first.verdict.origin
        self._asked, self._gained_at = 0, 0

    def begin(self, work: Work, at: int, cause: BoxshipError) -> Source:
        """The blob from byte `at` on, of which the first is at hand. `cause` has kept it from coming.

        Raises the last cause where it has been asked for too often, and at once what refuses it and `NothingMissing`.
        Patience with a registry that cannot be dialled any more is not multiplied by that: after it, this is the end.
        """
        patient_until = time.monotonic() + self._wanted.remote.session.bounds.patience
        while True:
            self._count(at, cause)
            self._wanted.remote.broke_off(self._last)
            place = f"byte {at}" if self.size is None else f"byte {at} of {self.size}"
            work.trace.say("Resume", f"{self._wanted.what} from {place} on, as {cause}", level="W")
            work.sleep(_pause(self._asked))
            try:
                return self._attempt(work, at)
            except (Unreachable, UnexpectedAnswer, CredentialFailed) as error:
                work.check()
                if isinstance(error, UnexpectedAnswer) and error.status == 416 and self.size is None:
                    raise NothingMissing(error.what, status=416, why=error.why) from error
                if isinstance(error, ConnectFailed) and time.monotonic() >= patient_until:
                    raise
                cause = error

    def _count(self, at: int, cause: BoxshipError) -> None:
        if at - self._gained_at >= _ENOUGH:
            self._asked, self._gained_at = 0, at
        if self._asked == _MOST:
            cause.why += f"; asked for the rest {_MOST} times, it did not come"
            raise cause
        self._asked += 1

    def _attempt(self, work: Work, at: int) -> Source:
        response = self._wanted.ask(work, self._headers(at), fresh=True)
        self._last = response.verdict.origin
        try:
            source = self.source(response, at)
            begun = source.begin()
        except BaseException:
            response.close()
            raise
        if not begun and self.size is not None:
            response.close()
            raise BrokenAnswer(self._wanted.what, why=f"nothing came from byte {at} on")
        return source

    def _headers(self, at: int) -> dict[str, str]:
        if not at:
            return {}
        tag = self._first[0].get("etag")
        same = {"If-Range": tag} if _is_strong(tag) else {}
        return {"Range": f"bytes={at}-", **same}

    def source(self, response: Response, at: int) -> Source:
        """The bytes from `at` on of an answer; `UnexpectedAnswer` where it is no part of the blob, or of another."""
        head, bounds = response.head, self._wanted.remote.session.bounds
        why = self._not_of_it(response) or (self._wrong_part(head, at, response.length) if head.status == 206 else "")
        if why:
            raise UnexpectedAnswer(
                f"{self._wanted.what}: the rest is not what was asked for", status=head.status, why=why
            )
        # Who does not know Range, or has something else now, sends the whole: the digest will tell.
        return Source(response, bounds, begins=at if head.status == 206 else 0, at=at)

    def _not_of_it(self, response: Response) -> str:
        head, (first, origin) = response.head, self._first
        if head.status not in (200, 206):
            return f"it has the status {head.status}"
        coding = head.get("content-encoding", "identity").strip().lower()
        if coding not in ("identity", ""):
            return f"it is in the coding {printable(coding)}, whose bytes are not the blob's"
        digest, named = self._wanted.digest, head.get("docker-content-digest").strip()
        if named.startswith(f"{digest.algorithm}:") and named != str(digest):
            return f"it is of {printable(named)}"
        tags = first.get("etag"), head.get("etag")
        # Another host may call the same bytes something else.
        if (
            head.status == 206
            and origin == response.verdict.origin
            and all(map(_is_strong, tags))
            and len(set(tags)) > 1
        ):
            return f"it is of {printable(tags[1])}, after {printable(tags[0])}"
        return ""

    def _wrong_part(self, head: Head, at: int, length: int | None) -> str:
        said = head.get("content-range")
        part = parse_content_range(said)
        if not part:
            return f"it does not say which bytes it sends: {printable(said) or 'no Content-Range'}"
        if part.start != at or (length is not None and length != part.stop - part.start):
            return f"it sends {printable(said)} in {length} bytes, where those from {at} on were asked for"
        if self.size is not None and part.size not in (None, self.size):
            return f"it sends {printable(said)}, where the blob has {self.size} bytes"
        self.size = part.size if self.size is None else self.size
        return ""


def _is_strong(tag: str) -> bool:
    # RFC 9110, 13.1.5: a weak one says nothing of bytes.
    return len(tag) > 1 and tag[0] == tag[-1] == '"'


def _pause(asked: int) -> float:
    """Seconds before the rest is asked for, for the time with this number."""
    if asked == 1:
        return 0.0
    return growing(_FIRST_PAUSE, asked - 1)
