"""A stand-in for docker's daemon: its Unix socket, and its answers word for word (moby, daemon/server/router/image)."""

from __future__ import annotations

__all__ = ["Daemon", "daemon"]

import http.server
import json
import socketserver
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

Handler = http.server.BaseHTTPRequestHandler


@dataclass
class Daemon:
    """What it has and gets; `instead` answers a request in its place, and says whether it has."""

    socket: Path
    images: dict[str, bytes] = field(default_factory=dict)
    loaded: list[bytes] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    instead: Callable[[Handler], bool] = lambda _: False


@contextmanager
def daemon(socket: Path) -> Iterator[Daemon]:
    """The daemon while the block runs."""
    state = Daemon(socket)

    class Answering(_Answering):
        daemon = state

    server = _Server(str(socket), Answering)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield state
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Server(socketserver.ThreadingUnixStreamServer):
    daemon_threads = True

    def handle_error(self, *_: object) -> None:
        """A client that leaves is no failure of a test."""


class _Answering(Handler):
    daemon: Daemon
    protocol_version = "HTTP/1.1"

    def log_message(self, *_: object) -> None:
        pass

    def address_string(self) -> str:
        return "a client"

    def do_GET(self) -> None:  # noqa: N802 -- http.server calls it so
        self.daemon.asked.append(f"GET {self.path}")
        if self.daemon.instead(self):
            return
        if self.path == "/_ping":
            self.answer(200, b"OK", "text/plain; charset=utf-8")
            return
        name = self.path.removeprefix("/images/").removesuffix("/get")
        if name not in self.daemon.images:
            self.said(404, f"No such image: {name}")
            return
        self.begin(200, "application/x-tar")
        content = self.daemon.images[name]
        for at in range(0, len(content), 32 * 1024):
            self.chunk(content[at : at + 32 * 1024])
        self.chunk(b"")

    def do_POST(self) -> None:  # noqa: N802 -- the same
        self.daemon.asked.append(f"POST {self.path}")
        if self.daemon.instead(self):
            return
        self.daemon.loaded.append(self.body())
        self.begin(200, "application/json")
        self.chunk(b'{"status":"Loading layer","progressDetail":{"current":1,"total":1},"id":"0a1b2c"}\r\n')
        self.chunk(b'{"stream":"Loaded image: app:1\\n"}\r\n')
        self.chunk(b"")

    def body(self) -> bytes:
        """What comes in chunks."""
        assert self.headers["Transfer-Encoding"] == "chunked"
        content = b""
        while size := int(self.rfile.readline(), 16):
            content += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return content

    def said(self, status: int, message: str) -> None:
        self.answer(status, json.dumps({"message": message}).encode() + b"\n", "application/json")

    def answer(self, status: int, content: bytes, kind: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def begin(self, status: int, kind: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()

    def chunk(self, content: bytes) -> None:
        self.wfile.write(b"%x\r\n%s\r\n" % (len(content), content))
