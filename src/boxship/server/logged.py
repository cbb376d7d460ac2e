"""What logs say of a request, all of them alike: when it was, from where, and what it asked for, on one line."""

from __future__ import annotations

__all__ = ["LONGEST", "address", "escaped", "moment", "path"]

import re
from datetime import UTC, datetime

from boxship.server.asgi import Scope

LONGEST = 2048
"""The most bytes of anything that a client chose."""
_ODD = re.compile(rb"[^\x21\x23-\x5b\x5d-\x7e]")  # what is not printable ASCII, spaces, quotes and backslashes


def moment(at: float) -> str:
    """A time since the epoch, in UTC and with milliseconds (RFC 3339)."""
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def address(scope: Scope) -> str:
    """Where the request came from; '' where the server does not say."""
    return str((scope.get("client") or ("",))[0])


def path(scope: Scope) -> str:
    """The path as it was sent, escaped."""
    return escaped(scope.get("raw_path") or scope["path"].encode())


def escaped(content: bytes, *, keep: bytes = b"") -> str:
    """The bytes on one line: what is odd, but for `keep`, as `%xx`, and no more of them than anyone reads."""

    def escape(found: re.Match[bytes]) -> bytes:
        return found[0] if found[0] in keep else b"%%%02X" % ord(found[0])

    return _ODD.sub(escape, content[:LONGEST]).decode("ascii")
