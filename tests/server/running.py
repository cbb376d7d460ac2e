"""A registry as a process, for tests that start it, signal it, and ask it over HTTP."""

from __future__ import annotations

__all__ = ["CONTENT", "acknowledged", "ask", "busy", "connect", "forked", "received", "registry"]

import http.client
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.cli.ready_registry import Forked
from tests.cli.running import forks, ready
from tests.server.content import digest

CONTENT = bytes(range(256)) * 4096


@contextmanager
def registry(folder: Path, *options: str, address: str = "127.0.0.1:0") -> Iterator[tuple[subprocess.Popen[str], str]]:
    """The process, and the address that it says."""
    command = [sys.executable, "-m", "boxship.server", "--address", address, "--disk", str(folder), *options]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout
        line = process.stdout.readline()
        assert line.startswith("serving http"), process.communicate()
        try:
            yield process, line.partition("://")[2].strip()
        finally:
            process.kill()


@contextmanager
def forked(folder: Path, *options: str) -> Iterator[tuple[Forked, str]]:
    """The same, forked off, for tests to which what it says does not matter; an interpreter's start is most of one."""
    assert forks(os.environ)
    words = ("--address", "127.0.0.1:0", "--disk", str(folder), *options)
    taking, stdout = os.pipe()
    with Path(os.devnull).open("rb") as nothing, os.fdopen(taking) as said:
        streams = (nothing.fileno(), stdout, 2)
        try:
            process = Forked(ready().begin(words, os.environ, streams, Path.cwd(), program="registry"))
        finally:
            os.close(stdout)
        try:
            line = said.readline()
            assert line.startswith("serving http"), line
            yield process, line.partition("://")[2].strip()
        finally:
            process.kill()
            process.wait()


def acknowledged(victim: Forked, push: Callable[[int], int], least: int) -> list[int]:
    """Push to a registry one thing after the other, kill it once it took so many; the numbers of those that it took."""
    done: list[int] = []

    def push_until_it_ends() -> None:
        for number in range(10_000):
            try:
                status = push(number)
            except (OSError, http.client.HTTPException):
                return
            assert status == 201
            done.append(number)

    pushing = threading.Thread(target=push_until_it_ends)
    pushing.start()
    until = time.monotonic() + 60
    while len(done) < least:
        assert time.monotonic() < until
        time.sleep(0.01)
    victim.kill()
    pushing.join()
    return done


def connect(address: str) -> http.client.HTTPConnection:
    return http.client.HTTPConnection(address, timeout=10)


def ask(address: str, method: str, path: str, body: bytes | None = None, **headers: str) -> tuple[int, bytes]:
    connection = connect(address)
    connection.request(method, path, body, headers)
    answer = connection.getresponse()
    found = answer.status, answer.read()
    connection.close()
    return found


@contextmanager
def busy(folder: Path, *options: str) -> Iterator[tuple[subprocess.Popen[str], socket.socket, socket.socket]]:
    """A registry, and two connections: one that reads a large blob slowly, one that has sent a third of another."""
    large = CONTENT * 32
    with registry(folder, *options) as (process, address):
        assert ask(address, "POST", f"/v2/app/blobs/uploads/?digest={digest(large)}", large)[0] == 201
        host, port = address.split(":")
        with (
            socket.create_connection((host, int(port))) as download,
            socket.create_connection((host, int(port))) as upload,
        ):
            download.sendall(f"GET /v2/app/blobs/{digest(large)} HTTP/1.1\r\nHost: {address}\r\n\r\n".encode())
            assert download.recv(1000)
            put = f"/v2/app/blobs/uploads/?digest={digest(b'xyz')}"
            upload.sendall(f"POST {put} HTTP/1.1\r\nHost: {address}\r\nContent-Length: 3\r\n\r\nx".encode())
            time.sleep(0.1)
            yield process, download, upload


def received(connection: socket.socket) -> bytes:
    return b"".join(iter(lambda: connection.recv(1 << 20), b""))
