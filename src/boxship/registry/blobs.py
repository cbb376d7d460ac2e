"""Reading blobs: bytes that are verified while they flow, the last of them given out only when all are right."""

from __future__ import annotations

__all__ = ["Blob", "open_blob", "read_blob", "see_blob", "stated_size"]

import hashlib
import os
import queue
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from boxship.auth.scope import pull
from boxship.digest import Digest
from boxship.errors import BrokenAnswer, DigestMismatch, SizeMismatch
from boxship.registry.remote import Remote
from boxship.registry.rest import Wanted
from boxship.registry.transfer import Transfer
from boxship.spec.descriptor import Descriptor
from boxship.wire import routes
from boxship.wire.message import Head, Request

_PIECE = 1024 * 1024  # large enough that hashing and receiving overlap, small enough for a cache
_PIECES = 4  # being received, being hashed, being used, and one to spare
_PIECES_IN_LINE = 2  # being received and then hashed, and being used: fewer stay in a processor's cache
_MOST_DIGITS = 19  # of a length: more are past 2**63, and nobody's blob
_PROCESSORS = os.cpu_count() or 1
_on_their_way: set[Blob] = set()  # of this process


@contextmanager
def open_blob(
    remote: Remote, repository: str, digest: Digest, *, size: int | None = None, at: int = 0
) -> Iterator[Blob]:
    """The blob as a stream. `size` is what its descriptor says, where there is one: a longer answer is not read.

    From byte `at` on, where its beginning is at hand: who has that verifies the whole.
    """
    # Its bytes as they are stored: those of a coding could be neither counted nor verified.
    request = Request("GET", routes.blob(repository, digest), {"Accept-Encoding": "identity"})
    wanted = Wanted(remote, request, pull(repository), digest, f"the blob {digest} of {repository}")
    response = wanted.ask(remote.work, {"Range": f"bytes={at}-"} if at else {})
    known = response.length if size is None and not at else size
    with Transfer(wanted, response, known, at=at) as transfer:
        blob = Blob(transfer, digest, known, wanted.what, at=at)
        try:
            yield blob
        finally:
            blob.close()


def read_blob(remote: Remote, repository: str, digest: Digest, *, limit: int, size: int | None = None) -> bytes:
    """A small blob whole, verified; `BrokenAnswer` for one of more than `limit` bytes."""
    with open_blob(remote, repository, digest, size=size) as blob:
        content = bytearray()
        for piece in blob:
            content += piece
            if len(content) > limit:
                raise BrokenAnswer(blob.what, why=f"it is longer than {limit} bytes")
    return bytes(content)


def see_blob(remote: Remote, repository: str, blob: Descriptor) -> None:
    """See that the repository has the blob, as long as it is said to be: `NotFound`, `SizeMismatch`."""
    request, what = Request("HEAD", routes.blob(repository, blob.digest)), f"the blob {blob.digest} of {repository}"
    with remote.send(request, pull(repository), what=what) as response:
        said = stated_size(response.head)
    if said not in (None, blob.size):
        raise SizeMismatch(what, expected=blob.size, actual=said)


def stated_size(head: Head) -> int | None:
    """How many bytes the answer to HEAD says that a blob has; None where it does not."""
    length = head.get("content-length")
    return int(length[:_MOST_DIGITS]) if length.isdecimal() else None


class Blob:
    """A blob on its way. Iterate once: each piece is valid until the next is asked for.

    The last piece comes only when the digest and the size are right: whoever has it all has the right bytes.
    """

    def __init__(self, transfer: Transfer, digest: Digest, size: int | None, what: str, *, at: int = 0) -> None:
        self.digest, self.size, self.what = digest, size, what
        self._transfer, self._at = transfer, at
        self._hasher = _Hasher(digest.algorithm)
        _on_their_way.add(self)

    def close(self) -> None:
        """Leave the rest: an iteration that was begun and is still held has no thread any more."""
        _on_their_way.discard(self)
        self._hasher.close()

    def __iter__(self) -> Iterator[memoryview]:
        return self._rest() if self._at else self._whole()

    def _rest(self) -> Iterator[memoryview]:
        received = self._at
        for piece in self._pieces():
            received += len(piece)
            self._check_size(received, whole=False)
            yield piece
        self._check_size(received, whole=True)

    def _whole(self) -> Iterator[memoryview]:
        hasher, received = self._hasher, 0
        held: memoryview | None = None
        try:
            for number, piece in enumerate(self._pieces()):
                received += len(piece)
                self._check_size(received, whole=False)
                hasher.update(piece, number)
                if held is not None:
                    yield held
                held = piece
            self._check_size(received, whole=True)
            actual = Digest(self.digest.algorithm, hasher.hexdigest())
        finally:
            hasher.close()
        if actual != self.digest:
            raise DigestMismatch(self.what, expected=str(self.digest), actual=str(actual))
        if held is not None:
            yield held

    def _pieces(self) -> Iterator[memoryview]:
        buffers: list[memoryview] = []
        longest = _PIECE if self.size is None else max(1, min(_PIECE, self.size))
        at = 0
        while True:
            if at == len(buffers):
                buffers.append(memoryview(bytearray(longest)))
            received = self._transfer.readinto(buffers[at])
            if not received:
                return
            yield buffers[at][:received]
            at = (at + 1) % (_PIECES if self._hasher.beside else _PIECES_IN_LINE)

    def _check_size(self, received: int, *, whole: bool) -> None:
        if self.size is not None and (received > self.size or (whole and received != self.size)):
            raise SizeMismatch(self.what, expected=self.size, actual=received)


class _Hasher:
    """A digest computed in a thread of its own, so that it overlaps with receiving (both release the interpreter).

    Where as many blobs are on their way as there are processors, these have enough to do: each is hashed in line.
    """

    def __init__(self, algorithm: str) -> None:
        self._hash = hashlib.new(algorithm)
        # A buffer comes round again after _PIECES: with at most _PIECES - 2 waiting, none is overwritten unhashed.
        self._waiting: queue.Queue[memoryview | None] = queue.Queue(_PIECES - 3)
        self._thread: threading.Thread | None = None

    @property
    def beside(self) -> bool:
        """Whether pieces may still be waiting to be hashed."""
        return self._thread is not None

    def update(self, piece: memoryview, number: int) -> None:
        """Hash the piece, in order. A blob of one piece needs no thread."""
        if number == 0 or len(_on_their_way) >= _PROCESSORS:
            self.close()
            self._hash.update(piece)
            return
        if not self._thread:
            self._thread = threading.Thread(target=self._run, name="boxship-hash", daemon=True)
            self._thread.start()
        self._waiting.put(piece)

    def hexdigest(self) -> str:
        """The digest of everything, when it has all been hashed."""
        self.close()
        return self._hash.hexdigest()

    def close(self) -> None:
        """End the thread."""
        if self._thread:
            self._waiting.put(None)
            self._thread.join()
            self._thread = None

    def _run(self) -> None:
        while (piece := self._waiting.get()) is not None:
            self._hash.update(piece)
