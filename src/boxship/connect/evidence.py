"""What an attempt to connect showed, in words: the facts on which plain HTTP is judged."""

from __future__ import annotations

__all__ = ["Evidence", "classify", "evidence_of"]

import enum
import errno


class Evidence(enum.Enum):
    """What became of an attempt; the value says it in plain words."""

    DONE = "works"
    SPOKE_TLS = "speaks TLS, and not acceptably"
    NOT_TLS = "does not speak TLS"
    PLAIN_REGISTRY = "answers as a registry over plain HTTP"
    NO_REGISTRY = "answers, but not as a registry"
    REFUSED = "refused"
    RESET = "closed or reset without a byte"
    UNREACHABLE = "unreachable"
    SILENT = "no answer at all (dropped, not refused)"
    MUTE = "accepts the connection and says nothing"
    PROXY = "the proxy refuses"
    LEFT = "not waited for"


def classify(first: bytes) -> Evidence | None:
    """What a peer's first bytes after a TLS hello say: `NOT_TLS`, `RESET` (none at all), or None where it speaks TLS.

    OpenSSL's names for these errors change between versions, so the byte is read here: TLS record types are 20 to 24
    (RFC 8446, 5.1; 24 is heartbeat).
    """
    if not first:
        return Evidence.RESET
    return None if 20 <= first[0] <= 24 else Evidence.NOT_TLS


_BY_ERROR = {
    errno.ECONNREFUSED: Evidence.REFUSED,
    errno.ECONNRESET: Evidence.RESET,
    errno.EPIPE: Evidence.RESET,
    errno.ETIMEDOUT: Evidence.SILENT,
}


def evidence_of(code: int | None) -> Evidence:
    """What an error of the system's says of the peer: the number of an `OSError`, or of `connect_ex`."""
    return _BY_ERROR.get(code or 0, Evidence.UNREACHABLE)
