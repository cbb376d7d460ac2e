"""The page as an ASGI application: its files, and the API that it asks (docs/web-api.md)."""

from __future__ import annotations

__all__ = ["Ui"]

import hmac
from collections.abc import Mapping, Sequence

from boxship.errors import BoxshipError, InvalidInput, NotFound, RateLimited
from boxship.server.answer import Refusal
from boxship.server.asgi import Receive, Scope, Send
from boxship.server.request import parse_query
from boxship.ui import failure
from boxship.ui.answering import Answering
from boxship.ui.asked import given
from boxship.ui.engine import Engine
from boxship.ui.guard import Guard, header
from boxship.ui.sending import Outgoing, send_whole
from boxship.ui.static import INDEX, Static
from boxship.ui.turned import Turned, turned

_API, _FILES = "/api/", "/page/"
_LONGEST_PATH = 512
_READS = frozenset({"GET", "HEAD"})


class Ui:
    """The page of `engine`'s registry, below `base`, which is '' or a path with a secret in it."""

    def __init__(self, engine: Engine, guard: Guard, files: Mapping[str, Static], *, base: str = "") -> None:
        self._answering = Answering(engine, guard)
        self._files, self._base = files, base

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            return
        outgoing = Outgoing(send, bodiless=scope["method"] == "HEAD")
        about = dict[str, str]()
        try:
            path = self._below(scope)
            if path.startswith(_API):
                parameters = _parameters(scope)
                about |= {name: text for name in ("repository", "reference") if (text := given(parameters, name))}
                await self._answering.answer(path.removeprefix(_API), parameters, scope, receive, outgoing)
            else:
                await self._send_file(path, scope, send)
        except Turned as error:
            await outgoing.error(error.status, error.error, about, error.wait)
        except RateLimited as error:
            await outgoing.error(429, error, about, max(1, round(error.retry_after)))
        except BoxshipError as error:
            await outgoing.error(failure.status_of(error), error, about)

    def close(self) -> None:
        """End what is in progress, and every later question."""
        self._answering.close()

    def _below(self, scope: Scope) -> str:
        """The path below the base, or `Turned`: who does not know the base learns nothing of it."""
        raw: bytes = scope.get("raw_path") or scope["path"].encode()
        path = raw[:_LONGEST_PATH].decode("latin-1")
        base, below = path[: len(self._base)], path[len(self._base) :]
        if len(raw) > _LONGEST_PATH or not hmac.compare_digest(base.encode(), self._base.encode()):
            raise Turned(404, NotFound("there is nothing at this path"))
        return below

    async def _send_file(self, path: str, scope: Scope, send: Send) -> None:
        if not path:  # the base without its slash: what the page asks for would be beside it
            await send_whole(send, 308, {"location": f"{self._base}/"}, b"", bodiless=True)
            return
        name = INDEX if path == "/" else path.removeprefix(_FILES)
        file = self._files.get(name)
        if file is None:
            raise Turned(404, NotFound("there is nothing at this path"))
        if scope["method"] not in _READS:
            raise Turned(405, InvalidInput(f"{scope['method']} is not possible here"))
        packed = "gzip" in header(scope["headers"], b"accept-encoding")
        status, told, body = file.answer(packed=packed, known=header(scope["headers"], b"if-none-match"))
        await send_whole(send, status, told, body, bodiless=scope["method"] == "HEAD")


def _parameters(scope: Scope) -> Mapping[str, Sequence[str]]:
    try:
        # More of them than a registry's query has: tags of which details are wanted.
        return parse_query(scope["query_string"], most=128)
    except Refusal as error:
        raise turned(error) from error
