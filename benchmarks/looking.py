"""One small file of an image of ten layers: what comes of it over the wire, counted between it and docker-registry."""

from __future__ import annotations

__all__ = ["run"]

import gzip
import hashlib
import io
import os
import socket
import socketserver
import subprocess
import tarfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from measure import BOXSHIP, Row, environment
from programs import OCI, Storage, docker_registry, missing

_LAYERS, _SIZE = 10, 10_000_000
_WORDS = b"It is small.\n"
_BESIDES = 100_000  # bytes of manifest, configuration and heads
_PIECE = 64 * 1024


def run(folder: Path) -> Iterator[Row]:
    """The row of looking."""
    if missing("docker-registry"):
        return
    _put_ten(Storage(folder / "there", "ten"))
    with docker_registry(folder / "there") as registry, _counting(registry) as counted:
        argv = [BOXSHIP, "files", "cat", f"{counted.address}/ten:1", "small"]
        said = subprocess.run(argv, check=True, env=environment(), capture_output=True).stdout
        assert said == _WORDS
    yield Row(
        name=f"files cat of a file in the upper one of {_LAYERS} layers of {_SIZE / 1e6:.0f} MB",
        target="that layer comes, and no other",
        measured=f"{counted.came / 1e6:.2f} MB come",
        holds="yes" if counted.came <= _SIZE + _BESIDES else "no",
    )


def _put_ten(storage: Storage) -> None:
    layers, diff_ids = [], []
    for number in range(_LAYERS):
        upper = number == _LAYERS - 1
        plain = _tar({f"noise-{number}": os.urandom(_SIZE), **({"small": _WORDS} if upper else {})})
        layers.append(storage.put_blob([gzip.compress(plain, 0, mtime=0)], f"{OCI}.layer.v1.tar+gzip"))
        diff_ids.append(f"sha256:{hashlib.sha256(plain).hexdigest()}")
    storage.put_manifest(layers, diff_ids, ["1"])


def _tar(files: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    return out.getvalue()


class _Counting(socketserver.ThreadingTCPServer):
    """Passes everything on to the registry and back, and counts what comes back."""

    daemon_threads = True

    def __init__(self, registry: str) -> None:
        super().__init__(("127.0.0.1", 0), _Passing)
        self.registry, self.came = registry, 0

    @property
    def address(self) -> str:
        """Where it listens."""
        return f"127.0.0.1:{self.server_address[1]}"


class _Passing(socketserver.BaseRequestHandler):
    def handle(self) -> None:
        """Pass on, both ways, until one of them ends."""
        assert isinstance(self.server, _Counting)
        host, _, port = self.server.registry.partition(":")
        with socket.create_connection((host, int(port))) as upstream:
            threading.Thread(target=_pass_on, args=(self.request, upstream), daemon=True).start()
            for piece in _pieces(upstream):
                self.server.came += len(piece)
                self.request.sendall(piece)


def _pass_on(source: socket.socket, target: socket.socket) -> None:
    for piece in _pieces(source):
        target.sendall(piece)
    with suppress(OSError):  # who has read all it wants may have gone
        target.shutdown(socket.SHUT_WR)


def _pieces(source: socket.socket) -> Iterator[bytes]:
    while piece := source.recv(_PIECE):
        yield piece


@contextmanager
def _counting(registry: str) -> Iterator[_Counting]:
    with _Counting(registry) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()
