"""This machine's own limits: that it opens no more sockets says nothing of the host that they are for."""

from __future__ import annotations

__all__ = ["OwnLimits", "own_limit"]

import errno
from collections.abc import Mapping

from boxship.errors import ConnectFailed

_FILES = "or open less at once"
# By error: what is at its end, and what would help.
_LIMITS: Mapping[int, tuple[str, str]] = {
    errno.EMFILE: ("this process has as many files open as it may", f"raise the limit (ulimit -n), {_FILES}"),
    errno.ENFILE: ("all programs here have as many files open as they may", f"raise fs.file-max, {_FILES}"),
    errno.ENOBUFS: ("this machine has no memory left for sockets", f"free some, {_FILES}"),
    errno.ENOMEM: ("this machine has no memory left for sockets", f"free some, {_FILES}"),
}


def own_limit(error: BaseException | None, host: str) -> ConnectFailed | None:
    """The error of this machine's own limit, where that is what ended; else None."""
    limit = _LIMITS.get(error.errno or 0) if isinstance(error, OSError) else None
    return ConnectFailed(f"no socket can be opened for {host}", why=limit[0], remedy=limit[1]) if limit else None


class OwnLimits:
    """In `with`, what this machine refuses for want of room is its own error, and no evidence of a peer."""

    __slots__ = ("_host",)

    def __init__(self, host: str) -> None:
        self._host = host

    def __enter__(self) -> None:
        """Nothing has happened yet."""

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        if own := own_limit(error, self._host):
            raise own from error
