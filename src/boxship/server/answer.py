"""Answers as values, and the refusals that actions raise; sending them is `deliver`'s work."""

from __future__ import annotations

__all__ = ["Answer", "Growing", "Portion", "Refusal", "Seal"]

import json
from collections.abc import Awaitable, Callable, Mapping
from typing import Protocol

from boxship.digest import Digest
from boxship.server.storage import Source
from boxship.server.storage.soundness import FileIdentity
from boxship.value import dataclass, field
from boxship.wire.failure import Failure, write_failures


@dataclass(frozen=True, slots=True)
class Seal:
    """The digest that a blob must have to be sent whole, and who is told of one that has not."""

    digest: Digest
    broken: Callable[[FileIdentity], Awaitable[None]]


class Growing(Protocol):
    """Bytes that are still written, from their beginning on."""

    async def beyond(self, place: int) -> int:
        """How many bytes may be read, when that is more than `place`; raises where no more will come."""


@dataclass(frozen=True, slots=True)
class Portion:
    """The bytes from `start` to before `stop` of something of `size` bytes; all of it only if it is as its seal says.

    Of what is `growing`, that is what it will hold.
    """

    source: Source
    start: int
    stop: int
    size: int
    seal: Seal | None = None
    growing: Growing | None = None

    @property
    def whole(self) -> bool:
        """Whether it is all of it."""
        return self.start == 0 and self.stop == self.size


@dataclass(frozen=True, slots=True)
class Answer:
    """A status, headers (names in lower case), and a body: bytes, or a portion of a blob.

    It is `passing` where another one may be right for the same request a moment later, whatever the database says.
    """

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = field(default=b"", repr=False)
    portion: Portion | None = None
    passing: bool = False

    @property
    def length(self) -> int:
        """How many bytes the body has."""
        return self.portion.stop - self.portion.start if self.portion else len(self.body)


class Refusal(Exception):
    """What was asked is not done; `answer` says why, in an error body of the specification."""

    def __init__(
        self, status: int, code: str, message: str, *, detail: object = None, headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(f"{status} {code}: {message}")
        failure = Failure(code, message, "" if detail is None else json.dumps(detail))
        body = write_failures((failure,))
        self.answer = Answer(status, {"content-type": "application/json", **(headers or {})}, body)
