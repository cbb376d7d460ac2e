"""The border where foreign exceptions stop: what sockets, TLS and framing raise becomes boxship's own."""

from __future__ import annotations

__all__ = ["translated"]

from boxship.errors import BrokenAnswer, TLSFailed, Unreachable
from boxship.wire.framing import Incomplete
from boxship.wire.printable import printable

_BROKE = "try again; where it happens every time, the server's log, or that of a proxy on the way, may say why"


def translated(error: BaseException, what: str) -> BaseException:
    """The border: sockets', TLS's and framing's exceptions as `Unreachable`s that say what was going on."""
    match error:
        case Incomplete():
            return BrokenAnswer(what, why=str(error), remedy=_BROKE)
        case OSError() if not isinstance(error, Unreachable):  # `TimedOut` is both
            return _of_socket(error, what)
        case ValueError():
            words = printable(str(error).strip()) or type(error).__name__
            return BrokenAnswer(what, why=f"it is not HTTP as it should be: {words}", remedy=_BROKE)
    return error


def _of_socket(error: OSError, what: str) -> Unreachable:
    import ssl  # noqa: PLC0415 -- many registries are plain, and importing it takes a while

    if isinstance(error, ssl.SSLError):
        from boxship.connect.tls import explain  # noqa: PLC0415

        words, remedy = explain(error)
        return TLSFailed(what, why=words, remedy=remedy)
    return BrokenAnswer(what, why=f"the connection broke: {error.strerror or error}", remedy=_BROKE)
