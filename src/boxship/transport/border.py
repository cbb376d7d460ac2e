"""The border where foreign exceptions stop: what sockets, TLS and framing raise becomes boxship's own."""

from __future__ import annotations

__all__ = ["translated"]

import http.client
import ssl

from boxship.connect.tls import explain
from boxship.errors import BrokenAnswer, TLSFailed, Unreachable
from boxship.wire.printable import printable


def translated(error: BaseException, what: str) -> BaseException:
    """The border: sockets', TLS's and framing's exceptions as `Unreachable`s that say what was going on."""
    match error:
        case http.client.IncompleteRead():
            return BrokenAnswer(what, why=f"it broke off: {error.expected or 'some'} bytes are missing")
        case http.client.HTTPException() | ValueError():
            words = printable(str(error).strip()) or type(error).__name__
            return BrokenAnswer(what, why=f"it is not HTTP as it should be: {words}")
        case ssl.SSLError():
            words, remedy = explain(error)
            return TLSFailed(what, why=words, remedy=remedy)
        case OSError() if not isinstance(error, Unreachable):  # `TimedOut` is both
            return BrokenAnswer(what, why=f"the connection broke: {error.strerror or error}")
    return error
