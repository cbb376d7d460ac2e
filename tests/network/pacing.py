"""A server that takes its time: `pacing.py PORT [CERTIFICATE KEY]`, run inside a namespace.

The path says how: `/think/SECONDS` answers after so long; of a body, `/pause/SECONDS` reads a part, waits, and reads
the rest, and `/rate/BYTES` reads so many a second. Each request is printed with the client's port.
"""

from __future__ import annotations

__all__ = ["main"]

import socket
import ssl
import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

_ROOM = 64 * 1024  # what a peer may send ahead: little, so that it notices at once who does not read
_BEFORE_THE_PAUSE = 100_000
_TURNS = 20  # a second, in which a rate is kept


class Paced(BaseHTTPRequestHandler):
    """Whatever the method, the path says what is done."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        print(f"{self.client_address[1]} {self.command} {self.path}", flush=True)  # noqa: T201 (tests read it)
        _, how, number, *_ = self.path.split("/")
        left = int(self.headers.get("Content-Length", 0))
        if how == "pause":
            left -= len(self.rfile.read(_BEFORE_THE_PAUSE))
        if how in ("pause", "think"):
            time.sleep(float(number))
        if how == "rate":
            self._read_slowly(left, int(number) // _TURNS)
        else:
            self.rfile.read(left)
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    do_PUT = do_POST = do_GET  # noqa: N815 (http.server's names)

    def _read_slowly(self, left: int, at_once: int) -> None:
        while left:
            left -= len(self.rfile.read(min(left, at_once)))
            time.sleep(1 / _TURNS)

    def log_message(self, *_: object) -> None:
        """What counts is printed already."""


class Server(ThreadingHTTPServer):
    """A thread for each connection; a client that goes away is no error here."""

    def server_bind(self) -> None:
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _ROOM)
        super().server_bind()

    def handle_error(self, *_: object) -> None:
        """Connections are cut on purpose."""


def main() -> None:
    port, *pair = sys.argv[1:]
    with Server(("", int(port)), Paced) as server:
        if pair:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*pair)
            server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
        server.serve_forever()


if __name__ == "__main__":
    main()
