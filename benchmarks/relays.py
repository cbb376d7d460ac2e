"""The least that it costs to stand between a client and a registry: relays that know nothing of what they pass on.

Run as `python relays.py HOW HOST:PORT FOLDER`: `spliced` has the kernel move the bytes, and sees none of them; `kept`
writes them to a file and hashes them, each in a thread of its own, as a cache has to.
"""

from __future__ import annotations

__all__ = ["relay"]

import hashlib
import os
import queue
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryFile
from typing import BinaryIO

_PIECE = 1024 * 1024
_PIECES = 6  # in memory at a time


@contextmanager
def relay(how: str, target: str, folder: Path) -> Iterator[str]:
    """A relay to `target` while the block runs; yields its own address."""
    folder.mkdir()
    command = [sys.executable, __file__, how, target, str(folder)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        try:
            yield f"127.0.0.1:{process.stdout.readline().strip()}"
        finally:
            process.kill()


def _spliced(far: socket.socket, near: socket.socket, _: Path) -> None:
    out, into = os.pipe()
    try:
        while count := os.splice(far.fileno(), into, _PIECE):
            while count:
                count -= os.splice(out, near.fileno(), count)
    finally:
        os.close(out)
        os.close(into)


def _kept(far: socket.socket, near: socket.socket, folder: Path) -> None:
    free: queue.Queue[bytearray] = queue.Queue()
    for _ in range(_PIECES):
        free.put(bytearray(_PIECE))
    received: queue.Queue[tuple[bytearray, int] | None] = queue.Queue()
    hashing = threading.Thread(target=_hash, args=(received, free))
    hashing.start()
    try:
        with TemporaryFile(dir=folder, buffering=0) as file:
            while size := _pass(far, near, file, buffer := free.get()):
                received.put((buffer, size))
    finally:
        received.put(None)
        hashing.join()


def _pass(far: socket.socket, near: socket.socket, file: BinaryIO, buffer: bytearray) -> int:
    size = far.recv_into(buffer)
    with memoryview(buffer)[:size] as piece:
        file.write(piece)
        near.sendall(piece)
    return size


def _hash(received: queue.Queue[tuple[bytearray, int] | None], free: queue.Queue[bytearray]) -> None:
    value = hashlib.sha256()
    while item := received.get():
        buffer, size = item
        with memoryview(buffer)[:size] as piece:
            value.update(piece)
        free.put(buffer)


_HOW: Mapping[str, Callable[[socket.socket, socket.socket, Path], None]] = {"spliced": _spliced, "kept": _kept}


def _up(near: socket.socket, far: socket.socket) -> None:
    with suppress(OSError):
        while request := near.recv(_PIECE):
            far.sendall(request)
        far.shutdown(socket.SHUT_WR)


def _serve(near: socket.socket, how: str, target: str, folder: Path) -> None:
    host, _, port = target.rpartition(":")
    with near, socket.create_connection((host, int(port))) as far, suppress(OSError):
        threading.Thread(target=_up, args=(near, far), daemon=True).start()
        _HOW[how](far, near, folder)


def _main(how: str, target: str, folder: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        print(listener.getsockname()[1], flush=True)
        while True:
            near, _ = listener.accept()
            threading.Thread(target=_serve, args=(near, how, target, Path(folder)), daemon=True).start()


if __name__ == "__main__":
    _main(*sys.argv[1:])
