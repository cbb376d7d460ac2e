"""A tiny ASGI server: it calls the application directly, with whole, chunked and broken-off bodies."""

from __future__ import annotations

__all__ = ["Driver", "Reply"]

import asyncio
import json
from collections.abc import Coroutine, Iterable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, Self, TypeVar
from urllib.parse import unquote

from boxship.server import create_app
from boxship.server.asgi import Message, Receive, Scope
from boxship.server.database import Transaction
from boxship.server.registry import Registry

Result = TypeVar("Result")

End = Literal["whole", "broken", "never"]


@dataclass(slots=True)
class Reply:
    """What the application sent: headers by their names in lower case, and the body."""

    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""

    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def code(self) -> str:
        """The code of the specification in an error body."""
        return str(self.json()["errors"][0]["code"])

    @property
    def refusal(self) -> tuple[int, str]:
        return self.status, self.code

    @property
    def location(self) -> str:
        return self.headers["location"]

    async def take(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            self.headers = {name.decode(): value.decode() for name, value in message["headers"]}
        else:
            self.body += message.get("body", b"")


class Driver:
    """A registry in `folder`, opened by lifespan as a server would, and asked from a loop of its own."""

    def __init__(self, folder: Path, *, lifespan: bool = True, **settings: Any) -> None:
        self.folder = folder
        self.client = "127.0.0.1"
        self._settings = settings
        self._lifespan = lifespan

    def __enter__(self) -> Self:
        self._runner = asyncio.Runner()
        self._app = create_app(self.folder, **self._settings)
        self._events: asyncio.Queue[Message] = asyncio.Queue()
        self._told: asyncio.Queue[Message] = asyncio.Queue()
        if self._lifespan:
            self._life = self._runner.get_loop().create_task(
                self._app({"type": "lifespan"}, self._events.get, self._told.put)
            )
            assert self._tell("startup") == "lifespan.startup.complete"
        return self

    def __exit__(self, *_: object) -> None:
        if self._lifespan:
            assert self._tell("shutdown") == "lifespan.shutdown.complete"
        else:
            self.run(self._app.close())
        self._runner.close()

    @property
    def url(self) -> str:
        """Where its names are, '' where they are in the folder."""
        settings = self._settings.get("settings")
        return settings.database if settings else ""

    def beside(self, **settings: Any) -> Driver:
        """The same registry, as another process would open it, with these settings besides."""
        return Driver(self.folder, **{**self._settings, **settings})

    def database(self) -> AbstractContextManager[Transaction]:
        """A connection to its names beside its own."""
        return self.run(self.open()).database.apart()

    def reopen(self) -> None:
        """Close the registry, and open it again as another process would."""
        self.__exit__()
        self.__enter__()

    async def open(self) -> Registry:
        """The registry behind the application."""
        return await self._app.open()

    def run(self, work: Coroutine[object, object, Result]) -> Result:
        # Not the runner's own `run`: that looks after Ctrl-C each time.
        return self._runner.get_loop().run_until_complete(work)

    def __call__(
        self,
        method: str,
        target: str,
        body: bytes | Iterable[bytes] = b"",
        headers: Mapping[str, str] | None = None,
        *,
        end: End = "whole",
    ) -> Reply:
        """Ask, with a body of one piece or several, which may break off at its `end`, or stall there."""
        return self.run(self.ask(method, target, body, headers, end=end))

    async def ask(
        self,
        method: str,
        target: str,
        body: bytes | Iterable[bytes] = b"",
        headers: Mapping[str, str] | None = None,
        *,
        end: End = "whole",
        reply: Reply | None = None,
    ) -> Reply:
        """The same; `reply` is what comes of the answer, for who looks at it meanwhile."""
        pieces = [body] if isinstance(body, bytes) else list(body)
        given = {"host": "localhost:5000", **(headers or {})}
        if isinstance(body, bytes) and (body or method in ("POST", "PUT", "PATCH")):
            given.setdefault("content-length", str(len(body)))
        return await self.answer(self._scope(method, target, given), _receiver(pieces, end=end), reply)

    async def answer(self, scope: Scope, receive: Receive, reply: Reply | None = None) -> Reply:
        """What the application says to a request that some server hands on."""
        reply = reply or Reply()
        await self._app(scope, receive, reply.take)
        return reply

    def _scope(self, method: str, target: str, headers: Mapping[str, str]) -> Scope:
        path, _, query = target.partition("?")
        return {
            "type": "http",
            "method": method,
            "path": unquote(path),
            "raw_path": path.encode("latin-1"),
            "query_string": query.encode("latin-1"),
            "headers": [(name.lower().encode(), value.encode("latin-1")) for name, value in headers.items()],
            "client": (self.client, 40000),
        }

    def _tell(self, event: str) -> str:
        self._events.put_nowait({"type": f"lifespan.{event}"})
        return str(self.run(self._told.get())["type"])


def _receiver(pieces: list[bytes], *, end: End) -> Receive:
    """What a server hands on."""
    messages: list[Message] = [{"type": "http.request", "body": piece, "more_body": True} for piece in pieces]
    if end == "whole":
        messages.append({"type": "http.request", "body": b"", "more_body": False})

    async def receive() -> Message:
        await asyncio.sleep(0)
        if not messages and end != "broken":
            await asyncio.Event().wait()  # a server has nothing to tell of who waits for an answer
        return messages.pop(0) if messages else {"type": "http.disconnect"}

    return receive
