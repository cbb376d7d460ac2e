"""What may be found on a server's port: `listener.py BEHAVIOUR HOST PORT [ARGUMENT…]`, run inside a namespace.

Each HTTP request's head is printed, so that a test can see what was sent; HOST may be empty for all addresses.
"""

from __future__ import annotations

__all__ = ["BEHAVIOURS", "main"]

import json
import select
import socket
import struct
import sys
import threading
import time
from collections.abc import Callable, Mapping
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler

CHUNK = 65536
RESET_ON_CLOSE = struct.pack("ii", 1, 0)  # SO_LINGER of no seconds
REGISTRY = ("Docker-Distribution-Api-Version", "registry/2.0")
CHALLENGE = ("WWW-Authenticate", 'Basic realm="listener"')

Serve = Callable[..., None]


def mute(connection: socket.socket) -> None:
    """Read, and never answer."""
    while connection.recv(CHUNK):
        pass


def reset(connection: socket.socket) -> None:
    """Answer the first bytes with a reset."""
    connection.recv(CHUNK)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET_ON_CLOSE)


def hang_up(connection: socket.socket) -> None:
    """Answer the first bytes with the end of the connection."""
    connection.recv(CHUNK)


def late(connection: socket.socket, seconds: str, port: str) -> None:
    """Wait, and then pass everything on to a port of the server's loopback: slow TLS, for example."""
    time.sleep(float(seconds))
    with socket.create_connection(("127.0.0.1", int(port))) as upstream:
        opposite = {connection: upstream, upstream: connection}
        while True:
            readable, _, _ = select.select(list(opposite), [], [])
            for end in readable:
                data = end.recv(CHUNK)
                if not data:
                    return
                opposite[end].sendall(data)


def stall(connection: socket.socket, promised: str, sent: str) -> None:
    """Promise a body, send the first part of it, and nothing more."""
    connection.recv(CHUNK)
    head = f"HTTP/1.1 200 OK\r\nContent-Length: {promised}\r\n{': '.join(REGISTRY)}\r\n\r\n"
    connection.sendall(head.encode() + bytes(int(sent)))
    mute(connection)


class Answers(BaseHTTPRequestHandler):
    """HTTP with one answer for every request."""

    protocol_version = "HTTP/1.1"
    status: HTTPStatus = HTTPStatus.OK
    fields: Mapping[str, str] = dict([REGISTRY])
    document: bytes = json.dumps({"name": "app", "tags": ["latest"]}).encode()

    def do_GET(self) -> None:
        print(self.requestline, str(self.headers), sep="\n", end="", flush=True)  # noqa: T201 (tests read it)
        self.send_response(self.status)
        for name, value in self.fields.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(self.document)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(self.document)

    do_HEAD = do_GET  # noqa: N815 (http.server's name)

    def log_message(self, *_: object) -> None:
        """The head is printed already."""


class Challenges(Answers):
    """A registry that wants a password, any will do."""

    def do_GET(self) -> None:
        known = "Authorization" in self.headers
        self.status = HTTPStatus.OK if known else HTTPStatus.UNAUTHORIZED
        self.fields = dict([REGISTRY] if known else [REGISTRY, CHALLENGE])
        super().do_GET()

    do_HEAD = do_GET  # noqa: N815 (http.server's name)


class Unavailable(Answers):
    status = HTTPStatus.SERVICE_UNAVAILABLE
    fields: Mapping[str, str] = {}
    document = b"try again later\n"


class Portal(Answers):
    fields: Mapping[str, str] = {"Content-Type": "text/html"}
    document = b"<!doctype html><title>Please log in</title>"


def _http(handler: type[BaseHTTPRequestHandler]) -> Serve:
    def serve(connection: socket.socket) -> None:
        handler(connection, connection.getpeername(), None)  # type: ignore[arg-type]  # no server is needed

    return serve


BEHAVIOURS: Mapping[str, Serve] = {
    "mute": mute,
    "reset": reset,
    "hang-up": hang_up,
    "late": late,
    "stall": stall,
    "registry": _http(Answers),
    "challenge": _http(Challenges),
    "unavailable": _http(Unavailable),
    "portal": _http(Portal),
}


def _answer(serve: Serve, connection: socket.socket, arguments: list[str]) -> None:
    with connection:
        serve(connection, *arguments)


def main() -> None:
    behaviour, host, port, *arguments = sys.argv[1:]
    everywhere = not host
    family = socket.AF_INET6 if everywhere or ":" in host else socket.AF_INET
    with socket.create_server((host, int(port)), family=family, dualstack_ipv6=everywhere, backlog=128) as server:
        while True:
            connection, _ = server.accept()
            threading.Thread(target=_answer, args=(BEHAVIOURS[behaviour], connection, arguments), daemon=True).start()


if __name__ == "__main__":
    main()
