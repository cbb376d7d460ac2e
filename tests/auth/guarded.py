"""Registries that ask for a token, and what clients are told of credentials."""

from __future__ import annotations

__all__ = ["TAGS", "ana", "asked", "guarded", "pair", "together", "write_config"]

import base64
import json
import threading
from collections.abc import Callable
from pathlib import Path

from boxship import Client
from boxship.testing import Answer, Request, ScriptedRegistry, Server, TokenServer, bearer, by_path

TAGS = ["latest", "v1", "v2"]


def ana(**options: object) -> Client:
    """A client with the user name and password that the token servers here know."""
    return Client(username="ana", password="secret", **options)  # type: ignore[arg-type] # options of their kinds


def guarded(tokens: TokenServer, answer: Answer | Callable[[Request], Answer] | None = None) -> Server:
    """A registry with a token server at `/token`, which gives `answer` where there is one."""
    registry = ScriptedRegistry(access=bearer("/token", tokens))
    return Server(by_path({"/token": answer or tokens, "/": registry}))


def asked(server: Server, path: str = "/token") -> list[Request]:
    return [request for request in server.requests if request.path == path]


def write_config(folder: Path, **fields: object) -> str:
    folder.mkdir(exist_ok=True)
    (folder / "config.json").write_text(json.dumps(fields))
    return str(folder)


def pair(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def together(count: int, call: Callable[[], object]) -> None:
    """Call it in so many threads at once."""
    gate = threading.Barrier(count)

    def run() -> None:
        gate.wait()
        call()

    threads = [threading.Thread(target=run) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
