"""The page's API as it is served, and whoever asks it: with any header that a page or a stranger sends."""

from __future__ import annotations

__all__ = ["Reply", "Served", "any_page", "own_page", "printed_url"]

import http.client
import json
import os
import re
import ssl
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import cast
from urllib.parse import quote, urlencode, urlsplit

from tests.peers.process import running

_START = 30.0  # seconds, on a busy machine
_URL = re.compile(r"^serving (https?://\S+)", re.MULTILINE)
_PATIENCE = 60.0

Json = dict[str, object]


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer."""

    status: int
    headers: Mapping[str, str]
    body: bytes = field(repr=False)

    @property
    def json(self) -> Json:
        """The object that it is."""
        return cast("Json", json.loads(self.body))

    @property
    def lines(self) -> list[Json]:
        """The objects that it is a line each of."""
        assert self.headers["content-type"] == "application/x-ndjson", (self.headers, self.body)
        return [json.loads(line) for line in self.body.splitlines()]

    @property
    def error(self) -> Json:
        """The error that it is."""
        return cast("Json", self.json["error"])


@dataclass(frozen=True, slots=True)
class Served:
    """A page that is served: where, what it prints, and how it is asked."""

    url: str
    log: Path
    headers: Mapping[str, str] = field(default_factory=dict)
    context: ssl.SSLContext | None = None

    @property
    def address(self) -> str:
        """Host and port."""
        return urlsplit(self.url).netloc

    @property
    def base(self) -> str:
        """The path of the page, without the slash at its end."""
        return urlsplit(self.url).path.rstrip("/")

    def as_(self, headers: Mapping[str, str]) -> Served:
        """The same, asked with these headers, too."""
        return replace(self, headers={**self.headers, **headers})

    def send(
        self, method: str, path: str, body: bytes | None = None, headers: Mapping[str, str] | None = None
    ) -> Reply:
        """The answer to any request."""
        connection = self.connect()
        try:
            connection.request(method, path, body, {**self.headers, **(headers or {})})
            answer = connection.getresponse()
            told = {name.lower(): value for name, value in answer.getheaders()}
            return Reply(answer.status, told, answer.read())
        finally:
            connection.close()

    def connect(self) -> http.client.HTTPConnection:
        """A connection to it."""
        if self.context:
            return http.client.HTTPSConnection(self.address, timeout=_PATIENCE, context=self.context)
        return http.client.HTTPConnection(self.address, timeout=_PATIENCE)

    def ask(self, question: str, /, **parameters: str | int | Sequence[str]) -> Reply:
        """The answer to a question."""
        query = urlencode(parameters, doseq=True, quote_via=quote)
        return self.send("GET", f"{self.base}/api/{question}{f'?{query}' if query else ''}")

    def apply(self, plan: object) -> Reply:
        """The answer to a plan that is to be done, sent as the page does."""
        token = str(self.ask("session").json["token"])
        headers = {"content-type": "application/json", "x-boxship-token": token}
        return self.send("POST", f"{self.base}/api/apply", json.dumps({"plan": plan}).encode(), headers)


@contextmanager
def own_page(
    folder: Path, *words: str, env: Mapping[str, str] | None = None, context: ssl.SSLContext | None = None
) -> Iterator[Served]:
    """`boxship registry serve` with what is in the folder."""
    told = ("registry", "serve", "--address", "127.0.0.1:0", "--grace", "0.2", "--disk", str(folder / "disk"), *words)
    with printed_url(told, folder / "serve.log", env) as url:
        yield Served(f"{url}/", folder / "serve.log", context=context)


@contextmanager
def any_page(registry: str, folder: Path, *words: str, env: Mapping[str, str] | None = None) -> Iterator[Served]:
    """`boxship ui` for the registry."""
    told = ("ui", "--registry", registry, *words)
    with printed_url(told, folder / "ui.log", env) as url:
        yield Served(url, folder / "ui.log")


@contextmanager
def printed_url(words: tuple[str, ...], log: Path, env: Mapping[str, str] | None = None) -> Iterator[str]:
    """`boxship` with these words, while it serves: the URL that it prints."""
    log.write_bytes(b"")
    told = {**os.environ, "PYTHONUNBUFFERED": "1", **(env or {})}
    with running([sys.executable, "-m", "boxship", *words], log=log, env=told) as process:
        until = time.monotonic() + _START
        while not (found := _URL.search(log.read_text())):
            assert process.poll() is None, log.read_text()
            assert time.monotonic() < until, log.read_text()
            time.sleep(0.02)
        yield found[1]
