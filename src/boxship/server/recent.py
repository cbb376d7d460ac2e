"""Answers that were given a moment ago, given again for as long as nothing was written.

What a `repeatable` route answers to somebody who shows no credential follows from the head of the request, the settings
and the database; a file of users only says who those are that show one. So while the database has the version that it
had, the same head has the same answer: a tag that many machines poll is looked up once. Whatever anybody writes, in
this process or another, ends all of it.
"""

from __future__ import annotations

__all__ = ["Messages", "Recent"]

from collections.abc import Callable

from boxship.server.asgi import Message, Scope

_MOST = 1000  # answers
_MOST_BYTES = 16 * 1024 * 1024  # of their bodies, and of the heads that asked for them

Messages = tuple[Message, Message]  # the start of an answer, and its body


class Recent:
    """Answers by the heads of their requests, as long as `read_version` gives the version that they were read at.

    Attributes:
        version: the database's when somebody last looked, each time that an answer is to be found: what is read after
            that is of this version, or of a later one, at which nothing is kept any more.
    """

    def __init__(self, read_version: Callable[[], int]) -> None:
        self._read_version = read_version
        self.version = -1
        self._size = 0
        self._answers: dict[object, Messages] = {}

    def find(self, scope: Scope) -> Messages | None:
        """The answer to the same head, in messages that are the caller's own; None where it has to be found out."""
        version = self._read_version()
        if version != self.version:
            self.version = version
            self._clear()
        found = self._answers.get(_key(scope)) if self._answers else None
        if not found:
            return None
        start, body = found
        # What wraps an ASGI application may add headers of its own.
        return {**start, "headers": list(start["headers"])}, dict(body)

    def keep(self, scope: Scope, messages: Messages, version: int) -> None:
        """Give this answer again, which was read at `version`; not to somebody who has shown who they are."""
        headers = scope["headers"]
        if version != self.version or any(name == b"authorization" for name, _ in headers):
            return
        self._size += len(messages[1]["body"]) + sum(len(name) + len(value) for name, value in headers)
        if len(self._answers) >= _MOST or self._size > _MOST_BYTES:
            self._clear()
        else:
            self._answers[_key(scope)] = messages

    def _clear(self) -> None:
        self._answers.clear()
        self._size = 0


def _key(scope: Scope) -> object:
    """All of a request's head that its answer may depend on."""
    path, line = scope.get("raw_path") or scope["path"], (scope.get("http_version"), scope.get("scheme"))
    return scope["method"], path, scope["query_string"], line, tuple(map(tuple, scope["headers"]))
