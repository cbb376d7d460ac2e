"""Bytes as they are sent and come: requests that no client library would send, and the answers told apart."""

from __future__ import annotations

__all__ = ["HELLO", "Peer", "Response", "get", "post", "put_hello"]

import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.server.content import digest

HELLO = digest(b"hello")
# Tests wait for its patience to end, so it has little.
PATIENCE = "silence=0.5, grace=1.5, slowest=1024"
PROGRAM = f"""
import sys
from boxship.server.body import Patience
from boxship.server.plan import Plan
from boxship.server.registry import Settings
from boxship.server.running.serve import serve
settings = Settings(patience=Patience({PATIENCE}))
serve(Plan(address="127.0.0.1:0", folder=sys.argv[1], settings=settings), announce=lambda url: print(url, flush=True))
"""


@dataclass(slots=True)
class Response:
    """An answer: its status, its headers by their names in lower case, and its body."""

    status: int
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""


@dataclass(frozen=True, slots=True)
class Peer:
    """A registry to send bytes to."""

    port: int

    @classmethod
    @contextmanager
    def started(cls, folder: Path) -> Iterator[Peer]:
        """A registry as a process of its own, which complains of nothing until it is told to end."""
        command = [sys.executable, "-c", PROGRAM, str(folder)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
            try:
                assert process.stdout
                yield cls(int(process.stdout.readline().rpartition(":")[2]))
                process.terminate()
                assert process.communicate(timeout=10) == ("", "")
            finally:
                process.kill()

    def connect(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.port), timeout=10)

    def send(self, content: bytes, *, half_close: bool = False) -> list[Response]:
        """What comes until the registry closes, which `content` should make it do in the end."""
        with self.connect() as connection:
            try:
                connection.sendall(content)
                if half_close:
                    connection.shutdown(socket.SHUT_WR)
            except (BrokenPipeError, ConnectionResetError):
                pass  # it has answered, and hears no more
            return responses(received(connection))

    @property
    def serves(self) -> bool:
        answers = self.send(get("/v2/", "Connection: close"))
        return [(answer.status, answer.body) for answer in answers] == [(200, b"{}")]


def received(connection: socket.socket) -> bytes:
    content = b""
    try:
        while piece := connection.recv(1 << 16):
            content += piece
    except ConnectionResetError:
        pass  # closed, with something of ours unread
    return content


def responses(content: bytes) -> list[Response]:
    found = []
    while content:
        head, end, content = content.partition(b"\r\n\r\n")
        assert end, head
        status, *lines = head.decode("latin-1").split("\r\n")
        pairs = (line.split(": ", 1) for line in lines)
        response = Response(int(status.split()[1]), {name.lower(): value for name, value in pairs})
        length = int(response.headers.get("content-length", 0))
        response.body, content = content[:length], content[length:]
        found.append(response)
    return found


def get(target: str, *headers: str, version: str = "1.1") -> bytes:
    return request("GET", target, *headers, version=version)


def post(*headers: str, target: str = "/v2/app/blobs/uploads/") -> bytes:
    return request("POST", target, *headers)


def put_hello(*headers: str) -> bytes:
    """The head of a push of b"hello" in one request; its body comes after it."""
    return post(*headers, target=f"/v2/app/blobs/uploads/?digest={HELLO}")


def request(method: str, target: str, *headers: str, version: str = "1.1") -> bytes:
    lines = (f"{method} {target} HTTP/{version}", "Host: localhost", *headers)
    return "".join(f"{line}\r\n" for line in lines).encode("latin-1") + b"\r\n"
