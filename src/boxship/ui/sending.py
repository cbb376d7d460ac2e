"""Answers on their way: JSON whole, lines as they come, errors as either; with the headers that all of them have."""

from __future__ import annotations

__all__ = ["Outgoing", "error_body", "send_whole"]

import json
from collections.abc import Mapping

from boxship.errors import BoxshipError
from boxship.server.asgi import Send
from boxship.ui import failure
from boxship.ui.static import POLICY

_JSON, _LINES = "application/json", "application/x-ndjson"
_BODY = "http.response.body"
_ALWAYS = {
    "content-security-policy": POLICY,
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
}
_FRESH = {"cache-control": "no-store", "vary": "authorization"}


class Outgoing:
    """One answer: nothing of it is sent before the first of it is known, so that an error still has its status."""

    def __init__(self, send: Send, *, bodiless: bool) -> None:
        self._send, self._bodiless = send, bodiless
        self._begun = False

    async def whole(self, status: int, body: bytes, headers: Mapping[str, str] | None = None) -> None:
        """Send an object."""
        told = {"content-type": _JSON, **_FRESH, **(headers or {})}
        await send_whole(self._send, status, told, body, bodiless=self._bodiless)

    async def line(self, line: bytes) -> None:
        """Send a line."""
        if not self._begun:
            self._begun = True
            # Nobody between may hold lines back until there are many.
            told = {"content-type": _LINES, **_FRESH, "x-accel-buffering": "no"}
            await self._send({"type": "http.response.start", "status": 200, "headers": _headers(told)})
        if not self._bodiless:
            await self._send({"type": _BODY, "body": line + b"\n", "more_body": True})

    async def end(self) -> None:
        """Send the end of lines."""
        if not self._begun:
            await self.whole(200, b"", {"content-type": _LINES})
            return
        await self._send({"type": _BODY, "body": b""})

    async def error(self, status: int, error: BoxshipError, about: Mapping[str, str], wait: int = 0) -> None:
        """Send an error: as the last line, where there was one."""
        body = error_body(error, about)
        if self._begun:
            await self.line(body)
            await self.end()
            return
        told = {"retry-after": str(wait)} if wait else {}
        if status == 401:
            # RFC 9110, 15.5.2: a challenge has to be there; of a scheme that no browser asks a person for.
            told["www-authenticate"] = 'Page realm="boxship"'
        await self.whole(status, body, told)


async def send_whole(send: Send, status: int, headers: Mapping[str, str], body: bytes, *, bodiless: bool) -> None:
    """Send an answer whose length is known."""
    length = {} if status == 304 else {"content-length": str(len(body))}
    await send({"type": "http.response.start", "status": status, "headers": _headers({**headers, **length})})
    await send({"type": _BODY, "body": b"" if bodiless or status == 304 else body})


def error_body(error: BoxshipError, about: Mapping[str, str]) -> bytes:
    """An error as JSON."""
    return json.dumps({"error": failure.document(error, about)}).encode()


def _headers(headers: Mapping[str, str]) -> list[tuple[bytes, bytes]]:
    return [(name.encode(), value.encode("latin-1")) for name, value in {**headers, **_ALWAYS}.items()]
