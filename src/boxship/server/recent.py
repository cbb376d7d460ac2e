"""Answers that were given a moment ago, given again for as long as nothing was written.

What a `repeatable` route answers to somebody who shows no credential follows from the head of the request, the settings
and the database; a file of users only says who those are that show one. So while the database has the version that it
had, the same head has the same answer: a tag that many machines poll is looked up once. Whatever anybody writes, in
this process or another, ends all of it.
"""

from __future__ import annotations

__all__ = ["Messages", "Recent"]

from collections.abc import Awaitable, Callable

from boxship.server.asgi import Message, Scope

_READING = frozenset({"GET", "HEAD"})
_MOST = 32 * 1024 * 1024  # bytes
_BESIDE = 2 * 1024  # that an answer takes beside its body and the head that asked for it, as measured

Messages = tuple[Message, Message]  # the start of an answer, and its body


class Recent:
    """Answers by the heads of their requests, as long as `read_version` gives the version that they were read at.

    Attributes:
        version: the database's when somebody last looked, each time that an answer is to be found: what is read after
            that is of this version, or of a later one, at which nothing is kept any more.
    """

    def __init__(self, read_version: Callable[[], Awaitable[object]]) -> None:
        self._read_version = read_version
        self.version: object = None
        self._size = 0
        self._answers: dict[object, Messages] = {}

    async def find(self, scope: Scope) -> Messages | None:
        """The answer to the same head, in messages that are the caller's own; None where it has to be found out."""
        if not _may_be_kept(scope):
            return None
        version = await self._read_version()
        if version != self.version:
            self.version = version
            self._clear()
        found = self._answers.get(_key(scope)) if self._answers else None
        if not found:
            return None
        start, body = found
        # What wraps an ASGI application may add headers of its own.
        return {**start, "headers": list(start["headers"])}, dict(body)

    def keep(self, scope: Scope, messages: Messages, version: object) -> None:
        """Give this answer again, which was read at `version`; not to somebody who has shown who they are."""
        if version != self.version or not _may_be_kept(scope):
            return
        self._size += (
            len(messages[1]["body"]) + sum(len(name) + len(value) for name, value in scope["headers"]) + _BESIDE
        )
        if self._size > _MOST:
            self._clear()
        else:
            self._answers[_key(scope)] = messages

    def _clear(self) -> None:
        self._answers.clear()
        self._size = 0


def _may_be_kept(scope: Scope) -> bool:
    """Whether it may be the answer to a head that anybody could have sent; `/livez` does not wait for a database."""
    if scope["method"] not in _READING or "/v2/" not in scope["path"]:
        return False
    for name, _ in scope["headers"]:  # noqa: SIM110 - with every request: `any` takes three times as long
        if name == b"authorization":
            return False
    return True


def _key(scope: Scope) -> object:
    """All of a request's head that its answer may depend on."""
    path, line = scope.get("raw_path") or scope["path"], (scope.get("http_version"), scope.get("scheme"))
    return scope["method"], path, scope["query_string"], line, tuple(map(tuple, scope["headers"]))
